import { expect, test } from 'vitest';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';
import { judgeKeyManager, type KeyManagerOrigin } from '../../../src/keymanagers/judge-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';
import { dto } from './key-manager-sample.ts';

const asked: string[] = [];
const checks = {
  urlProblem: (url: string) => (url.startsWith('https://') ? undefined : 'must begin with https://'),
  pemProblem: (value: string) => {
    asked.push(value);
    return value.includes('BEGIN') ? undefined : 'holds no PEM certificate or public key';
  },
};
const describe = (changes: Partial<KeyManagerDto>, origin: KeyManagerOrigin = 'admin_side') =>
  judgeKeyManager(dto(changes), { types: BUILT_IN_TYPES, checks, origin });

test('tells the catalog what it must compare', () => {
  const tokenValidation = [{ id: 1, enable: true, type: 'JWT', value: { body: { tenant: 'blue' } } }] as const;
  expect(
    describe({ tokenValidation, additionalProperties: { issuers: ['https://alias.example', 'https://idp.example/'] } }),
  ).toMatchObject({
    enabled: true,
    issuers: ['https://idp.example/', 'https://alias.example'],
    jwtRules: [{ tenant: 'blue' }],
  });
  expect(describe({ enabled: false })).toMatchObject({ enabled: false });
});

test.each<[string, Partial<KeyManagerDto>, string, string]>([
  ['an unknown type', { type: 'Keycloak' }, 'type', 'KeyCloak'],
  ['a type out of the prototype', { type: '__proto__' }, 'type', 'known types'],
  ['self-validation without issuer', { issuer: undefined }, 'issuer', 'enableSelfValidationJWT'],
  ['self-validation with an empty issuer', { issuer: '' }, 'issuer', 'exact `iss`'],
  ['self-validation without certificates', { certificates: undefined }, 'certificates', 'JWKS'],
  ['certificates without a type', { certificates: { value: 'x' } }, 'certificates', 'type JWKS'],
  ['white space around the issuer', { issuer: ' https://idp.example/' }, 'issuer', 'white space'],
  [
    'a JWKS that cannot be fetched',
    { certificates: { type: 'JWKS', value: 'none' } },
    'certificates.value',
    'https://',
  ],
  ['PEM that cannot be read', { certificates: { type: 'PEM', value: 'x' } }, 'certificates.value', 'no PEM'],
  ['aud as consumer key', { consumerKeyClaim: 'aud' }, 'consumerKeyClaim', 'azp or client_id'],
  ['aud as consumer key by pointer', { consumerKeyClaim: '/aud/0' }, 'consumerKeyClaim', 'aud'],
  [
    'aud among several',
    { additionalProperties: { consumerKeyClaims: ['azp', 'aud'] } },
    'additionalProperties.consumerKeyClaims',
    'aud',
  ],
  [
    'an unknown algorithm',
    { additionalProperties: { algorithms: ['HS256'] } },
    'additionalProperties.algorithms',
    'RS256',
  ],
  ['algorithm none', { additionalProperties: { algorithms: ['none'] } }, 'additionalProperties.algorithms', 'ES256'],
  [
    'an unknown profile',
    { additionalProperties: { profile: 'loose' } },
    'additionalProperties.profile',
    'strict9068, standard, lenient',
  ],
  [
    'a profile out of the prototype',
    { additionalProperties: { profile: 'toString' } },
    'additionalProperties.profile',
    'lenient',
  ],
  [
    'too much skew',
    { additionalProperties: { clockSkewSeconds: 301 } },
    'additionalProperties.clockSkewSeconds',
    '0 to 300',
  ],
  [
    'negative skew',
    { additionalProperties: { clockSkewSeconds: -1 } },
    'additionalProperties.clockSkewSeconds',
    '0 to 300',
  ],
  [
    'skew as text',
    { additionalProperties: { clockSkewSeconds: '30' } },
    'additionalProperties.clockSkewSeconds',
    'whole number',
  ],
  [
    'no lifetime',
    { additionalProperties: { maxLifetimeSeconds: 0 } },
    'additionalProperties.maxLifetimeSeconds',
    'from 1',
  ],
  [
    'adminTokens as text',
    { additionalProperties: { adminTokens: 'yes' } },
    'additionalProperties.adminTokens',
    'true or false',
  ],
  [
    'an issuer that is no text',
    { additionalProperties: { issuers: [1] } },
    'additionalProperties.issuers',
    'list of texts',
  ],
  ['an empty audience', { additionalProperties: { audiences: [''] } }, 'additionalProperties.audiences', 'empty'],
])('refuses %s, naming the field and the way out', (_what, changes, field, message) => {
  const told = describe(changes);
  expect(told).toHaveProperty('problems');
  expect('problems' in told && told.problems.find((problem) => problem.field === field)?.message).toContain(message);
});

