// What a caller sees through a real Envoy for the plain cases, with repeated headers kept apart (raw) and joined (map).

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { received, type Stack, startStack, valuesOf } from './stack.ts';

describe.each([
  ['raw', true],
  ['map', false],
] as const)('with headers in %s mode', (_mode, encodeRawHeaders) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      editEnvoy: (config) => {
        config.extAuthz['encode_raw_headers'] = encodeRawHeaders;
      },
    });
  });
  afterAll(() => stack?.stop());

  test('a subscribed client with a token of an allowed key manager gets through, with its identity', async () => {
    const reply = await stack.get('/pizza/1.0.0/menu?size=large', stack.token());
    expect(reply.status).toBe(200);
    const seen = received(reply);
    expect(seen.url).toBe('/pizza/1.0.0/menu?size=large');
    expect(valuesOf(seen, 'x-gatehouse-application')).toEqual(['PizzaShack']);
    expect(valuesOf(seen, 'x-gatehouse-key-manager')).toEqual(['PartnerKM']);
    expect(valuesOf(seen, 'x-gatehouse-consumer-key')).toEqual(['shop']);
    expect(valuesOf(seen, 'x-gatehouse-subject')).toEqual(['shop']);
    expect(valuesOf(seen, 'x-gatehouse-key-type')).toEqual(['PRODUCTION']);
    expect(valuesOf(seen, 'authorization')).toEqual([]);
  });

  test('the same token of a key manager that this API does not allow is refused and does not reach the upstream', async () => {
    const before = stack.upstream.received.length;
    const reply = await stack.get('/pizza/1.0.0/menu', stack.staff.mint({ azp: 'shop' }));
    expect(reply.status).toBe(401);
    expect(JSON.parse(reply.body)).toMatchObject({ code: '900901', message: 'Invalid Credentials' });
    expect(stack.upstream.received.length).toBe(before);
  });

  test('an API that allows all takes the tokens of both', async () => {
    expect((await stack.get('/orders/1.0.0/list', stack.staff.mint({ azp: 'x' }))).status).toBe(200);
    expect((await stack.get('/orders/1.0.0/list', stack.token('stranger'))).status).toBe(200);
  });

  test('no token: 401 with a bare challenge', async () => {
    const reply = await stack.get('/pizza/1.0.0/menu');
    expect(reply.status).toBe(401);
    expect(reply.header('www-authenticate')).toBe('Bearer realm="Gatehouse"');
    expect(JSON.parse(reply.body)).toMatchObject({ code: '900902' });
  });

  test.each([
    ['expired', { exp: 1_600_000_000 }],
    ['not valid yet', { nbf: 4_000_000_000 }],
    ['issued in the future', { iat: 4_000_000_000, exp: 4_000_000_100 }],
    ['without an expiry', { exp: undefined }],
    ['of an unknown issuer', { iss: 'https://nobody.example' }],
  ])('a token %s: 401 invalid_token', async (_what, claims) => {
    const reply = await stack.get('/pizza/1.0.0/menu', stack.token('shop', claims));
    expect(reply.status).toBe(401);
    expect(reply.header('www-authenticate')).toContain('error="invalid_token"');
  });

  test.each([
    ['alg none', { alg: 'none' }],
    ['HS256 in the header', { alg: 'HS256' }],
    ['another algorithm than the key’s', { alg: 'PS256' }],
    ['a crit extension', { crit: ['exp'] }],
    ['an ID token’s typ', { typ: 'id_token+jwt' }],
  ])('a token with %s: 401', async (_what, header) => {
    const token = stack.partner.mint({ azp: 'shop' }, { header });
    expect((await stack.get('/pizza/1.0.0/menu', token)).status).toBe(401);
  });

  test('no subscription: 403 with 900908; a missing scope: 403 with insufficient_scope', async () => {
    const visitor = await stack.get('/pizza/1.0.0/menu', stack.token('visitor'));
    expect(visitor.status).toBe(403);
    expect(JSON.parse(visitor.body)).toMatchObject({ code: '900908' });
    const headers = [['authorization', `Bearer ${stack.token()}`]] as const;
    const order = await stack.send({ method: 'POST', path: '/pizza/1.0.0/orders', headers });
    expect(order.status).toBe(403);
    expect(JSON.parse(order.body)).toMatchObject({ code: '900910' });
    expect(order.header('www-authenticate')).toContain('error="insufficient_scope"');
    expect(order.header('www-authenticate')).toContain('scope="order:write"');
  });

  test('two credentials, or a comma in one: 400, and neither is tried', async () => {
    const good = `Bearer ${stack.token()}`;
    const before = stack.upstream.received.length;
    for (const headers of [
      [
        ['authorization', good],
        ['authorization', good],
      ],
      [
        ['authorization', good],
        ['Authorization', 'Basic dTpw'],
      ],
      [['authorization', `${good},`]],
      [['authorization', 'Bearer a,b']],
    ] as const) {
      const reply = await stack.send({ path: '/pizza/1.0.0/menu', headers });
      expect(reply.status).toBe(400);
      expect(reply.header('www-authenticate')).toContain('error="invalid_request"');
    }
    expect(stack.upstream.received.length).toBe(before);
  });

  test('a public resource needs no token, and the upstream gets the client’s credential but no identity', async () => {
    const reply = await stack.send({
      path: '/pizza/1.0.0/health',
      headers: [
        ['authorization', 'Basic dTpw'],
        ['x-gatehouse-subject', 'root'],
      ],
    });
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'authorization')).toEqual(['Basic dTpw']);
    expect(valuesOf(received(reply), 'x-gatehouse-subject')).toEqual([]);
  });

  test('a blocked subscription: 401 with 900907 and a challenge that starts no refresh loop', async () => {
    const blocked = await startStack({
      editCatalog: (catalog) => {
        const [shack] = catalog.applications;
        const subscription = { api: 'Pizza', version: '1.0.0', policy: 'Gold', state: 'BLOCKED' };
        if (shack !== undefined) shack['subscriptions'] = [subscription];
      },
    });
    try {
      const reply = await blocked.get('/pizza/1.0.0/menu', blocked.token());
      expect(reply.status).toBe(401);
      expect(JSON.parse(reply.body)).toMatchObject({ code: '900907' });
      expect(reply.header('www-authenticate')).toBe('Bearer realm="Gatehouse"');
    } finally {
      await blocked.stop();
    }
  });
});
