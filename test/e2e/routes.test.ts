// Which API and resource a request is judged for: Envoy's own configuration first, then host and path, and never what a client
// writes into a header. Through a real Envoy with the shipped settings.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../rig/envoy-config.ts';
import { received, type Stack, startStack } from './stack.ts';

const EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const PER_ROUTE = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute';

const perRoute = (settings: Message): Message => ({
  typed_per_filter_config: { [EXT_AUTHZ]: { '@type': PER_ROUTE, ...settings } },
});
const extensions = (context_extensions: Message): Message => perRoute({ check_settings: { context_extensions } });
const toUpstream = { route: { cluster: 'upstream' } };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    editCatalog: (catalog) => {
      const open = { keyManagers: ['PartnerKM'], subscriptionValidation: false };
      catalog.apis.push(
        {
          name: 'Hosted',
          version: '1',
          context: '/hosted',
          hosts: ['api.hosted.example'],
          ...open,
          operations: [{ verb: 'GET', target: '/*' }],
        },
        {
          name: 'Wild',
          version: '1',
          context: '/hosted',
          hosts: ['*.hosted.example'],
          ...open,
          operations: [{ verb: 'GET', target: '/wild' }],
        },
        {
          name: 'Files',
          version: '1',
          context: '/files',
          ...open,
          path: { encodedSlash: 'opaque', matrixParameters: 'opaque' },
          operations: [{ verb: 'GET', target: '/{name}' }],
        },
      );
    },
    editEnvoy: ({ virtualHost, routes, hcm }) => {
      // Lets disputed elements through to Gatehouse, so that its own reading is seen.
      hcm['path_with_escaped_slashes_action'] = 'KEEP_UNCHANGED';
      virtualHost['typed_per_filter_config'] = extensions({ env: 'production' })['typed_per_filter_config'];
      routes.unshift(
        { match: { prefix: '/by-extension' }, ...toUpstream, ...extensions({ api: 'Orders:1.0.0' }) },
        {
          match: { prefix: '/orders/1.0.0/list', headers: [{ name: 'x-route', string_match: { exact: 'extension' } }] },
          ...toUpstream,
          ...extensions({ api: 'Orders:1.0.0' }),
        },
        {
          match: { prefix: '/orders/1.0.0', headers: [{ name: 'x-route', string_match: { exact: 'sandbox' } }] },
          ...toUpstream,
          ...extensions({ env: 'sandbox' }),
        },
        {
          match: { prefix: '/orders/1.0.0', headers: [{ name: 'x-route', string_match: { exact: 'unknown' } }] },
          ...toUpstream,
          ...extensions({ api: 'Nothing:9' }),
        },
        {
          match: { prefix: '/orders/1.0.0', headers: [{ name: 'x-route', string_match: { exact: 'metadata' } }] },
          ...toUpstream,
          metadata: { filter_metadata: { gatehouse: { api: 'Pizza:1.0.0' } } },
        },
        { match: { prefix: '/disabled' }, ...toUpstream, ...perRoute({ disabled: true }) },
        { match: { prefix: '/orders/1.0.0/direct' }, direct_response: { status: 204 } },
      );
    },
  });
});
afterAll(() => stack?.stop());

const get = (path: string, headers: readonly (readonly [string, string])[] = []) =>
  stack.get(path, stack.token(), headers);

describe('an API is found', () => {
  test('by the context extension of a route, merged over those of the virtual host', async () => {
    expect((await get('/orders/1.0.0/list', [['x-route', 'extension']])).status).toBe(200);
  });

  test('and not by host and path when the extension names no API', async () => {
    expect((await get('/orders/1.0.0/list')).status).toBe(200);
    expect((await get('/orders/1.0.0/list', [['x-route', 'unknown']])).status).toBe(404);
  });

  test('by route metadata, which is judged as that API even where host and path would name another', async () => {
    // The path lies outside Pizza's context: a denial, never a fall-through to Orders.
    expect((await get('/orders/1.0.0/list', [['x-route', 'metadata']])).status).toBe(404);
  });

  test('outside the context of the API that its route names: 404', async () => {
    expect((await get('/by-extension/list')).status).toBe(404);
  });

  test('never by what a client sends', async () => {
    const forged = [
      ['api', 'Orders:1.0.0'],
      ['x-gatehouse-api', 'Orders:1.0.0'],
      ['x-envoy-original-path', '/orders/1.0.0/list'],
      ['x-original-url', '/orders/1.0.0/list'],
      ['x-rewrite-url', '/orders/1.0.0/list'],
      ['x-forwarded-host', 'api.hosted.example'],
    ] as const;
    expect((await get('/pizza/1.0.0/nothing', forged)).status).toBe(404);
  });

  test('in the environment of the route, which the client’s key type must be', async () => {
    expect((await get('/orders/1.0.0/list', [['x-route', 'sandbox']])).status).toBe(401);
  });
});

