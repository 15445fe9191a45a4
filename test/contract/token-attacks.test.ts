// Hostile tokens, one table for each kind of attack: all of them end as 401 `invalid_token`, none as an allow or a fault, and nothing in
// them leads anybody to a server of the attacker.

import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base64url, jwks, NOW } from '../unit/tokens/token-sample.ts';
import { AttackWorld, ISSUER_A, ISSUER_B, sha256 } from './attack-world.ts';

let world: AttackWorld;
let judged = 0;
beforeAll(async () => {
  world = await AttackWorld.start();
  expect(await world.outcome(world.token())).toBe('allowed');
});
afterAll(async () => {
  process.stdout.write(`token attacks: ${judged} tokens, 0 allowed\n`);
  await world[Symbol.asyncDispose]();
});

type Make = (world: AttackWorld) => string;
type Row = readonly [what: string, make: Make, reason: string];

/** Each row: refused for this reason, under `path`. */
function attacks(title: string, rows: readonly Row[], path = '/a/menu') {
  describe(title, () => {
    test.each(rows)('%s', async (_what, make, reason) => {
      judged++;
      expect(await world.refused(make(world), path)).toBe(reason);
    });
  });
}

const good = (w: AttackWorld) => w.token();
const parts = (token: string) => token.split('.') as [string, string, string];
const withSignature = (token: string, signature: string) => `${parts(token).slice(0, 2).join('.')}.${signature}`;
const payload = { iss: ISSUER_A, azp: 'client-1', scope: 'read', iat: NOW - 60, exp: NOW + 600 };
const unsigned = (header: unknown, signature = 'AAAA') => `${base64url(header)}.${base64url(payload)}.${signature}`;

attacks('A1: a token without a signature', [
  ...['none', 'None', 'NONE', 'nOnE'].flatMap((alg): Row[] => [
    [`alg ${alg}, nothing after the dot`, () => unsigned({ alg }, ''), 'token_malformed'],
    [`alg ${alg}, something after the dot`, () => unsigned({ alg }), 'algorithm_not_allowed'],
    [`alg ${alg}, the signature of a good token`, (w) => w.token({}, { alg }), 'algorithm_not_allowed'],
  ]),
  ['a good token, its signature taken away', (w) => withSignature(good(w), ''), 'token_malformed'],
  ['a good token, two parts', (w) => parts(good(w)).slice(0, 2).join('.'), 'opaque_token_unsupported'],
  ['no alg', () => unsigned({}), 'opaque_token_unsupported'],
  ['alg a list', () => unsigned({ alg: ['none', 'ES256'] }), 'opaque_token_unsupported'],
  ['alg null', () => unsigned({ alg: null }), 'opaque_token_unsupported'],
]);

const hmac = (alg: string, secret: string | Buffer, kid: string) => {
  const input = `${base64url({ alg, kid })}.${base64url(payload)}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url')}`;
};
const spellings = (w: AttackWorld, of: 'keyA' | 'rsaA'): [string, string | Buffer][] => {
  const { publicKey, jwk } = w[of];
  const { x, y } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from('04', 'hex'),
    Buffer.from(`${x}`, 'base64url'),
    Buffer.from(`${y}`, 'base64url'),
  ]);
  return [
    ['PEM', String(publicKey.export({ type: 'spki', format: 'pem' }))],
    ['PEM without the last line break', String(publicKey.export({ type: 'spki', format: 'pem' })).trimEnd()],
    ['DER', publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', JSON.stringify(jwk)],
    ['JWKS', jwks(w[of])],
    ['ssh', `ecdsa-sha2-nistp256 ${point.toString('base64')}`],
    ['nothing', ''],
  ];
};

describe('A2: the public key used as a secret', () => {
  test.each(['keyA', 'rsaA'] as const)('%s in every spelling, with every HMAC', async (of) => {
    for (const [, secret] of spellings(world, of))
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        judged++;
        expect(await world.refused(hmac(alg, secret, of === 'keyA' ? 'k1' : 'r1'))).toBe('algorithm_not_allowed');
      }
  });
});

