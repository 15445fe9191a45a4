// Makes the other shipped Envoy files from `envoy/envoy.yaml`, so that a setting is written once and holds in all of them.
// Run it after editing that file; a test compares what is on disk with what it makes.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A text of the source and what stands in its place. */
type Change = readonly [from: string, to: string];

const INTRODUCTION = '# Envoy in front of your APIs, asking Gatehouse about every request over loopback TCP.';
const SOURCE_NOTE = /^# .* `npx node scripts\/envoy-variants\.ts`\.$/m;
const ENDPOINT = '              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9191 } } }';
const RETRIES = '                          num_retries: 1\n';
const RETRIES_ELSEWHERE = (other: string) =>
  '                          num_retries: 2\n' +
  `                          # Asks ${other}, not the one that has just refused.\n` +
  '                          retry_host_predicate:\n' +
  '                            - name: envoy.retry_host_predicates.previous_hosts\n' +
  '                              typed_config:\n' +
  '                                "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate\n' +
  '                          host_selection_retry_max_attempts: 20\n';
const TYPE = '    - name: gatehouse\n      type: STATIC\n';
const ROUTER_FILTER = '                  - name: envoy.filters.http.router\n';
const ROUTE_END = '                            timeout: 0s\n';
const UPSTREAM = '    # Your services. An echo server in the quickstart.\n    - name: upstream\n      type: STATIC\n';
const UPSTREAM_ENDPOINT = ENDPOINT.replace('9191', '8081');

/** Descriptor entries out of what Gatehouse states, by their keys there; one that is not known leaves its whole descriptor out. */
const descriptor = (...keys: readonly string[]) =>
  [
    '                              - actions:',
    ...keys.flatMap((key) => [
      '                                  - metadata:',
      `                                      descriptor_key: ${key}`,
      '                                      source: DYNAMIC',
      `                                      metadata_key: { key: envoy.filters.http.ext_authz, path: [{ key: ${key} }] }`,
    ]),
  ].join('\n');