test.each([
  ['issuers', 64],
  ['audience', 64],
  ['audiences', 64],
  ['consumerKeyClaims', 16],
])('takes as many additionalProperties.%s as are ever needed, %i, and no more', (name, most) => {
  const texts = (count: number) => Array.from({ length: count }, (_, index) => `text-${index}`);
  expect(describe({ additionalProperties: { [name]: texts(most) } })).not.toHaveProperty('problems');
  expect(describe({ additionalProperties: { [name]: texts(most + 1) } })).toEqual({
    problems: [{ field: `additionalProperties.${name}`, message: `is too long a list; give at most ${most} item(s)` }],
  });
});

test('takes no more algorithms than there are', () => {
  expect(describe({ additionalProperties: { algorithms: Array(1000).fill('RS256') } })).toEqual({
    problems: [{ field: 'additionalProperties.algorithms', message: expect.stringContaining('is too long a list') }],
  });
});

test('takes 16 claims in one token handling rule and no more', () => {
  const rule = (claims: number) => {
    const body = Object.fromEntries(Array.from({ length: claims }, (_, index) => [`claim-${index}`, 'x']));
    return { type: 'JWT' as const, value: { body } };
  };
  expect(describe({ tokenValidation: [rule(16)] })).not.toHaveProperty('problems');
  expect(describe({ tokenValidation: [rule(1), rule(17)] })).toEqual({
    problems: [{ field: 'tokenValidation[1].value.body', message: 'has too many claims; give at most 16 in one rule' }],
  });
});

test('names every problem at once', () => {
  const told = describe({ issuer: '', certificates: undefined, additionalProperties: { profile: 1, adminTokens: 2 } });
  expect('problems' in told && told.problems.map(({ field }) => field).sort()).toEqual([
    'additionalProperties.adminTokens',
    'additionalProperties.profile',
    'certificates',
    'issuer',
  ]);
});

test.each<[string, Partial<KeyManagerDto>]>([
  [
    'no issuer and no keys where JWTs are introspected',
    { enableSelfValidationJWT: false, issuer: undefined, certificates: undefined },
  ],
  [
    'no issuer and no keys where tokens are only exchanged',
    { tokenType: 'EXCHANGED', issuer: undefined, certificates: undefined },
  ],
  ['the word none for an endpoint', { introspectionEndpoint: 'none', revokeEndpoint: 'none' }],
  ['empty claims', { consumerKeyClaim: '', scopesClaim: '' }],
  ['aud for ForgeRock', { type: 'Forgerock', consumerKeyClaim: 'aud' }],
  [
    "properties that are the connector's",
    { type: 'Auth0', additionalProperties: { audience: '', client_secret: 's', anything: { a: 1 } } },
  ],
  ['PEM that can be read', { certificates: { type: 'PEM', value: '-----BEGIN CERTIFICATE-----' } }],
])('takes %s', (_what, changes) => {
  expect(describe(changes)).not.toHaveProperty('problems');
});

test('hands PEM on as it was written', () => {
  describe({ certificates: { type: 'PEM', value: '-----BEGIN A+B' } });
  expect(asked).toContain('-----BEGIN A+B');
});

test('a caller of the admin side cannot mark a key manager for the admin side, the catalog file can', () => {
  const marked = { additionalProperties: { adminTokens: true, audience: 'gatehouse-admin' } };
  expect(describe(marked)).toEqual({
    problems: [{ field: 'additionalProperties.adminTokens', message: expect.stringContaining('catalog file') }],
  });
  expect(describe(marked, 'catalog_file')).not.toHaveProperty('problems');
});

test('a key manager without an issuer needs a literal rule that tells its tokens', () => {
  expect(describe({ issuer: undefined })).toMatchObject({ problems: [{ field: 'issuer' }] });
  const tokenValidation = [{ enable: true, type: 'JWT' as const, value: { body: { env: 'dmz' } } }];
  expect(describe({ issuer: undefined, tokenValidation })).toMatchObject({ issuers: [], jwtRules: [{ env: 'dmz' }] });
});