attacks('A3: an algorithm that is not the key’s', [
  ['RS256 with the kid of an EC key', (w) => w.token({}, { alg: 'RS256', kid: 'k1' }, w.rsaA), 'key_not_found'],
  ['ES256 with the kid of an RSA key', (w) => w.token({}, { kid: 'r1' }), 'key_not_found'],
  ['PS256 where only RS256 is accepted', (w) => w.token({}, { alg: 'PS256' }, w.rsaA), 'algorithm_not_allowed'],
  ['ES384 over an ES256 signature', (w) => w.token({}, { alg: 'ES384' }), 'algorithm_not_allowed'],
  ['EdDSA over an ES256 signature', (w) => w.token({}, { alg: 'EdDSA' }), 'algorithm_not_allowed'],
  ['es256 in lower case', (w) => w.token({}, { alg: 'es256' }), 'algorithm_not_allowed'],
  ['a name on the prototype', (w) => w.token({}, { alg: 'constructor' }), 'algorithm_not_allowed'],
  ['RS256 without kid, signed as ES256', (w) => w.token({}, { alg: 'RS256', kid: undefined }), 'signature_invalid'],
]);

attacks('A4: a key id as a weapon', [
  ...['', 0, 1, null, true, {}, ['k1'], { k1: 1 }, 'k'.repeat(257), 'k'.repeat(10_000)].map(
    (kid): Row => [JSON.stringify(kid).slice(0, 20), (w) => w.token({}, { kid }), 'jose_header_refused'],
  ),
]);

describe('A4: a key id that names no key', () => {
  test.each([
    ...['../../etc/passwd', "k1' OR '1'='1", 'k1\u0000', 'k1 ', 'K1', '__proto__', 'constructor', 'toString'],
    // Cyrillic к and full-width 1.
    ...['к1', 'k１', '*', '%6b1', 'https://evil.example/k1'],
  ])('%j never verifies anything, however often it comes', async (kid) => {
    for (let n = 0; n < 2; n++) {
      judged++;
      expect(['key_not_found', 'key_set_refreshing']).toContain(await world.outcome(world.token({}, { kid })));
    }
  });
});

describe('A5: a header that brings or points to a key of the attacker', () => {
  const certificate = Buffer.from('not looked at').toString('base64');
  test.each(['jku', 'x5u', 'jwk', 'x5c', 'x5t', 'x5t#S256', 'all'])('%s', async (name) => {
    const { attacker, trap } = world;
    trap.body = jwks(attacker);
    const members: Record<string, unknown> = {
      ...{ jku: trap.url(), x5u: trap.url('/cert'), jwk: attacker.jwk, x5c: [certificate] },
      ...{ x5t: createHash('sha1').update('x').digest('base64url'), 'x5t#S256': sha256('x').slice(0, 43) },
    };
    const header = name === 'all' ? members : { [name]: members[name] };
    judged += 2;
    expect(await world.refused(world.token({}, header, attacker))).toBe('signature_invalid');
    expect(['key_not_found', 'signature_invalid']).toContain(
      await world.refused(world.token({}, { ...header, kid: undefined, alg: 'ES256' }, attacker)),
    );
    // Real servers send them in good tokens: by themselves they are no reason to refuse.
    expect(await world.outcome(world.token({ name }, header))).toBe('allowed');
  });
});

const nested = (w: AttackWorld) => `${base64url({ alg: 'ES256', cty: 'JWT' })}.${base64url(good(w))}.AAAA`;
const jwe = (header: Record<string, unknown>) =>
  [base64url(header), 'AAAA', 'AAAA', deflateRawSync(Buffer.alloc(1_000_000)).toString('base64url'), 'AAAA'].join('.');

attacks('A6: extensions, other serialisations and encryption', [
  ['crit with an unknown name', (w) => w.token({}, { crit: ['exp'] }), 'jose_header_refused'],
  ['crit empty', (w) => w.token({}, { crit: [] }), 'jose_header_refused'],
  ['crit with b64 true', (w) => w.token({}, { crit: ['b64'], b64: true }), 'jose_header_refused'],
  ['b64 false', (w) => w.token({}, { b64: false }), 'jose_header_refused'],
  ['zip DEF', (w) => w.token({}, { zip: 'DEF' }), 'jose_header_refused'],
  ['a nested token', nested, 'token_malformed'],
  [
    'a detached payload',
    (w) =>
      parts(good(w))
        .map((part, n) => (n === 1 ? '' : part))
        .join('.'),
    'token_malformed',
  ],
  [
    'a JWE with ten million iterations',
    () => jwe({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e7 }),
    'opaque_token_unsupported',
  ],
  ['a JWE with a zip bomb', () => jwe({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }), 'opaque_token_unsupported'],
]);

