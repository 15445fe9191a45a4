// Methods, preflights and upgrades through a real Envoy: what is judged, what is never passed on, and what Envoy answers by itself.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { http2Request } from '../rig/http2-request.ts';
import type { RawRequest } from '../rig/raw-http.ts';
import { type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const CORS_POLICY = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    editCatalog: ({ apis }) => {
      const [pizza] = apis;
      const operations = (pizza?.['operations'] ?? []) as object[];
      operations.push({ verb: 'PATCH', target: '/menu/{item}' }, { verb: 'OPTIONS', target: '/orders' });
    },
    editEnvoy: ({ routes }) => {
      const cors = {
        '@type': CORS_POLICY,
        allow_origin_string_match: [{ exact: 'https://shop.example' }],
        allow_methods: 'GET, POST',
        allow_headers: 'authorization',
      };
      routes.unshift({
        match: { prefix: '/orders' },
        route: { cluster: 'upstream' },
        typed_per_filter_config: { 'envoy.filters.http.cors': cors },
      });
    },
  });
});
afterAll(() => stack?.stop());

const credential = () => ['authorization', `Bearer ${stack.token()}`] as const;
const ask = (method: string, path: string, headers: RawRequest['headers'] = [credential()]) =>
  stack.send({ method, path, headers });

/** Runs the requests and says how many of them reached the upstream. */
async function reaching(requests: () => Promise<unknown>): Promise<number> {
  const before = stack.upstream.received.length;
  await requests();
  return stack.upstream.received.length - before;
}

describe('a method', () => {
  test('HEAD is judged like GET, and neither answer has a body', async () => {
    const passed = await ask('HEAD', MENU);
    expect([passed.status, passed.body]).toEqual([200, '']);
    const denied = await ask('HEAD', MENU, []);
    expect([denied.status, denied.body]).toEqual([401, '']);
    expect(denied.header('www-authenticate')).toBe('Bearer realm="Gatehouse"');
  });

  test('PATCH passes where the resource has it, and is 405 with the verbs of the resource where not', async () => {
    expect((await ask('PATCH', `${MENU}/margherita`)).status).toBe(200);
    const reply = await ask('PATCH', MENU);
    expect(reply.status).toBe(405);
    expect(reply.header('allow')).toBe('GET, HEAD, OPTIONS');
  });

  test('OPTIONS that the resource does not declare is answered with its verbs and not passed on, token or not', async () => {
    const reached = await reaching(async () => {
      for (const headers of [[], [credential()]]) {
        const reply = await ask('OPTIONS', MENU, headers);
        expect(reply.status).toBe(200);
        expect(reply.header('allow')).toBe('GET, HEAD, OPTIONS');
      }
      expect((await ask('OPTIONS', '/pizza/1.0.0/nothing', [])).status).toBe(404);
      expect((await ask('OPTIONS', '*', [])).status).toBe(404);
    });
    expect(reached).toBe(0);
  });

  test('OPTIONS that the resource declares is judged like any other', async () => {
    expect((await ask('OPTIONS', '/pizza/1.0.0/orders', [])).status).toBe(401);
    expect((await ask('OPTIONS', '/pizza/1.0.0/orders')).status).toBe(200);
  });

  test.each(['TRACE', 'PROPFIND', 'PURGE', 'LINK'])('%s is never passed on: 405', async (method) => {
    const reached = await reaching(async () => {
      for (const path of [MENU, '/pizza/1.0.0/health', '/nothing/here']) {
        const reply = await ask(method, path);
        expect(reply.status).toBe(405);
        expect(reply.header('allow')).toContain('GET');
        expect(JSON.parse(reply.body)).toMatchObject({ code: '405' });
      }
    });
    expect(reached).toBe(0);
  });

  test('that is none is refused by Envoy', async () => {
    for (const method of ['FROB', 'get']) expect((await ask(method, MENU)).status).toBe(400);
  });

  test('CONNECT opens no tunnel, over HTTP/1.1 and HTTP/2, and Envoy stays', async () => {
    const reached = await reaching(async () => {
      expect((await ask('CONNECT', 'api.example:443')).status).toBe(404);
      expect((await ask('CONNECT', MENU)).status).toBe(400);
      const [name, value] = credential();
      const tunnel = { ':method': 'CONNECT', ':authority': 'api.example:443', [name]: value };
      expect((await http2Request(stack.envoy.port, tunnel)).status).toBe(404);
    });
    expect(reached).toBe(0);
    expect((await ask('GET', MENU)).status).toBe(200);
  });
});

describe('a CORS preflight', () => {
  const preflight = (origin: string) =>
    [
      ['origin', origin],
      ['access-control-request-method', 'GET'],
    ] as const;

  test('is answered by Envoy without a check where the route has a policy, and browsers may read the 401', async () => {
    const denials = await stack.envoy.stat('http.apis.ext_authz.gatehouse.denied');
    const reply = await ask('OPTIONS', '/orders/1.0.0/list', preflight('https://shop.example'));
    expect(reply.status).toBe(200);
    expect(reply.header('access-control-allow-origin')).toBe('https://shop.example');
    expect(await stack.envoy.stat('http.apis.ext_authz.gatehouse.denied')).toBe(denials);
    const denied = await ask('GET', '/orders/1.0.0/list', [['origin', 'https://shop.example']]);
    expect(denied.status).toBe(401);
    expect(denied.header('access-control-allow-origin')).toBe('https://shop.example');
  });

  test('of a stranger, or on a route without a policy, grants nothing and is not passed on', async () => {
    const reached = await reaching(async () => {
      for (const [path, origin] of [
        ['/orders/1.0.0/list', 'https://evil.example'],
        [MENU, 'https://shop.example'],
      ] as const) {
        const reply = await ask('OPTIONS', path, preflight(origin));
        expect(reply.header('access-control-allow-origin')).toBeUndefined();
        expect(reply.header('allow')).toBe('GET, HEAD, OPTIONS');
      }
    });
    expect(reached).toBe(0);
  });
});

describe('a WebSocket handshake', () => {
  const handshake = [
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['sec-websocket-version', '13'],
  ] as const;

  test('with a token opens the socket, and the upstream learns who it is', async () => {
    const reply = await ask('GET', MENU, [...handshake, credential()]);
    expect(reply.status).toBe(101);
    expect(reply.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(valuesOf(stack.upstream.received.at(-1), 'x-gatehouse-subject')).toEqual(['shop']);
  });

  test('without a token is 401, and with a spent one too', async () => {
    const spent = ['authorization', `Bearer ${stack.token('shop', { exp: 1_600_000_000 })}`] as const;
    const reached = await reaching(async () => {
      for (const headers of [handshake, [...handshake, spent]])
        expect((await ask('GET', MENU, headers)).status).toBe(401);
    });
    expect(reached).toBe(0);
  });
});

test('a client that asks for XML gets JSON, and is told so', async () => {
  const reply = await ask('GET', MENU, [['accept', 'application/xml']]);
  expect(reply.header('content-type')).toBe('application/json');
  expect(JSON.parse(reply.body)).toMatchObject({ code: '900902' });
});
