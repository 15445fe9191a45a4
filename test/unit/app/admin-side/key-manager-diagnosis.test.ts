// The test of a key manager, against real servers: what an admin is told when all is well, and when each thing is not.

import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DiagnosisCheck } from '../../../../src/admin/key-managers/diagnosis.ts';
import { keyManagerDiagnosis } from '../../../../src/app/admin-side/key-manager-diagnosis.ts';
import { GLOBAL_ORGANIZATION } from '../../../../src/domain/api.ts';
import type { KeyManagerDto } from '../../../../src/domain/key-manager-dto.ts';
import { resolveKeyManager } from '../../../../src/keymanagers/resolve-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../../src/keymanagers/types.ts';
import { Introspector } from '../../../../src/tokens/introspection/introspector.ts';
import { keySetFetch } from '../../../../src/tokens/key-sets/fetch-key-set.ts';
import { CertificateAuthority, type IssuedCertificate } from '../../../rig/certificate-authority.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../../../rig/key-manager-server.ts';
import { openDoor } from '../../outbound/open-door.ts';
import { ProverSample } from '../../tokens/prover-sample.ts';
import { es256Key, rsaKey } from '../../tokens/token-sample.ts';

const MADE_UP = 'made-up-canary';
const SECRET = 'secret-canary';
const DEFAULTS = {
  clockSkewSeconds: 60,
  maxLifetimeSeconds: 86_400,
  introspection: { ttlSeconds: 60, timeoutMs: 10_000 },
  limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
};
const door = openDoor();
const servers: Server[] = [];
let server: KeyManagerServer;
let now = Date.now;
/** Longer than any answer takes that comes at all. */
const TIMEOUT_MS = 10_000;
let timeoutMs = TIMEOUT_MS;
beforeAll(async () => {
  server = await startKeyManager({ clients: [{ id: 'gatehouse', secret: SECRET }], tokens: 'opaque' });
});
afterEach(() => {
  for (const path of Object.values(PATHS)) server.fault(path, undefined);
  now = Date.now;
  timeoutMs = TIMEOUT_MS;
});
afterAll(async () => {
  await server.close();
  await door.close();
  for (const one of servers) one.close();
});

const whole = (): KeyManagerDto => ({
  name: 'KM',
  type: 'KeyCloak',
  wellKnownEndpoint: `${server.url}${PATHS.discovery}`,
  issuer: server.issuer,
  certificates: { type: 'JWKS', value: `${server.url}${PATHS.jwks}` },
  introspectionEndpoint: `${server.url}${PATHS.introspection}`,
  additionalProperties: { client_id: 'gatehouse', client_secret: SECRET, audiences: ['api'] },
});

async function examine(changes: Partial<KeyManagerDto> = {}, sampleToken?: string, organization = 'o') {
  const prover = new ProverSample();
  prover.now = now();
  const stored = {
    id: 'id-1',
    organization,
    sequence: 1,
    version: 1,
    dto: { ...whole(), ...changes },
    secrets: {},
  };
  const introspection = { ...DEFAULTS.introspection, timeoutMs };
  const keyManager = resolveKeyManager(stored, { ...DEFAULTS, introspection }, BUILT_IN_TYPES);
  const diagnosis = keyManagerDiagnosis({
    types: BUILT_IN_TYPES,
    superTenant: 'o',
    find: (of, id) => (of === stored.organization && id === 'id-1' ? stored : undefined),
    inForce: () => keyManager,
    door,
    fetchKeySet: keySetFetch({
      send: door.send,
      readCredential: async () => undefined,
      timeoutMs,
      maxBytes: 65_536,
    }),
    timeoutMs,
    maxBytes: 65_536,
    now: () => now(),
    tokens: prover.prover,
    introspector: new Introspector({
      send: door.send,
      admission: { introspect: () => ({ kind: 'admitted', done: () => undefined }) },
      clock: Date.now,
      maxReplyBytes: 65_536,
    }),
    madeUpToken: () => MADE_UP,
  });
  const found = await diagnosis.test('o', 'id-1', sampleToken);
  expect(await diagnosis.test('other', 'id-1', undefined)).toBe(undefined);
  await prover[Symbol.asyncDispose]();
  const text = JSON.stringify(found);
  for (const canary of [MADE_UP, SECRET, sampleToken ?? SECRET]) expect(text).not.toContain(canary);
  const checks = found?.checks ?? [];
  // Whatever is wrong has a way out.
  for (const check of checks) expect(check.fix === null).toBe(['ok', 'not_applicable'].includes(check.outcome));
  expect(found?.ok).toBe(checks.every(({ outcome }) => outcome !== 'failed'));
  return checks;
}