test('A6: all that is settled before any crypto and any wait', () => {
  for (const token of [world.token({}, { crit: ['exp'] }), nested(world), jwe({ alg: 'dir', zip: 'DEF' })])
    expect(world.decide(token)).not.toBeInstanceOf(Promise);
  const json = JSON.stringify({ payload: base64url(payload), signatures: [] });
  // Commas part credentials: 400, before anything is read.
  expect(world.decide(json)).toMatchObject({ outcome: 'deny', reason: 'multiple_credentials' });
});

const raw = (w: AttackWorld, body: string | Buffer, header: string | undefined = undefined) => {
  const head = Buffer.from(header ?? JSON.stringify({ alg: 'ES256', kid: 'k1' })).toString('base64url');
  const input = `${head}.${Buffer.from(body).toString('base64url')}`;
  const options = { key: w.keyA.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign('sha256', Buffer.from(input), options).toString('base64url')}`;
};
const body = (more: string) => JSON.stringify(payload).replace(/}$/, `,${more}}`);

attacks('A7: text that two parsers read differently', [
  ['iss twice, the last one right', (w) => raw(w, body(`"iss":"x"`).replace(/^{/, `{"iss":"y",`)), 'claims_malformed'],
  ['exp twice', (w) => raw(w, body(`"exp":${NOW + 9}`)), 'claims_malformed'],
  ['azp twice, one spelled with an escape', (w) => raw(w, body('"\\u0061zp":"admin"')), 'claims_malformed'],
  ['a member twice deep inside', (w) => raw(w, body('"x":{"a":1,"a":2}')), 'claims_malformed'],
  ['alg twice', (w) => raw(w, body('"x":1'), '{"alg":"none","alg":"ES256","kid":"k1"}'), 'jose_header_refused'],
  ['a byte order mark', (w) => raw(w, `\ufeff${JSON.stringify(payload)}`), 'token_malformed'],
  [
    'a byte order mark in the header',
    (w) => raw(w, body('"x":1'), '\ufeff{"alg":"ES256"}'),
    'opaque_token_unsupported',
  ],
  [
    'bytes that are not UTF-8',
    (w) => raw(w, Buffer.from([...Buffer.from('{"a":"'), 0xff, 0x22, 0x7d])),
    'token_malformed',
  ],
  ['a lone surrogate', (w) => raw(w, body('"sub":"\\ud800"')), 'claims_malformed'],
  ['NUL in the subject', (w) => w.token({ sub: 'ali\u0000ce' }), 'claims_malformed'],
  ['a trailing comma', (w) => raw(w, `${JSON.stringify(payload).slice(0, -1)},}`), 'token_malformed'],
  ['a comment', (w) => raw(w, `/**/${JSON.stringify(payload)}`), 'token_malformed'],
  ['a list of claims', (w) => raw(w, JSON.stringify([payload])), 'token_malformed'],
  ['40 levels', (w) => raw(w, body(`"x":${'['.repeat(40)}${']'.repeat(40)}`)), 'claims_malformed'],
]);

attacks('A7: an issuer that only looks the same', [
  ['decomposed (NFD)', (w) => w.token({ iss: ISSUER_A.normalize('NFD') }), 'issuer_unknown'],
  ['upper case', (w) => w.token({ iss: ISSUER_A.toUpperCase() }), 'issuer_unknown'],
  ['a slash more', (w) => w.token({ iss: `${ISSUER_A}/` }), 'issuer_unknown'],
  ['the default port', (w) => w.token({ iss: ISSUER_A.replace('a.example', 'a.example:443') }), 'issuer_unknown'],
  ['a homograph', (w) => w.token({ iss: ISSUER_A.replace('a.example', 'а.example') }), 'issuer_unknown'],
  ['percent-encoded', (w) => w.token({ iss: encodeURI(ISSUER_A) }), 'issuer_unknown'],
  ['a space at the end', (w) => w.token({ iss: `${ISSUER_A} ` }), 'issuer_unknown'],
  ['a prefix', (w) => w.token({ iss: ISSUER_A.slice(0, -1) }), 'issuer_unknown'],
  ['user info', (w) => w.token({ iss: `https://a.example@evil.example` }), 'issuer_unknown'],
  ['a list', (w) => w.token({ iss: [ISSUER_A] }), 'issuer_missing'],
  ['nothing', (w) => w.token({ iss: '' }), 'issuer_unknown'],
  ['absent', (w) => w.token({ iss: undefined }), 'key_manager_not_allowed'],
]);

