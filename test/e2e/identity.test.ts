// An upstream may believe the identity headers: whatever a client forges, each arrives once and from Gatehouse, or not at all.
// In every supported Envoy (they differ in when they append), and with Envoy's own hardening taken away too.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVOY_VERSION, OLDER_ENVOY_VERSIONS } from '../../scripts/envoy-tool.ts';
import { type AnotherEnvoy, startAnotherEnvoy, stripHardening } from './another-envoy.ts';
import { received, type Stack, startStack, valuesOf } from './stack.ts';

/** The facts of PartnerKM's client `shop` on the API that it is subscribed to. */
const SHOP = {
  'x-gatehouse-organization': 'carbon.super',
  'x-gatehouse-api': 'Pizza',
  'x-gatehouse-api-version': '1.0.0',
  'x-gatehouse-key-manager': 'PartnerKM',
  'x-gatehouse-subject': 'shop',
  'x-gatehouse-consumer-key': 'shop',
  'x-gatehouse-application': 'PizzaShack',
  'x-gatehouse-application-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
  'x-gatehouse-application-owner': 'paula',
  'x-gatehouse-application-policy': 'Unlimited',
  'x-gatehouse-subscription-policy': 'Gold',
  'x-gatehouse-key-type': 'PRODUCTION',
  'x-gatehouse-scopes': 'read',
};
/** A client without an application, on an API that asks for none. */
const STRANGER = {
  'x-gatehouse-organization': 'carbon.super',
  'x-gatehouse-api': 'Orders',
  'x-gatehouse-api-version': '1.0.0',
  'x-gatehouse-key-manager': 'PartnerKM',
  'x-gatehouse-subject': 'stranger',
  'x-gatehouse-consumer-key': 'stranger',
  'x-gatehouse-key-type': 'PRODUCTION',
  'x-gatehouse-scopes': 'read',
};
/** Everything that an upstream could read as a statement about the caller, in each spelling that folds to it. */
const NAMES = [...Object.keys(SHOP), 'x-jwt-assertion'];
const SPELLINGS = [
  (name: string) => name,
  (name: string) => name.toUpperCase(),
  (name: string) => name.replaceAll('-', '_'),
  (name: string) => name.replace(/-([^-]*)$/, '_$1'),
];

const versions = [ENVOY_VERSION, ...OLDER_ENVOY_VERSIONS];
const cases = versions.flatMap((version) =>
  (['raw', 'map'] as const).flatMap((mode) =>
    (['shipped', 'stripped'] as const).map((hardening) => ({ version, mode, hardening })),
  ),
);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

describe.each(cases)('Envoy $version, headers in $mode mode, hardening $hardening', ({ version, mode, hardening }) => {
  let front: AnotherEnvoy;
  beforeAll(async () => {
    front = await startAnotherEnvoy(stack, {
      version,
      edit: (config) => {
        config.extAuthz['encode_raw_headers'] = mode === 'raw';
        if (hardening === 'stripped') stripHardening(config);
      },
    });
  });
  afterAll(() => front?.envoy.stop());

  test.each([
    ['hyphens', SPELLINGS[0]],
    ['capitals', SPELLINGS[1]],
    ['underscores', SPELLINGS[2]],
    ['a mix', SPELLINGS[3]],
  ])(
    'identity forged with %s is overwritten where there is a fact and removed where there is none',
    async (_, spell) => {
      expect(await identityFor('shop', '/pizza/1.0.0/menu', spell)).toEqual(SHOP);
      expect(await identityFor('stranger', '/orders/1.0.0/list', spell)).toEqual(STRANGER);
    },
  );

  test('a forged header that was sent twice arrives once', async () => {
    const forged = [
      ['x-gatehouse-subject', 'root'],
      ['X-Gatehouse-Subject', 'admin'],
      ['x_gatehouse_subject', 'root'],
      ['x_gatehouse_subject', 'admin'],
      ['x-jwt-assertion', 'root'],
      ['x-jwt-assertion', 'admin'],
    ] as const;
    const headers = [['authorization', `Bearer ${stack.token()}`], ...forged] as const;
    const seen = received(await front.send({ path: '/pizza/1.0.0/menu', headers }));
    expect(valuesOf(seen, 'x-gatehouse-subject')).toEqual(['shop']);
    for (const name of ['x_gatehouse_subject', 'x-jwt-assertion']) expect(valuesOf(seen, name)).toEqual([]);
  });

  test('nobody is stated on a public resource', async () => {
    expect(await identityFor(undefined, '/pizza/1.0.0/health', (name) => name)).toEqual({});
  });

  async function identityFor(
    client: 'shop' | 'stranger' | undefined,
    path: string,
    spell: (name: string) => string = (name) => name,
  ) {
    const forged = NAMES.map((name) => [spell(name), 'forged'] as const);
    const credential = client === undefined ? [] : [['authorization', `Bearer ${stack.token(client)}`] as const];
    const reply = await front.send({ path, headers: [...forged, ...credential] });
    expect(reply.status).toBe(200);
    const stated = received(reply).headers.filter(([name]) => /^x[-_](gatehouse|jwt)/.test(name));
    expect(new Set(stated.map(([name]) => name)).size).toBe(stated.length);
    return Object.fromEntries(stated);
  }
});
