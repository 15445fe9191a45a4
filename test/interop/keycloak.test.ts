// A real Keycloak behind a running Gatehouse and a real Envoy: imported by its discovery document, its keys rotated under load, its
// lightweight tokens introspected, its sessions ended.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findKeycloak } from '../../scripts/keycloak-tool.ts';
import { type Checks, checksOf, tally } from '../e2e/checks.ts';
import { received, type Stack, startStack, valuesOf } from '../e2e/stack.ts';
import { eventually } from '../rig/eventually.ts';
import { startLoad } from '../rig/http-load.ts';
import { type KeycloakRealm, makeRealm, type RealmClient } from '../rig/keycloak-realm.ts';
import { type KeycloakServer, startKeycloak } from '../rig/keycloak-server.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
/** Any client of any key manager. */
const ORDERS = '/orders/1.0.0/list';
const REFRESH_SECONDS = 10;
const INTROSPECTION_TTL_SECONDS = 2;
const UTE = { name: 'ute', password: 'password-of-ute' };

const GATEHOUSE: RealmClient = { clientId: 'gatehouse', secret: 'secret-of-gatehouse' };
const SHOP: RealmClient = { clientId: 'shop', secret: 'secret-of-shop', audience: 'gatehouse' };
const LIGHT: RealmClient = { clientId: 'light', secret: 'secret-of-light', audience: 'gatehouse', lightweight: true };
/** Its tokens do not name Gatehouse, so Keycloak tells Gatehouse nothing about them. */
const ALOOF: RealmClient = { clientId: 'aloof', secret: 'secret-of-aloof' };

let keycloak: KeycloakServer;
let stack: Stack;
let checks: Checks;
/** Its JWTs are validated here. */
let bank: KeycloakRealm;
/** Its JWTs are introspected. */
let ledger: KeycloakRealm;

beforeAll(async () => {
  keycloak = await startKeycloak(await findKeycloak());
  bank = await realmOf('bank');
  ledger = await realmOf('ledger');
  stack = await startStack({
    settings: {
      keySets: { refreshSeconds: REFRESH_SECONDS, cooldownMs: 100 },
      introspection: { ttlSeconds: INTROSPECTION_TTL_SECONDS, refusalTtlSeconds: 1 },
    },
  });
  checks = checksOf(stack.gatehouse);
});
afterAll(async () => {
  checks?.close();
  await stack?.stop();
  await keycloak?.stop();
});

async function realmOf(name: string): Promise<KeycloakRealm> {
  const realm = await makeRealm(keycloak, name);
  for (const client of [GATEHOUSE, SHOP, LIGHT, ALOOF]) await realm.addClient(client);
  await realm.addUser(UTE.name, UTE.password);
  return realm;
}

/** What an admin does: discovers, completes the form, saves. Resolves to the id. */
async function importRealm(realm: KeycloakRealm, more: object = {}): Promise<string> {
  const url = `${realm.issuer}/.well-known/openid-configuration`;
  const found = await stack.admin('POST', `${KEY_MANAGERS}/discover`, { url, type: 'KeyCloak' });
  expect(found).toMatchObject({ status: 200, body: { valid: true, value: { issuer: realm.issuer } } });
  const { value } = found.body as { value: object };
  const { clientId: client_id, secret: client_secret } = GATEHOUSE;
  const dto = { ...value, name: `Keycloak ${realm.name}`, additionalProperties: { client_id, client_secret }, ...more };
  const made = await stack.admin('POST', KEY_MANAGERS, dto);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return (made.body as { id: string }).id;
}

const accessToken = async (realm: KeycloakRealm, client: RealmClient, user?: typeof UTE) =>
  (await realm.token(client, user)).access_token;
const statusOf = async (token: string) => (await stack.get(ORDERS, token)).status;

/** The reason of a denial, as Envoy is told it: records in the log come after answers, those of earlier answers too. */
const reasonOf = (token: string) => checks.outcome(ORDERS, token);