/** Another text for the same bytes: the unused bits of the last character are set. */
const unusedBits = (part: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + (alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1] ?? 'B');
};

describe('A8: a token spelled anew after it was revoked', () => {
  test.each<[string, (token: string) => string, string]>([
    ['as it was', (token) => token, 'token_revoked'],
    ['unused bits set', (token) => withSignature(token, unusedBits(parts(token)[2])), 'token_malformed'],
    ['padded', (token) => `${token}==`, 'token_malformed'],
    ['the other alphabet', (token) => token.replaceAll('-', '+').replaceAll('_', '/'), 'token_malformed'],
    ['a space inside', (token) => token.replace('.', '. '), 'token_malformed'],
    [
      'the other signature of the same key (n − s)',
      (token) => {
        const n = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
        const signature = Buffer.from(parts(token)[2], 'base64url');
        const s = n - BigInt(`0x${signature.subarray(32).toString('hex')}`);
        const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
        return withSignature(token, other.toString('base64url'));
      },
      'token_revoked',
    ],
  ])('%s', async (what, respell, reason) => {
    // Of this subject some three bytes are spelled differently in the two alphabets, however they are aligned.
    const token = world.token({ sub: '???a???a???', jti: 'revoked' });
    expect(await world.outcome(token)).toBe('allowed');
    world.revoked = (subject) => subject.tokenHash() === sha256(parts(token).slice(0, 2).join('.'));
    judged++;
    const respelled = respell(token);
    expect(respelled === token).toBe(what === 'as it was');
    expect(await world.refused(respelled)).toBe(reason);
    world.revoked = () => false;
  });
});

attacks('A9: one key manager’s token at another’s door', [
  ['A’s issuer, B’s key under the same kid', (w) => w.token({}, {}, w.keyB), 'signature_invalid'],
  ['B’s issuer, A’s key under the same kid, at A’s API', (w) => w.token({ iss: ISSUER_B }), 'key_manager_not_allowed'],
  ['B’s good token at A’s API', (w) => w.token({ iss: ISSUER_B }, {}, w.keyB), 'key_manager_not_allowed'],
  ['a token of nobody', (w) => w.token({ iss: 'https://evil.example' }, {}, w.attacker), 'issuer_unknown'],
  [
    'A’s token with B’s signature pasted on',
    (w) => withSignature(good(w), parts(w.token({}, {}, w.keyB))[2]),
    'signature_invalid',
  ],
]);
attacks(
  'A9: the same at B’s door',
  [['B’s issuer, A’s key under the same kid', (w) => w.token({ iss: ISSUER_B }), 'signature_invalid']],
  '/b/menu',
);

attacks('A10: another kind of token used as an access token', [
  ...[
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'id_token+jwt',
    'client-authentication+jwt',
    'application/Logout+JWT',
    'kb+jwt',
    'jose',
  ].map((typ): Row => [`header typ ${typ}`, (w) => w.token({}, { typ }), 'token_type_refused']),
  ...(
    [
      ['typ', 'ID'],
      ['typ', 'Refresh'],
      ['typ', ['Bearer', 'ID']],
      ['token_use', 'id'],
      ['token_use', ['access', 'id']],
      ['token_use', null],
      ['at_hash', 'x'],
      ['c_hash', null],
      ['events', { 'http://schemas.openid.net/event/backchannel-logout': {} }],
    ] as const
  ).map(
    ([claim, value]): Row => [
      `claim ${claim} ${JSON.stringify(value)}`,
      (w) => w.token({ [claim]: value }),
      'token_type_refused',
    ],
  ),
  [
    'a DPoP-bound token as a bearer token',
    (w) => w.token({ cnf: { jkt: 'x'.repeat(43) } }),
    'sender_constrained_unsupported',
  ],
  [
    'a certificate-bound token without certificate',
    (w) => w.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
    'sender_constrained_unsupported',
  ],
]);

test('A10: nonce alone is in access tokens of real servers, and no mark', async () => {
  expect(await world.outcome(world.token({ nonce: 'n' }))).toBe('allowed');
});

attacks('A11: an audience of the wrong form', [
  ...[1, null, {}, [1], ['https://api.example', 1], [['https://api.example']]].map(
    (aud): Row => [JSON.stringify(aud), (w) => w.token({ aud }), 'claims_malformed'],
  ),
]);