const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  'envoy-uds.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking Gatehouse about every request over a Unix domain socket: no port, and only\n' +
        '# users with access to the file (mode 0660) can ask. Envoy must run with the group of the socket, which is that of the\n' +
        "# user that Gatehouse runs as; the socket's folder must exist and be writable by that user. Start Gatehouse with\n" +
        '#   gatehouse serve … --set extauthz.listen=unix:/run/gatehouse/gatehouse.sock',
    ],
    [ENDPOINT, '              - endpoint: { address: { pipe: { path: /run/gatehouse/gatehouse.sock } } }'],
  ],
  'envoy-two-instances.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking one of two Gatehouse instances about every request. Either may be restarted, and a\n' +
        '# drained one costs no request: it says NOT_SERVING first, and a check that it refuses goes to the other.\n' +
        '# The first instance runs on its defaults; the second one, on the same settings and catalog files, with ports and a data\n' +
        '# folder of its own:\n' +
        '#   gatehouse serve … --data data-2 --set extauthz.listen=tcp://127.0.0.1:9192 --set admin.port=9444\n' +
        '# Instances know nothing of each other: a key manager that is added or removed over HTTP is so at the instance that was\n' +
        '# asked, and nowhere else. Ask both, or keep key managers in the catalog file.',
    ],
    [ENDPOINT, `${ENDPOINT}\n${ENDPOINT.replace('9191', '9192')}`],
    [
      TYPE,
      `${TYPE}      # Fewer checks for the instance that is slower at the moment.\n      lb_policy: LEAST_REQUEST\n` +
        '      # Takes an instance out that hangs before its health checks have timed out; never both.\n' +
        '      outlier_detection: { consecutive_5xx: 5, interval: 1s, base_ejection_time: 5s, max_ejection_percent: 50 }\n',
    ],
    [RETRIES, RETRIES_ELSEWHERE('the other instance')],
  ],
  'envoy-workers.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking one of the workers of a Gatehouse about every request, each at a socket of its own:\n' +
        '# Envoy keeps its connections, so workers behind one address would not share the load. Start Gatehouse with\n' +
        '#   gatehouse serve … --set workers=4 --set extauthz.listen=unix:/run/gatehouse/gatehouse.sock\n' +
        '# and list one endpoint for each worker: gatehouse-0.sock to gatehouse-3.sock here. A worker that is not listed is idle; an\n' +
        '# endpoint without a worker only counts as unhealthy. Workers at ports have consecutive ones, from that of extauthz.listen\n' +
        '# on: address: { socket_address: { address: 127.0.0.1, port_value: 9191 } }, then 9192, and so on. As for one socket, Envoy\n' +
        '# must run with the group of the user that Gatehouse runs as, who must be able to write the folder.',
    ],
    [
      ENDPOINT,
      [0, 1, 2, 3]
        .map(
          (worker) =>
            `              - endpoint: { address: { pipe: { path: /run/gatehouse/gatehouse-${worker}.sock } } }`,
        )
        .join('\n'),
    ],
    [
      TYPE,
      `${TYPE}      # Fewer checks for a worker that is busy. It draws two and takes the less busy one; looking at all (FULL_SCAN) would\n` +
        '      # find a worker that has just died idle, and a retry would find it again each time.\n' +
        '      lb_policy: LEAST_REQUEST\n' +
        '      # Passes over a worker that is gone or hangs before its health checks have failed, and not for long, since one that has\n' +
        '      # crashed is back within a second. What a worker answers says nothing of its health, so that counts for nothing.\n' +
        '      outlier_detection:\n' +
        '        split_external_local_origin_errors: true\n' +
        '        consecutive_local_origin_failure: 3\n' +
        '        enforcing_consecutive_local_origin_failure: 100\n' +
        '        enforcing_consecutive_5xx: 0\n' +
        '        enforcing_success_rate: 0\n' +
        '        enforcing_local_origin_success_rate: 0\n' +
        '        interval: 0.5s\n' +
        '        base_ejection_time: 0.5s\n' +
        '        max_ejection_time: 5s\n' +
        '        max_ejection_percent: 50\n',
    ],
    [RETRIES, RETRIES_ELSEWHERE('another worker')],
  ],
  'envoy-rate-limit.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking Gatehouse about every request and then a rate limit service (envoyproxy/ratelimit or\n' +
        "# another that speaks envoy.service.ratelimit.v3) whether the caller's policies leave room. The policies are those that\n" +
        '# WSO2 calls throttling policies: Gatehouse says which one holds for whom, the service counts. What is counted by is what\n' +
        '# Gatehouse has stated (dynamic metadata), never a header that a client sent.',
    ],
    [
      ROUTER_FILTER,
      '                  - name: envoy.filters.http.ratelimit\n' +
        '                    typed_config:\n' +
        '                      "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit\n' +
        '                      domain: gatehouse\n' +
        '                      timeout: 0.05s\n' +
        '                      # A service that does not answer limits nobody; who may call was decided before.\n' +
        '                      failure_mode_deny: false\n' +
        '                      rate_limit_service:\n' +
        '                        transport_api_version: V3\n' +
        '                        grpc_service: { envoy_grpc: { cluster_name: ratelimit } }\n' +
        ROUTER_FILTER,
    ],
    [
      ROUTE_END,
      `${ROUTE_END}                            # One descriptor for each way of counting. One whose facts are not known is not sent: a caller without\n` +
        '                            # a subscription has no subscription policy.\n' +
        '                            rate_limits:\n' +
        `${descriptor('subscription_policy', 'subscription_id', 'key_type')}\n` +
        `${descriptor('application_policy', 'application_id')}\n` +
        `${descriptor('api_policy', 'organization', 'api')}\n` +
        `${descriptor('resource_policy', 'organization', 'api', 'application_id')}\n`,
    ],
    [
      UPSTREAM,
      '    # The rate limit service.\n    - name: ratelimit\n      type: STATIC\n      connect_timeout: 0.25s\n' +
        '      load_assignment:\n        cluster_name: ratelimit\n        endpoints:\n          - lb_endpoints:\n' +
        `${ENDPOINT.replace('9191', '8085')}\n` +
        '      typed_extension_protocol_options:\n        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n' +
        '          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n' +
        '          explicit_http_config: { http2_protocol_options: {} }\n\n' +
        UPSTREAM,
    ],
  ],
  'envoy-key-type-routing.yaml': [
    [
      INTRODUCTION,
      "# Envoy in front of your APIs, sending each request to the endpoint of its client's key type, production or sandbox, as\n" +
        '# a hybrid gateway of WSO2 does. The route is never picked anew after the check: only the endpoint within its cluster.\n' +
        '# Gatehouse must state the key type in x-gatehouse-key-type, as it does by default (upstream.identityHeaders).',
    ],
    [
      ROUTER_FILTER,
      '                  # Last but the router: what it reads is what Gatehouse has stated, not what a client sent.\n' +
        '                  - name: envoy.filters.http.header_to_metadata\n' +
        '                    typed_config:\n' +
        '                      "@type": type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config\n' +
        '                      request_rules:\n' +
        '                        - header: x-gatehouse-key-type\n' +
        '                          on_header_present: { metadata_namespace: envoy.lb, key: key_type }\n' +
        ROUTER_FILTER,
    ],
    [
      ROUTE_END,
      `${ROUTE_END}                            # Public resources have no key type and are answered 503 by this route. Give them one of their\n` +
        '                            # own, with the endpoint that is to serve them:\n' +
        '                            #   metadata_match: { filter_metadata: { envoy.lb: { key_type: PRODUCTION } } }\n' +
        '                          typed_per_filter_config:\n' +
        '                            envoy.filters.http.ext_authz:\n' +
        '                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute\n' +
        '                              check_settings:\n' +
        '                                # Both key types may pass, but for an API that states endpoints of the other kind only.\n' +
        '                                context_extensions: { env: hybrid }\n',
    ],
    [
      UPSTREAM,
      `${UPSTREAM}      lb_subset_config:\n` +
        '        # Without a key type, or an endpoint for it: 503, never the other one.\n' +
        '        fallback_policy: NO_FALLBACK\n' +
        '        subset_selectors: [{ keys: [key_type] }]\n',
    ],
    [UPSTREAM_ENDPOINT, [['8081', 'PRODUCTION'] as const, ['8082', 'SANDBOX'] as const].map(taggedEndpoint).join('\n')],
  ],
};

/** The text of each file that is made from `envoy.yaml`, by file name. Throws when the source no longer has a text to change. */
export function envoyVariants(source: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(CHANGES).map(([file, changes]) => [
      file,
      changes
        .reduce(replaceOnce, source)
        .replace(SOURCE_NOTE, '# Made from envoy.yaml by `npx node scripts/envoy-variants.ts`: edit there.'),
    ]),
  );
}

function taggedEndpoint([port, keyType]: readonly [port: string, keyType: string]): string {
  return `${ENDPOINT.replace('9191', port)}\n                metadata: { filter_metadata: { envoy.lb: { key_type: ${keyType} } } }`;
}

function replaceOnce(text: string, [from, to]: Change): string {
  if (text.split(from).length !== 2) throw new Error(`envoy.yaml must have exactly once:\n${from}`);
  return text.replace(from, () => to);
}

if (import.meta.main) {
  const folder = new URL('../envoy/', import.meta.url);
  const source = readFileSync(new URL('envoy.yaml', folder), 'utf8');
  for (const [file, text] of Object.entries(envoyVariants(source))) {
    const target = fileURLToPath(new URL(file, folder));
    writeFileSync(target, text);
    console.log(`wrote ${target}`);
  }
}
