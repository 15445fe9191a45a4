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
const TYPE = '    - name: gatehouse\n      type: STATIC\n';

const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  'envoy-uds.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking Gatehouse about every request over a Unix domain socket: no port, and only\n' +
        '# users with access to the file (mode 0660) can ask. Envoy must run with the group of the socket.',
    ],
    [ENDPOINT, '              - endpoint: { address: { pipe: { path: /run/gatehouse/gatehouse.sock } } }'],
  ],
  'envoy-two-instances.yaml': [
    [
      INTRODUCTION,
      '# Envoy in front of your APIs, asking one of two Gatehouse instances about every request. Either may be restarted, and a\n' +
        '# drained one costs no request: it says NOT_SERVING first, and a check that it refuses goes to the other.',
    ],
    [ENDPOINT, `${ENDPOINT}\n${ENDPOINT.replace('9191', '9192')}`],
    [
      TYPE,
      `${TYPE}      # Fewer checks for the instance that is slower at the moment.\n      lb_policy: LEAST_REQUEST\n` +
        '      # Takes an instance out that hangs before its health checks have timed out; never both.\n' +
        '      outlier_detection: { consecutive_5xx: 5, interval: 1s, base_ejection_time: 5s, max_ejection_percent: 50 }\n',
    ],
    [
      RETRIES,
      '                          num_retries: 2\n' +
        '                          # Asks the other instance, not the one that has just refused.\n' +
        '                          retry_host_predicate:\n' +
        '                            - name: envoy.retry_host_predicates.previous_hosts\n' +
        '                              typed_config:\n' +
        '                                "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate\n' +
        '                          host_selection_retry_max_attempts: 20\n',
    ],
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