test.each([
  undefined,
  '',
  [],
  [''],
  'https://other.example',
  ['https://api.example/'],
  'https://api.exampl',
  'HTTPS://API.EXAMPLE',
])('A11: an API that states an audience takes no token for %j', async (aud) => {
  judged++;
  expect(await world.outcome(world.token({ aud }), '/audience/menu')).toBe('audience_not_accepted');
  expect(await world.outcome(world.token({ aud: ['x', 'https://api.example'] }), '/audience/menu')).toBe('allowed');
});

const number = (name: string, text: string) => (w: AttackWorld) =>
  raw(w, JSON.stringify({ ...payload, [name]: 0 }).replace(`"${name}":0`, `"${name}":${text}`));

attacks('A12: times', [
  ...[
    '"1900000000"',
    'null',
    '[]',
    '{}',
    'true',
    '-1',
    '0',
    '-0',
    '1e300',
    '1e999',
    '9007199254740993',
    '9223372036854775',
  ].map((text): Row => [`exp ${text}`, number('exp', text), 'claims_malformed']),
  ['exp absent', (w) => w.token({ exp: undefined }), 'claims_malformed'],
  ['exp past', (w) => w.token({ exp: NOW - 31, iat: NOW - 90 }), 'token_expired'],
  ['exp past by a fraction', (w) => w.token({ exp: NOW - 30.5, iat: NOW - 90 }), 'token_expired'],
  ['exp a year ahead', (w) => w.token({ exp: NOW + 31_536_000 }), 'token_lifetime_excessive'],
  [
    'exp a year ahead and no iat',
    (w) => w.token({ exp: NOW + 31_536_000, iat: undefined }),
    'token_lifetime_excessive',
  ],
  ...['"0"', 'null', '-1', '1e999'].map((text): Row => [`nbf ${text}`, number('nbf', text), 'claims_malformed']),
  ['nbf ahead', (w) => w.token({ nbf: NOW + 31 }), 'token_not_yet_valid'],
  ['nbf after exp', (w) => w.token({ nbf: NOW + 601 }), 'claims_malformed'],
  ...['"0"', 'null', '-1', '1e999'].map((text): Row => [`iat ${text}`, number('iat', text), 'claims_malformed']),
  ['iat ahead', (w) => w.token({ iat: NOW + 31 }), 'token_not_yet_valid'],
]);

attacks('A22: control characters on their way into headers, logs and challenges', [
  ...['sub', 'jti', 'azp', 'scope', 'iss'].flatMap((claim) =>
    ['a\r\nx-admin: 1', 'a\nb', 'a\u0000b', 'a\u007f', 'a\u001b[31m'].map(
      (text): Row => [
        `${claim} ${JSON.stringify(text)}`,
        (w) => w.token({ [claim]: text }),
        claim === 'iss' ? 'issuer_unknown' : 'claims_malformed',
      ],
    ),
  ),
]);

describe('A31: names on the prototype', () => {
  const hostile = '{"__proto__":{"scope":"admin","polluted":1},"constructor":{"prototype":{"polluted":1}}';
  test('claims that are named so are claims, and nothing else', async () => {
    judged++;
    const text = JSON.stringify(payload).replace(/^{/, `${hostile},`);
    expect(await world.outcome(raw(world, text))).toBe('allowed');
    expect(await world.outcome(raw(world, text), '/scoped/menu')).toBe('scope_missing');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    '%s as issuer, client or scope',
    async (name) => {
      judged += 3;
      expect(await world.refused(world.token({ iss: name }))).toBe('issuer_unknown');
      expect(await world.outcome(world.token({ azp: name }))).toBe('application_not_found');
      expect(await world.outcome(world.token({ scope: name }), '/scoped/menu')).toBe('scope_missing');
    },
  );
});

test('what is wrong with a token does not tell its time: a huge one is refused by its length', async () => {
  for (const text of ['.'.repeat(8_000_000), 'A'.repeat(8_000_000), `${good(world)}${'A'.repeat(20_000)}`])
    expect(await world.refused(text)).toBe('token_too_large');
});

test('a token signed by a key that nobody publishes any more is refused, whatever curve it is on', async () => {
  for (const namedCurve of ['P-256', 'P-384', 'secp256k1']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const key = { privateKey, publicKey, jwk: { kid: 'k1' } };
    judged++;
    expect(await world.refused(world.token({ namedCurve }, {}, key))).toBe('signature_invalid');
  }
});