describe('a realm whose JWTs are validated here', () => {
  test('is imported by its discovery document, and its tokens pass with the next request', async () => {
    const token = await accessToken(bank, SHOP);
    expect(await statusOf(token)).toBe(401);
    await importRealm(bank);
    const reply = await stack.get(ORDERS, token);
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'x-gatehouse-consumer-key')).toEqual(['shop']);
    expect(valuesOf(received(reply), 'x-gatehouse-key-manager')).toEqual(['Keycloak bank']);
    expect(await statusOf(await accessToken(bank, SHOP, UTE))).toBe(200);
  });

  test('an ID token, a refresh token and a token of a realm that nobody imported are refused', async () => {
    const form = { grant_type: 'password', client_id: SHOP.clientId, client_secret: SHOP.secret, scope: 'openid' };
    const granted = await keycloak.post('bank', 'token', { ...form, username: UTE.name, password: UTE.password });
    const { id_token, refresh_token } = granted.body as { id_token: string; refresh_token: string };
    expect(await statusOf(id_token)).toBe(401);
    expect(await statusOf(refresh_token)).toBe(401);
    expect(await reasonOf(await accessToken(ledger, SHOP))).toBe('issuer_unknown');
  });

  test('its keys are rotated under load: no token is denied wrongly, and the removed key proves nothing within a refresh', async () => {
    const oldKeys = await bank.keyProviders();
    const old = await accessToken(bank, SHOP);
    expect(await statusOf(old)).toBe(200);
    const fresh = [old];
    let minting = true;
    const minted = (async () => {
      for (; minting; await sleep(100)) fresh.push(await accessToken(bank, SHOP));
    })();
    let sent = 0;
    // Mostly the newest, which has never been seen, and some that are remembered.
    const token = () => (sent++ % 4 === 0 ? fresh[sent % fresh.length] : fresh.at(-1)) ?? '';
    const load = startLoad({ port: stack.envoy.port, path: ORDERS, token, connections: 4 });
    await sleep(2_000);
    await bank.addKey(500);
    await sleep(4_000);
    const during = await load.stop();
    minting = false;
    await minted;
    console.log(`Keycloak rotated under load: replies by status ${JSON.stringify(during)}, ${fresh.length} tokens`);
    expect(new Set(fresh.map(keyIdOf)).size).toBe(2);
    // A key that appears right after a fetch is a fault for a cool-down, never a denial.
    expect(Object.keys(during).filter((status) => status !== '200' && status !== '503')).toEqual([]);
    expect(during['200']).toBeGreaterThan(100);

    expect(await statusOf(old)).toBe(200);
    for (const provider of oldKeys) await bank.removeKey(provider);
    const removedAt = performance.now();
    const current = await accessToken(bank, SHOP);
    await eventually(
      'the removed key to prove nothing',
      async () => {
        expect(await statusOf(current)).toBe(200);
        return (await statusOf(old)) === 401;
      },
      REFRESH_SECONDS * 4_000,
    );
    const seconds = (performance.now() - removedAt) / 1000;
    console.log(
      `Keycloak's removed key was refused after ${seconds.toFixed(1)} s; keys are refreshed each ${REFRESH_SECONDS} s`,
    );
    // Shortly after a fetch it cannot be told whether an unknown key exists by now: a fault, and no allow either.
    const outcomes: string[] = [];
    for (let at = 0; at < 20; at++, await sleep(30)) outcomes.push(await reasonOf(old));
    console.log('tokens of the removed key:', tally(outcomes));
    expect(outcomes.filter((reason) => reason !== 'key_not_found' && reason !== 'key_set_refreshing')).toEqual([]);
    expect(outcomes).toContain('key_not_found');
  });
});