const of = (checks: readonly DiagnosisCheck[], name: string) => checks.filter(({ check }) => check === name);
const told = (checks: readonly DiagnosisCheck[], name: string) =>
  of(checks, name).map(({ outcome, detail }) => `${outcome}: ${detail}`);

/** A server that answers each path with what `replies` has. */
async function serve(replies: Readonly<Record<string, { body: string; headers?: Record<string, string> }>>) {
  const one = createHttpServer((request, response) => {
    const { body, headers } = replies[request.url ?? ''] ?? { body: '' };
    response.writeHead(200, headers).end(body);
  });
  servers.push(one);
  await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
}

test('tells of every part of a key manager that is well, and of its token', async () => {
  const token = server.mint({ azp: 'shop', sub: 'ann', scope: 'read write', aud: 'api' });
  const checks = await examine({}, token);
  expect(checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
    'discovery ok',
    'issuer ok',
    'clock ok',
    'tls not_applicable',
    'key_set ok',
    'key ok',
    'introspection ok',
    'token ok',
  ]);
  expect(told(checks, 'key')[0]).toMatch(/^ok: key \S+ \(RS256\) is usable$/);
  expect(told(checks, 'token')[0]).toMatch(
    /client shop; subject ann; scopes read write; audience api; key \S+; until /,
  );
});

test('of a Global key manager is for the super tenant alone', async () => {
  expect((await examine({}, undefined, GLOBAL_ORGANIZATION)).length).toBeGreaterThan(5);
});

describe('metadata', () => {
  test('that cannot be had is told with the problem', async () => {
    server.fault(PATHS.discovery, { kind: 'status', status: 404 });
    expect(told(await examine(), 'discovery')).toEqual([
      `failed: ${server.url}${PATHS.discovery} answers with status 404`,
    ]);
    server.fault(PATHS.discovery, { kind: 'garbage', body: '<html>' });
    expect(told(await examine(), 'discovery')[0]).toMatch(/status 200 and no JSON object/);
    expect(told(await examine({ wellKnownEndpoint: 'http://127.0.0.1:1/x?secret=canary' }), 'discovery')).toEqual([
      'failed: http://127.0.0.1:1/x cannot be asked: econnrefused',
    ]);
    expect(told(await examine({ wellKnownEndpoint: 'none' }), 'discovery')[0]).toMatch(/^not_applicable/);
  });

  test('of another issuer is told with both, to the last slash', async () => {
    const checks = await examine({ issuer: `${server.issuer}/` });
    expect(told(checks, 'issuer')).toEqual([
      `failed: the document names ${server.issuer}, the key manager has ${server.issuer}/`,
    ]);
  });

  test('that names other endpoints is a warning', async () => {
    const value = `${server.url}/other-keys`;
    const checks = await examine({ certificates: { type: 'JWKS', value } });
    expect(told(checks, 'discovered_endpoints')).toEqual([
      `warning: the document names others than the key manager: jwks_uri ${server.url}${PATHS.jwks}`,
    ]);
  });

  test.each([
    [0, 'ok: the clocks agree'],
    [30, 'warning: this machine is 30 s ahead of the server'],
    [-30, 'warning: this machine is 30 s behind the server'],
    [90, 'failed: this machine is 90 s ahead of the server; 60 s are tolerated'],
  ])('tells how far the clocks are apart: %d s', async (seconds, expected) => {
    const theirsMs = Math.floor(Date.now() / 1000) * 1000;
    const body = await (await fetch(`${server.url}${PATHS.discovery}`)).text();
    const url = await serve({ '/metadata': { body, headers: { date: new Date(theirsMs).toUTCString() } } });
    now = () => theirsMs + seconds * 1000;
    expect(told(await examine({ wellKnownEndpoint: `${url}/metadata` }), 'clock')).toEqual([expected]);
  });
});

