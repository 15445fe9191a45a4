// Tokens of one key manager held against another: same kid, same jti, swapped keys, issuers that look alike, key managers that are
// disabled, not allowed, deleted or another organization's. Each row is asked through the gRPC port, and none is a wrong allow.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { makeSigningKey } from '../rig/signing-key.ts';
import { type Checks, checksOf, tally } from './checks.ts';
import { introspectingDto } from './introspecting-key-manager.ts';
import { callAdmin, keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const GLOBAL_KEY_MANAGERS = '/api/am/admin/v4/global-key-managers';
const BOTH = '/both/1/x';
const ONLY_A = '/only-a/1/x';
const EVERY = '/every/1/x';
/** Of another organization, on a host of its own. */
const FOREIGN = '/foreign/1/x';
const SHARED_KID = 'the-same-kid';
const OUR_ADMIN = 'token-of-our-admin';
const THEIR_ADMIN = 'token-of-their-admin';
const THEIRS = 'their.example';

let stack: Stack;
let gatehouse: GatehouseProcess;
let checks: Checks;
let a: KeyManagerServer;
let b: KeyManagerServer;
let first: IntrospectionServer;
let second: IntrospectionServer;
const stops: (() => unknown)[] = [];
const outcomes: string[] = [];

beforeAll(async () => {
  // One kid for two keys, and an issuer with all that may be written differently.
  a = await startKeyManager({ kid: SHARED_KID, issuer: 'https://idp.example:8443/Realm/caf\u00e9' });
  b = await startKeyManager({ kid: SHARED_KID, issuer: 'https://other.example' });
  first = await startIntrospection({ prefix: 'op' });
  second = await startIntrospection({ prefix: 'op' });
  stops.push(a.close, b.close, first.close, second.close);
  stack = await startStack({
    settings: {
      admin: { port: 0, credentials: [credential('ours', OUR_ADMIN), credential('theirs', THEIR_ADMIN, THEIRS)] },
    },
    editCatalog: (catalog) => {
      catalog.keyManagers = [
        keyManagerDto('MixA', a),
        keyManagerDto('MixB', b),
        introspectingDto('First', first, 'op'),
        introspectingDto('Second', second, 'op'),
      ];
      catalog.apis = [
        api('Both', ['MixA', 'MixB']),
        api('OnlyA', ['MixA']),
        api('Every', ['all']),
        api('Opaque', ['First', 'Second']),
        api('Reversed', ['Second', 'First']),
      ];
      catalog.applications = [];
    },
  });
  stops.push(stack.stop);
  gatehouse = stack.gatehouse;
  // The other organization's catalog comes second; ours stays.
  await gatehouse.stop();
  writeFileSync(stack.catalogFile, JSON.stringify(foreignCatalog()));
  const fetches = a.requests(PATHS.jwks);
  gatehouse = await gatehouse.again();
  stops.push(gatehouse.stop);
  // Unasked, as after each start: from here on a fetch is a token's doing.
  await eventually('the first fetch', () => a.requests(PATHS.jwks) > fetches);
  checks = checksOf(gatehouse);
  stops.push(checks.close);
});
afterAll(async () => {
  console.log('mix-ups, outcomes of what must not pass:', tally(outcomes));
  for (const stop of stops.reverse()) await stop();
});

const credential = (name: string, token: string, organization?: string) => ({
  name,
  ...(organization !== undefined && { organization }),
  sha256: createHash('sha256').update(token).digest('hex'),
  rights: ['read', 'write', 'revoke'],
});

const api = (name: string, keyManagers: readonly string[]) => ({
  name,
  context: `/${name.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`,
  version: '1',
  keyManagers,
  subscriptionValidation: false,
  operations: [{ verb: 'GET', target: '/x' }],
});

/** Names a key manager as we do, with the issuer of our A and the keys of our B. */
const foreignCatalog = () => ({
  organization: THEIRS,
  keyManagers: [{ ...keyManagerDto('MixA', b), issuer: a.issuer }],
  apis: [api('Foreign', ['MixA'])],
  applications: [],
});

const ours = (method: string, path: string, body?: unknown) =>
  callAdmin({ ...gatehouse, adminToken: OUR_ADMIN }, method, path, body);

async function idOf(name: string): Promise<string> {
  const { list } = (await ours('GET', KEY_MANAGERS)).body as { list: { id: string; name: string }[] };
  return list.find((listed) => listed.name === name)?.id ?? 'nobody';
}

async function put(name: string, dto: object): Promise<void> {
  const reply = await ours('PUT', `${KEY_MANAGERS}/${await idOf(name)}`, dto);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
}

/** Asks for what must not pass. */
async function refusal(path: string, token: string): Promise<string> {
  const outcome = await checks.outcome(path, token);
  outcomes.push(outcome);
  expect(outcome).not.toBe('allow');
  return outcome;
}

/** The key manager that vouched. */
async function voucher(path: string, token: string): Promise<string> {
  const { status, metadata } = await checks.check(path, token);
  expect(status, metadata['reason']).toBe(0);
  return metadata['key_manager'] ?? '';
}

const ofA = (more: object = {}) => a.mint({ azp: 'shop', ...more });
const ofB = (more: object = {}) => b.mint({ azp: 'shop', ...more });
const keyOf = ({ keys }: KeyManagerServer) => keys[0] ?? makeSigningKey();

describe('one kid in two key managers', () => {
  test('each vouches for its own tokens', async () => {
    expect(await voucher(BOTH, ofA())).toBe('MixA');
    expect(await voucher(BOTH, ofB())).toBe('MixB');
  });

  test('a token of A signed with B’s key of the same kid is refused, and the other way round', async () => {
    expect(await refusal(BOTH, a.mint({ azp: 'shop' }, { key: keyOf(b) }))).toBe('signature_invalid');
    expect(await refusal(BOTH, b.mint({ azp: 'shop' }, { key: keyOf(a) }))).toBe('signature_invalid');
  });

  test('a token of B that calls itself A’s in every other claim is B’s', async () => {
    expect(await voucher(BOTH, ofB({ aud: a.issuer, client_id: 'shop', azp: 'shop', sub: a.issuer }))).toBe('MixB');
    expect(await refusal(ONLY_A, ofB({ sub: a.issuer, aud: a.issuer }))).toBe('key_manager_not_allowed');
  });
});

describe('one jti in two key managers', () => {
  const jti = 'the-same-jti';

  test('A’s remembered token does not vouch for B’s of the same jti, nor B’s for A’s', async () => {
    expect(await voucher(BOTH, ofA({ jti }))).toBe('MixA');
    expect(await voucher(BOTH, ofB({ jti }))).toBe('MixB');
    expect(await refusal(BOTH, b.mint({ azp: 'shop', jti }, { key: keyOf(a) }))).toBe('signature_invalid');
    expect(await refusal(ONLY_A, ofB({ jti }))).toBe('key_manager_not_allowed');
  });

  test('a jti revoked for one key manager stays good at the other', async () => {
    const [mine, other] = [ofA({ jti: 'revoked-at-a' }), ofB({ jti: 'revoked-at-a' })];
    expect(await voucher(BOTH, mine)).toBe('MixA');
    const reply = await ours('POST', '/revocations', {
      kind: 'jti',
      value: 'revoked-at-a',
      keyManager: await idOf('MixA'),
    });
    expect(reply.status, JSON.stringify(reply.body)).toBe(201);
    expect(await refusal(BOTH, mine)).toBe('token_revoked');
    expect(await voucher(BOTH, other)).toBe('MixB');
  });
});

describe('issuers that look alike', () => {
  const lookAlikes: readonly (readonly [string, (issuer: string) => unknown])[] = [
    ['another case in the path', (issuer) => issuer.replace('Realm', 'realm')],
    ['another case in the host', (issuer) => issuer.replace('idp', 'IDP')],
    ['another case in the scheme', (issuer) => issuer.replace('https', 'HTTPS')],
    ['http for https', (issuer) => issuer.replace('https', 'http')],
    ['a slash at the end', (issuer) => `${issuer}/`],
    ['two slashes in the path', (issuer) => issuer.replace('/Realm', '//Realm')],
    ['a dot segment', (issuer) => issuer.replace('/Realm', '/./Realm')],
    ['no port', (issuer) => issuer.replace(':8443', '')],
    ['the default port', (issuer) => issuer.replace(':8443', ':443')],
    ['a port with a zero before it', (issuer) => issuer.replace(':8443', ':08443')],
    ['a dot after the host', (issuer) => issuer.replace('.example', '.example.')],
    ['a user before the host', (issuer) => issuer.replace('//', '//idp.example@')],
    ['a query', (issuer) => `${issuer}?`],
    ['a fragment', (issuer) => `${issuer}#`],
    ['a space at the end', (issuer) => `${issuer} `],
    ['a NUL at the end', (issuer) => `${issuer}\0`],
    ['the accent apart from its letter (NFD)', (issuer) => issuer.normalize('NFD')],
    ['an escaped letter', (issuer) => issuer.replace('\u00e9', '%C3%A9')],
    ['a Cyrillic letter', (issuer) => issuer.replace('idp.example', 'idp.ex\u0430mple')],
    ['a letter of full width', (issuer) => issuer.replace('idp', '\uff49dp')],
    ['a byte order mark before it', (issuer) => `\ufeff${issuer}`],
    ['a prefix of it', (issuer) => issuer.slice(0, -1)],
    ['a list that has it', (issuer) => [issuer]],
    ['a list that joins to it', (issuer) => [issuer, issuer]],
    ['an object that reads as it', (issuer) => ({ toString: issuer })],
    ['nothing', () => undefined],
    ['the empty text', () => ''],
  ];

  test.each(lookAlikes)('%s is another issuer, though A’s key signed', async (_what, spell) => {
    const fetches = a.requests(PATHS.jwks);
    const token = ofA({ iss: spell(a.issuer) });
    // The last: a key manager without an issuer could claim a token without `iss`, but not for this API.
    expect([
      'issuer_unknown',
      'issuer_missing',
      'token_malformed',
      'claims_malformed',
      'key_manager_not_allowed',
    ]).toContain(await refusal(BOTH, token));
    expect(a.requests(PATHS.jwks)).toBe(fetches);
  });

  test('two key managers whose issuers differ by a slash keep to their own keys', async () => {
    const issuer = 'https://twins.example';
    const make = async (name: string, server: KeyManagerServer, of: string) =>
      (await ours('POST', KEY_MANAGERS, { ...keyManagerDto(name, server), issuer: of })).status;
    expect([await make('Bare', a, issuer), await make('Slash', b, `${issuer}/`)]).toEqual([201, 201]);
    expect(await voucher(EVERY, ofA({ iss: issuer }))).toBe('Bare');
    expect(await voucher(EVERY, ofB({ iss: `${issuer}/` }))).toBe('Slash');
    expect(await refusal(EVERY, ofB({ iss: issuer }))).toBe('signature_invalid');
    expect(await refusal(EVERY, ofA({ iss: `${issuer}/` }))).toBe('signature_invalid');
  });
});

describe('key managers that do not count', () => {
  test('disabled while its token is remembered: refused with the next request, and good again when enabled', async () => {
    const token = ofA();
    expect(await voucher(BOTH, token)).toBe('MixA');
    await put('MixA', { ...keyManagerDto('MixA', a), enabled: false });
    expect(await refusal(BOTH, token)).toBe('key_manager_disabled');
    expect(await refusal(BOTH, ofA())).toBe('key_manager_disabled');
    await put('MixA', keyManagerDto('MixA', a));
    expect(await voucher(BOTH, token)).toBe('MixA');
  });

  test('of type EXCHANGED: it vouches for nothing at the gateway', async () => {
    const dto = { ...keyManagerDto('Exchanged', b), issuer: 'https://exchanged.example', tokenType: 'EXCHANGED' };
    expect((await ours('POST', KEY_MANAGERS, dto)).status).toBe(201);
    expect(await refusal(EVERY, ofB({ iss: 'https://exchanged.example' }))).toBe('issuer_unknown');
  });

  test('its keys swapped for another’s: what the old ones proved is forgotten with the next request', async () => {
    const old = ofA();
    expect(await voucher(BOTH, old)).toBe('MixA');
    await put('MixA', { ...keyManagerDto('MixA', a), certificates: { type: 'JWKS', value: `${b.url}/jwks` } });
    expect(await refusal(BOTH, old)).toBe('signature_invalid');
    await put('MixA', keyManagerDto('MixA', a));
    expect(await voucher(BOTH, old)).toBe('MixA');
  });

  test('deleted while its token is remembered: refused at once; a new one of its name inherits neither tokens nor lists', async () => {
    const token = ofA();
    expect(await voucher(ONLY_A, token)).toBe('MixA');
    const path = `${KEY_MANAGERS}/${await idOf('MixA')}`;
    expect((await ours('DELETE', path)).status).toBe(412);
    expect(await voucher(ONLY_A, token)).toBe('MixA');
    expect((await ours('DELETE', `${path}?force=true`)).status).toBe(200);
    expect(await refusal(ONLY_A, token)).toBe('issuer_unknown');
    expect((await ours('POST', KEY_MANAGERS, { ...keyManagerDto('MixA', b), issuer: a.issuer })).status).toBe(201);
    expect(await refusal(EVERY, token)).toBe('signature_invalid');
    expect(await refusal(ONLY_A, b.mint({ azp: 'shop', iss: a.issuer }))).toBe('key_manager_not_allowed');
  });
});

describe('opaque tokens that two key managers claim', () => {
  test('only the first one in the API’s order is asked, and its answer is final', async () => {
    const ofSecond = second.issue();
    expect(await refusal('/opaque/1/x', ofSecond)).toBe('token_inactive');
    expect([first.asked(ofSecond), second.asked(ofSecond)]).toEqual([1, 0]);
    expect(await voucher('/reversed/1/x', ofSecond)).toBe('Second');
    expect(await refusal('/opaque/1/x', ofSecond)).toBe('token_inactive');
    expect(second.asked(ofSecond)).toBe(1);
  });

  test('one text that is active at both means what the asked one says', async () => {
    const text = first.issue({ client_id: 'client-of-first' });
    second.issue({ client_id: 'client-of-second' }, text);
    const clientOf = async (path: string) => {
      const { headers } = await checks.check(path, text);
      return headers.find(([name]) => name === 'x-gatehouse-consumer-key')?.[1];
    };
    expect(await clientOf('/opaque/1/x')).toBe('client-of-first');
    expect(await clientOf('/reversed/1/x')).toBe('client-of-second');
    expect(await clientOf('/opaque/1/x')).toBe('client-of-first');
  });

  test('a fault of the first one asks nobody else', async () => {
    const token = second.issue();
    first.fault({ kind: 'status', status: 500 });
    expect(await refusal('/opaque/1/x', token)).toBe('introspection_unavailable');
    first.fault(undefined);
    expect(second.asked(token)).toBe(0);
  });
});

describe('organizations', () => {
  test('of one issuer in two organizations each has its own keys', async () => {
    const issuer = a.issuer;
    expect(await voucher(FOREIGN, b.mint({ azp: 'shop', iss: issuer }))).toBe('MixA');
    expect(await refusal(FOREIGN, a.mint({ azp: 'shop', iss: issuer }))).toBe('signature_invalid');
  });

  test('a key manager of theirs vouches for nothing of ours, and ours for nothing of theirs', async () => {
    const issuer = 'https://only-theirs.example';
    const theirs = { ...gatehouse, adminToken: THEIR_ADMIN };
    const made = await callAdmin(theirs, 'POST', KEY_MANAGERS, { ...keyManagerDto('Theirs', b), issuer });
    expect(made.status).toBe(201);
    expect(await refusal(EVERY, ofB({ iss: issuer }))).toBe('issuer_unknown');
    expect(await refusal(FOREIGN, ofB())).toBe('issuer_unknown');
    const { id } = made.body as { id: string };
    expect((await ours('GET', `${KEY_MANAGERS}/${id}`)).status).toBe(404);
    expect((await ours('DELETE', `${KEY_MANAGERS}/${id}?force=true`)).status).toBe(404);
  });

  test('the Global one vouches wherever all are allowed, and not where it is not listed', async () => {
    const dto = { ...keyManagerDto('Global', b), issuer: 'https://global.example' };
    const made = await ours('POST', GLOBAL_KEY_MANAGERS, dto);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const token = ofB({ iss: dto.issuer });
    expect(await voucher(EVERY, token)).toBe('Global');
    expect(await refusal(ONLY_A, token)).toBe('key_manager_not_allowed');
    expect(await refusal(FOREIGN, token)).toBe('key_manager_not_allowed');
    expect(await refusal(EVERY, ofA({ iss: dto.issuer }))).toBe('signature_invalid');
  });
});
