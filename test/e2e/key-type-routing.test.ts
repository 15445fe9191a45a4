// The shipped recipe for one route to both environments: a client's key type picks the endpoint, and nothing a client writes does.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EchoUpstream, startEchoUpstream } from '../rig/echo-upstream.ts';
import type { RawRequest } from '../rig/raw-http.ts';
import { type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const PUBLIC = '/pizza/1.0.0/health';

let sandbox: EchoUpstream;
let stack: Stack;
beforeAll(async () => {
  sandbox = await startEchoUpstream();
  stack = await startStack({
    envoyFile: 'envoy-key-type-routing.yaml',
    editCatalog: ({ apis, applications }) => {
      applications.push({
        name: 'Trials',
        owner: 'paula',
        keys: [{ keyManager: 'PartnerKM', consumerKey: 'shop-sandbox', keyType: 'SANDBOX' }],
        subscriptions: [{ api: 'Pizza', version: '1.0.0', policy: 'Gold', state: 'UNBLOCKED' }],
      });
      apis.push({
        name: 'Live',
        version: '1',
        context: '/live',
        keyManagers: ['PartnerKM'],
        subscriptionValidation: false,
        endpoints: ['PRODUCTION'],
        operations: [{ verb: 'GET', target: '/*' }],
      });
    },
    editEnvoy: ({ routes, setEndpoints }, { upstream }) => {
      setEndpoints('upstream', [upstream.port, sandbox.port]);
      const [shipped] = routes.slice(-1);
      const metadata_match = { filter_metadata: { 'envoy.lb': { key_type: 'PRODUCTION' } } };
      const headers = [{ name: 'x-route', string_match: { exact: 'public' } }];
      // As the comment in the file says.
      routes.unshift({ ...shipped, match: { prefix: '/', headers }, route: { cluster: 'upstream', metadata_match } });
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await sandbox?.close();
});

/** The status, and which of the two got the request with which key types. */
async function outcome(path: string, client: string | undefined, headers: RawRequest['headers'] = []) {
  const before = [stack.upstream.received.length, sandbox.received.length];
  const token = client === undefined ? undefined : stack.token('shop', { azp: client });
  const { status } = await stack.get(path, token, headers);
  const keyTypes = [stack.upstream, sandbox].map(({ received }, index) =>
    received.slice(before[index]).map((request) => valuesOf(request, 'x-gatehouse-key-type').join()),
  );
  return { status, production: keyTypes[0], sandbox: keyTypes[1] };
}

test('a client with a production key reaches the production endpoint', async () => {
  expect(await outcome(MENU, 'shop')).toEqual({ status: 200, production: ['PRODUCTION'], sandbox: [] });
});

test('a client with a sandbox key reaches the sandbox endpoint', async () => {
  expect(await outcome(MENU, 'shop-sandbox')).toEqual({ status: 200, production: [], sandbox: ['SANDBOX'] });
});

test.each(['x-gatehouse-key-type', 'X-Gatehouse-Key-Type', 'x_gatehouse_key_type', 'x-gatehouse_key-type'])(
  'a forged %s changes nothing',
  async (name) => {
    expect(await outcome(MENU, 'shop-sandbox', [[name, 'PRODUCTION']])).toEqual({
      ...{ status: 200, production: [], sandbox: ['SANDBOX'] },
    });
    expect(await outcome(MENU, 'shop', [[name, 'SANDBOX']])).toEqual({
      ...{ status: 200, production: ['PRODUCTION'], sandbox: [] },
    });
    expect(await outcome(PUBLIC, undefined, [[name, 'SANDBOX']])).toEqual({
      ...{ status: 503, production: [], sandbox: [] },
    });
  },
);

test('a sandbox key is denied where the API has production endpoints only', async () => {
  expect(await outcome('/live/1/x', 'shop-sandbox')).toEqual({ status: 403, production: [], sandbox: [] });
  expect(await outcome('/live/1/x', 'shop')).toEqual({ status: 200, production: ['PRODUCTION'], sandbox: [] });
});

test('a public resource goes where its route says, a client with a key still to its own endpoint', async () => {
  const route = [['x-route', 'public']] as const;
  expect(await outcome(PUBLIC, undefined)).toEqual({ status: 503, production: [], sandbox: [] });
  expect(await outcome(PUBLIC, undefined, route)).toEqual({ status: 200, production: [''], sandbox: [] });
  expect(await outcome(MENU, 'shop-sandbox', route)).toEqual({ status: 200, production: [], sandbox: ['SANDBOX'] });
});