describe('keys', () => {
  test('are told one by one: usable, of no use, refused', async () => {
    const hostile = { ...rsaKey('short', 1024).jwk, alg: 'RS256' };
    const keys = [
      { ...es256Key('good').jwk, alg: 'ES256' },
      { ...rsaKey('enc').jwk, use: 'enc' },
      hostile,
      { kty: 'oct', kid: 'shared\r\nx', k: 'canary' },
      'no key',
    ];
    const url = await serve({ '/keys': { body: JSON.stringify({ keys }) } });
    const checks = await examine({ certificates: { type: 'JWKS', value: `${url}/keys` } });
    expect(told(checks, 'key_set')).toEqual([`ok: ${url}/keys gives 5 key(s), 1 of them usable`]);
    expect(told(checks, 'key')).toEqual([
      'ok: key good (ES256) is usable',
      'not_applicable: key enc (RSA) is not used: it is not meant for signatures',
      'failed: key short (RS256) is refused: its RSA modulus is not 2048 to 8192 bits long',
      'failed: key shared??x (oct) is refused: it is no public key',
      'failed: key without kid (of no kind) is refused: it is no public key',
    ]);
    expect(JSON.stringify(checks)).not.toContain('canary');
  });

  test.each([
    ['{"keys":[]}', /failed: .* gives 0 key\(s\), 0 of them usable/],
    ['error=nothing', /failed: .* gives no usable key set: not_json/],
    ['{"key":1}', /no usable key set: no_keys_array/],
  ])('that are none are told: %s', async (body, expected) => {
    const url = await serve({ '/keys': { body } });
    const value = `${url}/keys`;
    expect(told(await examine({ certificates: { type: 'JWKS', value } }), 'key_set')[0]).toMatch(expected);
  });

  test('of certificates are told, and missing ones', async () => {
    const value = new CertificateAuthority('x').issue('signer').certificate;
    expect(told(await examine({ certificates: { type: 'PEM', value } }), 'key_set')[0]).toMatch(
      /^ok: 1 key\(s\) of certificates: (RSA|EC)$/,
    );
  });
});

describe('introspection', () => {
  test('with wrong credentials is told as that, without them', async () => {
    const additionalProperties = { client_id: 'gatehouse', client_secret: 'wrong-canary' };
    const checks = await examine({ additionalProperties });
    expect(told(checks, 'introspection')).toEqual(['failed: the endpoint refuses our credentials (status 401)']);
    expect(JSON.stringify(checks)).not.toContain('wrong-canary');
  });

  test('that calls a made-up token active is an alarm, whatever else it says of it', async () => {
    for (const body of [
      '{"active":true}',
      '{"active":true,"exp":9999999999}',
      '{"active":true,"token_type":"Refresh"}',
    ]) {
      server.fault(PATHS.introspection, { kind: 'garbage', body });
      expect(told(await examine(), 'introspection')[0]).toMatch(/made-up token active: every token would pass/);
    }
  });

  test.each([
    [{ kind: 'status', status: 500 } as const, /no answer that counts: status 500/],
    [{ kind: 'garbage', body: '{"active":"false"}' } as const, /no answer that counts: active_not_boolean/],
    [{ kind: 'hang' } as const, /no answer that counts: timeout/],
  ])('that fails is told: %j', async (fault, expected) => {
    server.fault(PATHS.introspection, fault);
    if (fault.kind === 'hang') timeoutMs = 1_000;
    expect(told(await examine(), 'introspection')[0]).toMatch(expected);
  });

  test('is not looked at where there is none', async () => {
    expect(
      told(await examine({ introspectionEndpoint: 'none', additionalProperties: {} }), 'introspection')[0],
    ).toMatch(/^not_applicable/);
  });
});

describe('a sample token', () => {
  test.each([
    [
      'of another issuer',
      () => ({ iss: 'https://other.example' }),
      /says iss https:\/\/other\.example, the key manager has/,
    ],
    ['that is expired', () => ({ exp: 1_700_000_000, iat: 1_699_999_000 }), /failed: token_expired/],
    ['without a client', () => ({ azp: undefined }), /failed: (client_missing|the token names no client)/],
    ['for somebody else', () => ({ aud: 'other' }), /warning: the token is for other, the key manager wants api/],
  ])('%s is told with the reason', async (_what, claims, expected) => {
    const token = server.mint({ azp: 'shop', aud: 'api', ...claims() });
    expect(told(await examine({}, token), 'token').join('\n')).toMatch(expected);
  });

  test('with a changed signature is told as that', async () => {
    const token = server.mint({ azp: 'shop', aud: 'api' });
    const spoilt = `${token.slice(0, -20)}${token.endsWith('A'.repeat(20)) ? 'B'.repeat(20) : 'A'.repeat(20)}`;
    expect(told(await examine({}, spoilt), 'token')[0]).toMatch(/^failed: signature_invalid/);
  });

  test('that is opaque is asked about', async () => {
    const token = server.mintOpaque({ client_id: 'shop', azp: 'shop', aud: 'api' });
    expect(told(await examine({}, token), 'token')[0]).toMatch(/vouches for the token; client shop/);
    server.revoke(token);
    expect(told(await examine({}, token), 'token')[0]).toMatch(/^failed: token_inactive/);
  });

  test('that no rule claims is told as that, and goes nowhere', async () => {
    const before = server.requests(PATHS.introspection);
    const tokenValidation = [{ id: 1, enable: true, type: 'REFERENCE' as const, value: 'km_[a-z]+' }];
    const checks = await examine({ tokenValidation }, 'other_token');
    expect(told(checks, 'token')[0]).toMatch(/no token handling rule of the key manager claims this opaque token/);
    expect(server.requests(PATHS.introspection)).toBe(before + 1);
  });
});