describe('the filter', () => {
  test('is not asked on a route that disables it', async () => {
    const before = await decisions();
    expect((await stack.get('/disabled')).status).toBe(200);
    expect(await decisions()).toBe(before);
  });

  test('is asked on a direct response route too', async () => {
    expect((await stack.get('/orders/1.0.0/direct')).status).toBe(404);
    const before = await decisions();
    await stack.get('/orders/1.0.0/direct');
    expect(await decisions()).toBe(before + 1);
  });

  async function decisions(): Promise<number> {
    const counts = await Promise.all(
      ['ok', 'denied', 'error'].map((name) => stack.envoy.stat(`http.apis.ext_authz.gatehouse.${name}`)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
});

describe('a host', () => {
  test.each([
    ['api.hosted.example', '/hosted/1/x', 200],
    ['API.Hosted.Example', '/hosted/1/x', 200],
    ['api.hosted.example:8443', '/hosted/1/x', 200],
    ['api.hosted.example.', '/hosted/1/x', 200],
    ['other.hosted.example', '/hosted/1/wild', 200],
    ['other.hosted.example', '/hosted/1/x', 404],
    ['hosted.example', '/hosted/1/wild', 404],
    ['api.elsewhere.example', '/hosted/1/x', 404],
    ['api.elsewhere.example', '/orders/1.0.0/list', 200],
  ])('%s%s: %i', async (host, path, status) => {
    expect((await get(path, [['host', host]])).status).toBe(status);
  });
});

describe('a path', () => {
  test.each([
    ['/pizza/1.0.0/menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/menu', 200, '/pizza/menu'],
    ['/pizza/1.0.0/menu/', 200, '/pizza/1.0.0/menu/'],
    ['/pizza/1.0.0/menu/margherita', 200, '/pizza/1.0.0/menu/margherita'],
    ['/pizza/1.0.0/menu/caf%C3%A9', 200, '/pizza/1.0.0/menu/caf%C3%A9'],
    // Envoy's normalisation has made these plain before Gatehouse sees them, and the upstream gets what was judged.
    ['/pizza/1.0.0//menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/1.0.0/./menu', 200, '/pizza/1.0.0/menu'],
    ['/orders/../pizza/1.0.0/menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/1.0.0/x/%2e%2e/menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/1.0.0\\menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/1.0.0/x/..;/menu', 200, '/pizza/1.0.0/menu'],
    ['/pizza/1.0.0/.;x/menu', 200, '/pizza/1.0.0/menu'],
  ])('%s: %i, and the upstream gets %s', async (path, status, arrives) => {
    const reply = await get(path);
    expect(reply.status).toBe(status);
    expect(received(reply).url).toBe(arrives);
  });

  test.each([
    ['/pizza/1.0.0/menu%2Fmargherita', 400],
    ['/pizza/1.0.0/menu%5Cmargherita', 400],
    ['/pizza/1.0.0/menu;v=1', 400],
    ['/pizza/1.0.0/menu%00', 400],
    ['/pizza/1.0.0/menu%0d%0ax', 400],
    ['/pizza/1.0.0/menu%ZZ', 400],
    ['/pizza/1.0.0/menu%25%32%65', 400],
    ['/pizza/1.0.0/%252e%252e/menu', 400],
    ['/pizza/1.0.0/nothing', 404],
    ['/pizzashack/1.0.0/menu', 404],
    ['/Pizza/1.0.0/menu', 404],
    [`/pizza/1.0.0/${'a'.repeat(8192)}`, 404],
    ['/', 404],
  ])('%s: %i', async (path, status) => {
    const before = stack.upstream.received.length;
    expect((await get(path)).status).toBe(status);
    expect(stack.upstream.received.length).toBe(before);
  });

  test('with a disputed element passes as it is where the API keeps it opaque', async () => {
    for (const path of ['/files/1/a%2Fb', '/files/1/a;v=1']) {
      const reply = await get(path);
      expect(reply.status).toBe(200);
      expect(received(reply).url).toBe(path);
    }
    expect((await get('/files/1/..%2Fsecret')).status).toBe(400);
  });
});
