// What the upstream learns of the caller, as the settings want it: the credential stays in the request only on demand, and the
// identity headers have the names that an operator gave them. Through a real Envoy.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { received, type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';

/** An API whose credential travels in a header of its own. */
const VAULT = {
  name: 'Vault',
  version: '1',
  context: '/vault',
  keyManagers: ['PartnerKM'],
  subscriptionValidation: false,
  authorizationHeader: 'X-Api-Credential',
  operations: [{ verb: 'GET', target: '/*' }],
};

describe('with the default settings', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ editCatalog: ({ apis }) => apis.push(VAULT) });
  });
  afterAll(() => stack?.stop());

  test('the credential is taken out of the request', async () => {
    const reply = await stack.get(MENU, stack.token());
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'authorization')).toEqual([]);
    expect(reply.body).not.toContain('eyJ');
  });

  test('it is taken out of the API’s own credential header, and Authorization is then the upstream’s', async () => {
    const headers = [
      ['x-api-credential', `Bearer ${stack.token()}`],
      ['authorization', 'Basic dTpw'],
    ] as const;
    const seen = received(await stack.send({ path: '/vault/1/x', headers }));
    expect(valuesOf(seen, 'x-api-credential')).toEqual([]);
    expect(valuesOf(seen, 'authorization')).toEqual(['Basic dTpw']);
  });

  test('a token in Authorization is none for an API with a header of its own', async () => {
    expect((await stack.get('/vault/1/x', stack.token())).status).toBe(401);
  });
});

describe('with keepCredential and own header names', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      editCatalog: ({ apis }) => apis.push(VAULT),
      settings: {
        upstream: {
          keepCredential: true,
          realm: 'Pizza House',
          identityHeaders: { 'x-user': 'subject', x_app: 'application', from: 'keyManager' },
          removeHeaders: ['x-tenant'],
        },
      },
      editEnvoy: ({ hcm }) => {
        hcm['common_http_protocol_options'] = { headers_with_underscores_action: 'ALLOW' };
      },
    });
  });
  afterAll(() => stack?.stop());

  test('the credential stays as it was sent, in Authorization and in an API’s own header', async () => {
    const token = stack.token();
    expect(valuesOf(received(await stack.get(MENU, token)), 'authorization')).toEqual([`Bearer ${token}`]);
    const headers = [['x-api-credential', `bearer  ${token}`]] as const;
    const seen = received(await stack.send({ path: '/vault/1/x', headers }));
    expect(valuesOf(seen, 'x-api-credential')).toEqual([`bearer  ${token}`]);
  });

  test('the facts arrive under the given names, once, and no forged twin with them', async () => {
    const names = ['x-user', 'x_user', 'x-app', 'x_app', 'from', 'x-tenant', 'x_tenant'];
    const forged = names.map((name) => [name, 'root'] as const);
    const seen = received(await stack.get(MENU, stack.token(), forged));
    const stated = seen.headers.filter(([name]) => names.includes(name) || name.startsWith('x-gatehouse'));
    expect(Object.fromEntries(stated)).toEqual({ 'x-user': 'shop', x_app: 'PizzaShack', from: 'PartnerKM' });
    expect(stated).toHaveLength(3);
  });

  test('what has no fact is removed under the given names too', async () => {
    const forged = [
      ['x_app', 'Admin'],
      ['x-app', 'Admin'],
      ['x-user', 'root'],
    ] as const;
    const seen = received(await stack.get('/orders/1.0.0/list', stack.staff.mint({ azp: 'x' }), forged));
    expect(forged.flatMap(([name]) => valuesOf(seen, name))).toEqual([]);
  });

  test('the challenge names the realm', async () => {
    expect((await stack.get(MENU)).header('www-authenticate')).toBe('Bearer realm="Pizza House"');
  });
});