describe('TLS', () => {
  const authority = new CertificateAuthority('own');
  async function secure({ certificate, key }: IssuedCertificate) {
    const one = createHttpsServer({ cert: certificate, key }, (_request, response) => response.end('{"keys":[]}'));
    servers.push(one);
    await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    return `https://localhost:${(one.address() as AddressInfo).port}`;
  }
  const look = async (url: string, tls: Record<string, unknown>) =>
    told(
      await examine({
        certificates: { type: 'JWKS', value: `${url}/keys` },
        additionalProperties: { client_id: 'gatehouse', client_secret: SECRET, tls },
      }),
      'tls',
    );

  test('is told with protocol, dates and names, and why a certificate is refused', async () => {
    const url = await secure(authority.issue('localhost'));
    const [trusted] = await look(url, { ca: authority.certificate });
    expect(trusted).toMatch(
      /^(ok|warning): https:\/\/localhost:\d+: TLSv1\.3, valid until 20\d\d-\d\d-\d\d, for DNS:localhost/,
    );
    expect((await look(url, {}))[0]).toMatch(/^failed: .*refused: certificate_untrusted$/);
    expect((await look(url, { ca: authority.certificate, serverName: 'other.example' }))[0]).toMatch(
      /^failed: .*refused: certificate_name_mismatch$/,
    );
  });

  test('that is none is told', async () => {
    const url = (await serve({})).replace('http:', 'https:');
    expect((await look(url, {}))[0]).toMatch(/^failed: .*cannot be asked: tls_failed$/);
  });
});

describe('discover', () => {
  const diagnose = keyManagerDiagnosis({
    types: BUILT_IN_TYPES,
    superTenant: 'o',
    find: () => undefined,
    inForce: () => undefined,
    door,
    fetchKeySet: async () => ({ problem: 'none' }),
    timeoutMs: TIMEOUT_MS,
    maxBytes: 65_536,
    now: Date.now,
    tokens: new ProverSample().prover,
    introspector: { ask: () => Promise.reject(new Error('not asked')) },
    madeUpToken: () => MADE_UP,
  });

  test('makes a DTO of a real document', async () => {
    const found = await diagnose.discover(`${server.url}${PATHS.discovery}`, 'CustomKeyManager');
    expect(found).toMatchObject({
      kind: 'discovered',
      dto: {
        type: 'CustomKeyManager',
        issuer: server.issuer,
        wellKnownEndpoint: `${server.url}${PATHS.discovery}`,
        certificates: { type: 'JWKS', value: `${server.url}${PATHS.jwks}` },
        tokenEndpoint: `${server.url}${PATHS.token}`,
      },
    });
  });

  test.each([
    ['http://127.0.0.1:1/.well-known/openid-configuration', /cannot be asked: econnrefused/],
    ['nonsense', /cannot be asked: url_refused/],
    ['file:///etc/passwd', /cannot be asked: url_refused/],
    ['http://169.254.169.254/latest/meta-data', /cannot be asked: (url_refused|address_refused)/],
  ])('says why %s is no good, and does not repeat it', async (url, expected) => {
    const found = await diagnose.discover(url, 'CustomKeyManager');
    expect(found).toMatchObject({ kind: 'failed', reason: expect.stringMatching(expected) });
    expect(JSON.stringify(found)).not.toContain(url);
  });

  test('says what is wrong with the type and with the document', async () => {
    expect(await diagnose.discover(`${server.url}${PATHS.discovery}`, 'Nobody')).toMatchObject({
      reason: expect.stringMatching(/type is not known/),
    });
    expect(await diagnose.discover(`${server.url}${PATHS.jwks}`, 'CustomKeyManager')).toMatchObject({
      reason: expect.stringMatching(/issuer is missing/),
    });
    expect(await diagnose.discover(`${server.url}/nothing`, 'CustomKeyManager')).toMatchObject({
      reason: expect.stringMatching(/status 404/),
    });
  });
});
