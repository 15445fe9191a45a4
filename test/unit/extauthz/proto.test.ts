// The wire contract: packages, names and field numbers, proved with bytes that no schema made.

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadServices, PROTO_DIRECTORY } from '../../../src/extauthz/proto-services.ts';
import { entry, field, message } from './wire-bytes.ts';

const { authorization, health } = loadServices();
const check = authorization['Check'];
const healthCheck = health['Check'];

test('the services are called under the names that Envoy uses', () => {
  expect(check?.path).toBe('/envoy.service.auth.v3.Authorization/Check');
  expect(healthCheck?.path).toBe('/grpc.health.v1.Health/Check');
  expect(health['Watch']?.path).toBe('/grpc.health.v1.Health/Watch');
  expect(health['Watch']?.responseStream).toBe(true);
});

test('only the trimmed files are shipped', () => {
  const files = readdirSync(PROTO_DIRECTORY, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.proto'));
  expect(files.sort()).toEqual([
    'envoy/config/core/v3/address.proto',
    'envoy/config/core/v3/base.proto',
    'envoy/service/auth/v3/attribute_context.proto',
    'envoy/service/auth/v3/external_auth.proto',
    'envoy/type/v3/http_status.proto',
    'google/rpc/status.proto',
    'grpc/health/v1/health.proto',
  ]);
});

test('every field of a CheckRequest has the number that Envoy writes', () => {
  const socket = message(
    1,
    field(1, 1),
    field(2, '10.0.0.1'),
    field(3, 4711),
    field(5, 'dns'),
    field(6, 1),
    field(7, '/n'),
  );
  const source = message(
    1,
    message(1, socket),
    field(2, 'svc'),
    entry(3, 'k', 'v'),
    field(4, 'spiffe://a'),
    field(5, 'PEM'),
  );
  const destination = message(2, message(1, message(2, field(1, '/run/x'), field(2, 384))));
  const http = message(
    2,
    field(1, 'stream'),
    field(2, 'GET'),
    entry(3, ':path', '/a'),
    field(4, '/a?b'),
    field(5, 'host'),
    field(6, 'https'),
    field(7, 'q'),
    field(8, 'f'),
    field(9, 12),
    field(10, 'HTTP/2'),
    field(11, 'body'),
    field(12, Buffer.from([0xff])),
    message(13, message(1, field(1, 'k'), field(2, 'v'), field(3, Buffer.from([0xfe])))),
  );
  const struct = message(2, message(1, field(1, 'api'), message(2, field(3, 'pizza:1.0.0'))));
  const bytes = message(
    1,
    source,
    destination,
    message(4, message(1, field(1, 7), field(2, 9)), http),
    entry(10, 'api', 'x'),
    message(11, message(1, field(1, 'ns'), struct)),
    message(12, field(1, 'sni')),
    message(13, message(1, field(1, 'ns2'), struct), message(2, field(1, 't'), message(2, field(1, 'url')))),
  );
  expect(check?.requestDeserialize(bytes)).toMatchObject({
    attributes: {
      source: {
        address: {
          socket_address: {
            protocol: 1,
            address: '10.0.0.1',
            port_value: 4711,
            resolver_name: 'dns',
            ipv4_compat: true,
            network_namespace_filepath: '/n',
          },
        },
        service: 'svc',
        labels: { k: 'v' },
        principal: 'spiffe://a',
        certificate: 'PEM',
      },
      destination: { address: { pipe: { path: '/run/x', mode: 384 } } },
      request: {
        time: { seconds: 7, nanos: 9 },
        http: {
          id: 'stream',
          method: 'GET',
          headers: { ':path': '/a' },
          path: '/a?b',
          host: 'host',
          scheme: 'https',
          query: 'q',
          fragment: 'f',
          size: 12,
          protocol: 'HTTP/2',
          body: 'body',
          raw_body: Buffer.from([0xff]),
          header_map: { headers: [{ key: 'k', value: 'v', raw_value: Buffer.from([0xfe]) }] },
        },
      },
      context_extensions: { api: 'x' },
      metadata_context: { filter_metadata: { ns: { fields: { api: { stringValue: 'pizza:1.0.0' } } } } },
      tls_session: { sni: 'sni' },
      route_metadata_context: {
        filter_metadata: { ns2: { fields: { api: { stringValue: 'pizza:1.0.0' } } } },
        typed_filter_metadata: { t: { type_url: 'url' } },
      },
    },
  });
});

test('addresses without a socket have their numbers too', () => {
  const internal = message(1, message(3, field(1, 'listener'), field(2, 'id')));
  const named = message(1, message(1, field(4, 'http')));
  const bytes = message(1, message(1, internal), message(2, named));
  expect(check?.requestDeserialize(bytes)).toMatchObject({
    attributes: {
      source: { address: { envoy_internal_address: { server_listener_name: 'listener', endpoint_id: 'id' } } },
      destination: { address: { socket_address: { named_port: 'http' } } },
    },
  });
});

test('every field of a CheckResponse has the number that Envoy reads', () => {
  const option = (action: number) =>
    message(2, message(1, field(1, 'k'), field(2, 'v')), message(2, field(1, 1)), field(3, action), field(4, 1));
  const status = message(1, field(1, 7), field(2, 'no'), message(3, field(1, 'url')));
  const metadata = message(4, message(1, field(1, 'a'), message(2, field(3, 'b'))));
  const refusal = [message(1, field(1, 403)), option(2), field(3, 'body')];
  const told = {
    status: { code: 403 },
    headers: [{ header: { key: 'k', value: 'v' }, append: { value: true } }],
    body: 'body',
  };
  const decode = (...fields: Buffer[]) => check?.responseDeserialize(Buffer.concat(fields));

  expect(decode(status, message(2, ...refusal), metadata)).toMatchObject({
    status: { code: 7, message: 'no', details: [{ type_url: 'url' }] },
    http_response: 'denied_response',
    denied_response: told,
    dynamic_metadata: { fields: { a: { stringValue: 'b' } } },
  });
  expect(decode(message(5, ...refusal))).toMatchObject({ http_response: 'error_response', error_response: told });
  const added = message(6, message(1, field(1, 'r'), field(2, 's')));
  const ok = message(3, option(3), message(3), field(5, 'x-gone'), added, entry(7, 'q', '1'), field(8, 'token'));
  expect(decode(ok)).toMatchObject({
    http_response: 'ok_response',
    ok_response: {
      headers: [{ append_action: 3, keep_empty_value: true }],
      dynamic_metadata: {},
      headers_to_remove: ['x-gone'],
      response_headers_to_add: [{ header: { key: 'r', value: 's' } }],
      query_parameters_to_set: [{ key: 'q', value: '1' }],
      query_parameters_to_remove: ['token'],
    },
  });
});

test('health messages have their numbers', () => {
  expect(healthCheck?.requestDeserialize(field(1, 'svc'))).toEqual({ service: 'svc' });
  expect(healthCheck?.responseDeserialize(field(1, 2))).toEqual({ status: 2 });
});

test('fields that a newer Envoy adds are passed over', () => {
  const bytes = Buffer.concat([message(1, field(99, 'new'), entry(10, 'api', 'x')), field(100, 1)]);
  expect(check?.requestDeserialize(bytes)).toEqual({ attributes: { context_extensions: { api: 'x' } } });
});