describe('a realm whose JWTs are introspected', () => {
  test('lightweight tokens, of a client and of a user, pass; what introspection says reaches the upstream', async () => {
    await importRealm(ledger, { enableSelfValidationJWT: false });
    const reply = await stack.get(ORDERS, await accessToken(ledger, LIGHT));
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'x-gatehouse-consumer-key')).toEqual(['light']);
    const ofUser = await accessToken(ledger, LIGHT, UTE);
    expect(claimsOf(ofUser)).not.toHaveProperty('sub');
    const subject = valuesOf(received(await stack.get(ORDERS, ofUser)), 'x-gatehouse-subject');
    expect(subject).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  test('a token that does not name Gatehouse as audience is not active, and so is a token of its text changed', async () => {
    expect(await reasonOf(await accessToken(ledger, ALOOF))).toBe('token_inactive');
    const token = await accessToken(ledger, LIGHT);
    const [head, payload, signature = ''] = token.split('.');
    const claims = { ...claimsOf(token), azp: 'shop' };
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await statusOf([head, forged, signature].join('.'))).toBe(401);
    expect(await statusOf([head, payload, signature].join('.'))).toBe(200);
  });

  test.each([
    ['its user logs out', async (refresh: string) => logOutWith(refresh)],
    ['an admin ends its sessions', async () => ledger.logOut(UTE.name)],
  ])('a token stops passing within the introspection TTL once %s', async (_what, end) => {
    const tokens = await ledger.token(LIGHT, UTE);
    for (let at = 0; at < 10; at++) expect(await statusOf(tokens.access_token)).toBe(200);
    await end(tokens.refresh_token ?? '');
    const endedAt = performance.now();
    let passed = 0;
    await eventually('the ended session to be seen', async () => {
      const status = await statusOf(tokens.access_token);
      if (status === 200) passed += 1;
      return status === 401;
    });
    const seconds = (performance.now() - endedAt) / 1000;
    console.log(
      `an ended Keycloak session was seen after ${seconds.toFixed(1)} s (TTL ${INTROSPECTION_TTL_SECONDS} s), ${passed} requests later`,
    );
    for (let at = 0; at < 10; at++) expect(await statusOf(tokens.access_token)).toBe(401);
  });

  test('with a wrong client secret there is no verdict: 503, never an allow; with the right one there is', async () => {
    const [listed] = (
      (await stack.admin('GET', KEY_MANAGERS)).body as { list: { id: string; name: string }[] }
    ).list.filter(({ name }) => name === 'Keycloak ledger');
    const path = `${KEY_MANAGERS}/${listed?.id}`;
    const dto = (await stack.admin('GET', path)).body as { additionalProperties: object };
    const withSecret = (client_secret: string) => ({
      ...dto,
      additionalProperties: { ...dto.additionalProperties, client_secret },
    });
    expect(JSON.stringify(dto)).not.toContain(GATEHOUSE.secret);
    expect((await stack.admin('PUT', path, withSecret('not-the-secret'))).status).toBe(200);
    const token = await accessToken(ledger, LIGHT);
    expect(await statusOf(token)).toBe(503);
    expect((await stack.admin('PUT', path, withSecret(GATEHOUSE.secret))).status).toBe(200);
    await eventually('the right secret to count', async () => (await statusOf(token)) === 200);
    // The mask that a form sends back keeps the secret.
    expect((await stack.admin('PUT', path, dto)).status).toBe(200);
    expect(await statusOf(await accessToken(ledger, LIGHT))).toBe(200);
  });
});

async function logOutWith(refresh_token: string): Promise<void> {
  const { clientId: client_id, secret: client_secret } = LIGHT;
  const reply = await keycloak.post('ledger', 'logout', { client_id, client_secret, refresh_token });
  expect(reply.status).toBe(204);
}

function keyIdOf(token: string): unknown {
  return partOf(token, 0)['kid'];
}

function claimsOf(token: string): Record<string, unknown> {
  return partOf(token, 1);
}

function partOf(token: string, at: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