test('a caller of the admin side cannot have a file of this machine sent somewhere, the catalog file can', () => {
  const reading = { additionalProperties: { jwks: { authorizationFile: '/etc/shadow' } } };
  expect(describe(reading)).toEqual({
    problems: [
      { field: 'additionalProperties.jwks.authorizationFile', message: expect.stringContaining('catalog file') },
    ],
  });
  expect(describe(reading, 'catalog_file')).not.toHaveProperty('problems');
});

test.each<[string, Partial<KeyManagerDto>, string]>([
  ['a further key set', { additionalProperties: { jwks: { urls: ['ftp://x'] } } }, 'additionalProperties.jwks.urls'],
  ['the metadata', { wellKnownEndpoint: 'http://idp.example/.well-known' }, 'wellKnownEndpoint'],
  ['an endpoint that is only kept', { tokenEndpoint: 'idp.example/token' }, 'tokenEndpoint'],
  ['an endpoint with a password', { revokeEndpoint: 'https://a:b@idp.example' }, 'revokeEndpoint'],
  [
    'a further certificate',
    { certificates: undefined, additionalProperties: { certificates: ['x'] } },
    'additionalProperties.certificates',
  ],
  ['keys of two kinds', { additionalProperties: { certificates: ['-----BEGIN CERTIFICATE-----'] } }, 'certificates'],
  ['an unknown preset', { additionalProperties: { preset: 'toString' } }, 'additionalProperties.preset'],
  ['a preset that is no text', { additionalProperties: { preset: 7 } }, 'additionalProperties.preset'],
  ['a slip in a group', { additionalProperties: { limits: { rate: 7 } } }, 'additionalProperties.limits.rate'],
  ['a group that is none', { additionalProperties: { tls: 'yes' } }, 'additionalProperties.tls'],
  ['no limit at all', { additionalProperties: { limits: { burst: 0 } } }, 'additionalProperties.limits.burst'],
  ['an issuer that is a template', { issuer: 'https://idp.example/{tenant}' }, 'issuer'],
  [
    'tenants of a type without',
    { additionalProperties: { allowedTenants: ['a'] } },
    'additionalProperties.allowedTenants',
  ],
  [
    'a file for no key set',
    { certificates: { type: 'PEM', value: '-----BEGIN' }, additionalProperties: { jwks: { authorizationFile: '/x' } } },
    'additionalProperties.jwks.authorizationFile',
  ],
])('refuses %s by its field', (_what, changes, field) => {
  const told = describe(changes, 'catalog_file');
  expect('problems' in told && told.problems.map((problem) => problem.field)).toContain(field);
});

test.each<[string, Partial<KeyManagerDto>, readonly string[]]>([
  ['nothing, where all is said', { additionalProperties: { audiences: ['a'] } }, []],
  ['a missing audience', {}, ['states no audience']],
  [
    'opaque tokens without a rule',
    {
      introspectionEndpoint: 'https://idp.example/i',
      additionalProperties: { audiences: ['a'], introspection: { method: 'bearer', token: 't' } },
    },
    ['REFERENCE'],
  ],
  [
    'introspection without credentials',
    {
      introspectionEndpoint: 'https://idp.example/i',
      tokenValidation: [{ type: 'REFERENCE', value: 'x+' }],
      additionalProperties: { audiences: ['a'], introspection: { method: 'none' } },
    },
    ['private network'],
  ],
  [
    'tokens that nobody can judge',
    { enableSelfValidationJWT: false, additionalProperties: { audiences: ['a'] } },
    ['all of its tokens are denied'],
  ],
  [
    'keys that are written down',
    { certificates: { type: 'PEM', value: '-----BEGIN' }, additionalProperties: { audiences: ['a'] } },
    ['PEM'],
  ],
  ['nothing, where tokens are exchanged first', { tokenType: 'EXCHANGED' }, []],
])('warns of %s', (_what, changes, sentences) => {
  const told = describe(changes);
  if ('problems' in told) throw new Error(JSON.stringify(told.problems));
  expect(told.warnings).toEqual(sentences.map((sentence) => expect.stringContaining(sentence)));
});
