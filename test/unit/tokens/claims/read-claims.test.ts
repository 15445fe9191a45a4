import { expect, test } from 'vitest';
import { checkTimes } from '../../../../src/tokens/claims/check-times.ts';
import { readClaims } from '../../../../src/tokens/claims/read-claims.ts';
import { base64url, claims, keyManager, NOW, NOW_MS, readJwt, unprovedJwt } from '../token-sample.ts';

const sample = keyManager();
const judge = (payload: Record<string, unknown>, settings = sample, header: Record<string, unknown> = {}) =>
  readClaims(unprovedJwt(payload, header), settings, NOW_MS);
const reasonOf = (judged: ReturnType<typeof judge>) => ('reason' in judged ? judged.reason : 'accepted');
const without = (name: string) => {
  const { [name]: _left, ...rest } = claims();
  return rest;
};

test('reads the facts of a good token', () => {
  expect(judge(claims({ aud: ['a', 'b'], nbf: NOW, jti: 'j' }))).toEqual({
    keyManagerId: 'km-1',
    issuer: 'https://idp.example/',
    subject: 'alice',
    consumerKey: 'client-1',
    scopes: ['read', 'write'],
    audiences: ['a', 'b'],
    expiresAt: NOW + 600,
    notBefore: NOW,
    issuedAt: NOW - 60,
    jti: 'j',
    claims: {},
    certificateThumbprint: undefined,
  });
});

test.each([
  ['exp missing', without('exp'), 'claims_malformed'],
  ['exp a text', claims({ exp: String(NOW + 600) }), 'claims_malformed'],
  ['exp null', claims({ exp: null }), 'claims_malformed'],
  ['exp a list', claims({ exp: [NOW + 600] }), 'claims_malformed'],
  ['exp true', claims({ exp: true }), 'claims_malformed'],
  ['exp 0', claims({ exp: 0, iat: 0 }), 'claims_malformed'],
  ['exp negative', claims({ exp: -1 }), 'claims_malformed'],
  ['exp 1e300', claims({ exp: 1e300 }), 'claims_malformed'],
  ['exp beyond 2^53', claims({ exp: 9223372036854776 }), 'claims_malformed'],
  ['exp past by the skew', claims({ exp: NOW - 30 }), 'token_expired'],
  ['exp past within the skew', claims({ exp: NOW - 29 }), 'accepted'],
  ['exp a fraction', claims({ exp: NOW + 0.5 }), 'accepted'],
  ['nbf a text', claims({ nbf: String(NOW) }), 'claims_malformed'],
  ['nbf null', claims({ nbf: null }), 'claims_malformed'],
  ['nbf 0', claims({ nbf: 0 }), 'accepted'],
  ['nbf future within the skew', claims({ nbf: NOW + 30 }), 'accepted'],
  ['nbf future beyond the skew', claims({ nbf: NOW + 31 }), 'token_not_yet_valid'],
  ['nbf after exp', claims({ nbf: NOW + 20, exp: NOW + 10 }), 'claims_malformed'],
  ['iat a text', claims({ iat: 'now' }), 'claims_malformed'],
  ['iat negative', claims({ iat: -5 }), 'claims_malformed'],
  ['iat future within the skew', claims({ iat: NOW + 30 }), 'accepted'],
  ['iat future beyond the skew', claims({ iat: NOW + 31 }), 'token_not_yet_valid'],
  ['a life as long as allowed', claims({ iat: NOW, exp: NOW + 86_400 }), 'accepted'],
  ['a longer life', claims({ iat: NOW, exp: NOW + 86_401 }), 'token_lifetime_excessive'],
  ['a longer life, nearly over', claims({ iat: NOW - 86_400, exp: NOW + 10 }), 'token_lifetime_excessive'],
  ['no iat and a longer rest of life', { ...without('iat'), exp: NOW + 86_401 }, 'token_lifetime_excessive'],
  ['no iat', without('iat'), 'accepted'],
  ['iss missing', without('iss'), 'issuer_missing'],
  ['iss of another case', claims({ iss: 'https://IDP.example/' }), 'issuer_unknown'],
  ['iss without the slash', claims({ iss: 'https://idp.example' }), 'issuer_unknown'],
  ['sub a number', claims({ sub: 7 }), 'claims_malformed'],
  ['sub with NUL', claims({ sub: 'a\u0000b' }), 'claims_malformed'],
  ['jti a number', claims({ jti: 1 }), 'claims_malformed'],
  ['aud a number', claims({ aud: 1 }), 'claims_malformed'],
  ['aud with a number in it', claims({ aud: ['a', 1] }), 'claims_malformed'],
  ['aud null', claims({ aud: null }), 'claims_malformed'],
  ['aud an object', claims({ aud: { a: 1 } }), 'claims_malformed'],
  ['scope a number', claims({ scope: 1 }), 'claims_malformed'],
  ['scope an object', claims({ scope: { read: true } }), 'claims_malformed'],
  ['scope a list with a number in it', claims({ scope: ['a', 1] }), 'claims_malformed'],
  ['scope with a line break', claims({ scope: 'a\nb' }), 'claims_malformed'],
])('%s', (_what, payload, reason) => {
  expect(reasonOf(judge(payload))).toBe(reason);
});

test('a number that JSON can spell and a double cannot hold is no time', () => {
  const body = `{"iss":"https://idp.example/","exp":1e999}`;
  const token = readJwt(`${base64url({ alg: 'ES256' })}.${base64url(body)}.AAAA`);
  expect(readClaims(token, sample, NOW_MS)).toMatchObject({ reason: 'claims_malformed', evidence: { claim: 'exp' } });
});

test('times can be judged again later: what was good expires', () => {
  const facts = { expiresAt: NOW + 10, notBefore: undefined, issuedAt: NOW };
  expect(checkTimes(facts, sample, NOW_MS)).toBe('passed');
  expect(checkTimes(facts, sample, NOW_MS + 41_000)).toMatchObject({ reason: 'token_expired' });
});

test.each([
  ['a space-separated text', { scope: ' read  write ' }, ['read', 'write']],
  ['an empty text', { scope: '' }, []],
  ['a list', { scope: ['read', 'a b'] }, ['read', 'a b']],
  ['nothing', { scope: undefined }, []],
  ['the first claim present, never both', { scp: ['x'], scope: 'y' }, ['x']],
])('reads scopes from %s', (_what, changes, scopes) => {
  expect(judge(claims(changes), keyManager({ scopesClaims: ['scp', 'scope'] }))).toMatchObject({ scopes });
});

test('finds scopes behind a JSON pointer and in a claim whose name looks like a path', () => {
  const pointed = keyManager({ scopesClaims: ['/realm_access/roles'] });
  expect(judge(claims({ realm_access: { roles: ['admin'] } }), pointed)).toMatchObject({ scopes: ['admin'] });
  const named = keyManager({ scopesClaims: ['https://x.example/claims.scopes'] });
  expect(judge(claims({ 'https://x.example/claims.scopes': 's' }), named)).toMatchObject({ scopes: ['s'] });
});

test.each([
  ['cnf with jkt (DPoP)', { jkt: 'x' }],
  ['cnf with a thumbprint and more', { 'x5t#S256': 'A'.repeat(43), jkt: 'x' }],
  ['cnf with a malformed thumbprint', { 'x5t#S256': 'abc' }],
  ['cnf with a thumbprint that is no text', { 'x5t#S256': 1 }],
  ['an empty cnf', {}],
  ['cnf null', null],
  ['cnf a text', 'x5t#S256'],
])('%s is never read as a bearer token', (_what, cnf) => {
  expect(reasonOf(judge(claims({ cnf })))).toBe('sender_constrained_unsupported');
});

test('a certificate thumbprint becomes a fact', () => {
  expect(judge(claims({ cnf: { 'x5t#S256': 'A'.repeat(43) } }))).toMatchObject({
    certificateThumbprint: 'A'.repeat(43),
  });
});

test('strict9068 wants the claims and the typ of RFC 9068', () => {
  const strict = keyManager({ profile: 'strict9068' });
  const full = claims({ aud: 'api', client_id: 'client-1', jti: 'j' });
  expect(reasonOf(judge(full, strict, { typ: 'at+jwt' }))).toBe('accepted');
  expect(reasonOf(judge(full, strict, { typ: 'application/AT+JWT' }))).toBe('accepted');
  expect(reasonOf(judge(full, strict, { typ: 'JWT' }))).toBe('token_type_refused');
  for (const name of ['aud', 'sub', 'client_id', 'iat', 'jti']) {
    const { [name]: _left, ...rest } = full;
    expect(judge(rest, strict, { typ: 'at+jwt' })).toMatchObject({
      reason: 'claims_malformed',
      evidence: { claim: name },
    });
  }
});

test('a token that never expires is refused, and the evidence says so', () => {
  // 2^63 milliseconds as seconds: what WSO2 IS writes for it.
  expect(judge(claims({ exp: 9223372036854776 }))).toMatchObject({
    reason: 'claims_malformed',
    evidence: { claim: 'exp', problem: 'beyond_2^53' },
  });
});

test('claims that the key manager requires beside the profile’s must be there, nested ones too', () => {
  const settings = keyManager({ requiredClaims: ['jti', '/act/sub'] });
  expect(judge(claims({ act: { sub: 'x' } }), settings)).toMatchObject({
    evidence: { claim: 'jti', problem: 'missing' },
  });
  expect(judge(claims({ jti: 'j', act: {} }), settings)).toMatchObject({ evidence: { claim: '/act/sub' } });
  expect(reasonOf(judge(claims({ jti: 'j', act: { sub: 'x' } }), settings))).toBe('accepted');
});

test('a key manager’s own list of typ stands in the place of the profile’s, and lets no foreign kind in', () => {
  const own = keyManager({ acceptedTyp: ['vendor+jwt', 'dpop+jwt'] });
  expect(reasonOf(judge(claims(), own, { typ: 'Vendor+JWT' }))).toBe('accepted');
  expect(reasonOf(judge(claims(), own, { typ: 'JWT' }))).toBe('token_type_refused');
  expect(reasonOf(judge(claims(), own))).toBe('token_type_refused');
  expect(reasonOf(judge(claims(), own, { typ: 'dpop+jwt' }))).toBe('token_type_refused');
});

test('a header that only the vendor understands makes the token unverifiable (Microsoft Graph)', () => {
  const entra = keyManager({ unverifiableHeaders: ['nonce'] });
  expect(judge(claims(), entra, { nonce: 'n' })).toMatchObject({
    reason: 'token_unverifiable',
    evidence: { header: 'nonce' },
  });
  expect(reasonOf(judge(claims({ nonce: 'n' }), entra))).toBe('accepted');
});

test('the tenant claim must name the tenant that the issuer belongs to', () => {
  const [a, b] = ['https://login.example/a/v2.0', 'https://login.example/b/v2.0'];
  const tenancy = { claim: 'tid', tenants: { [a]: 'tenant-a', [b]: 'tenant-b' } };
  const shared = keyManager({ issuers: [a, b, 'https://login.example/c/v2.0'], tenancy });
  const verdict = (iss: string, tid: unknown) => reasonOf(judge(claims({ iss, tid }), shared));
  expect(verdict(a, 'tenant-a')).toBe('accepted');
  expect(verdict(b, 'tenant-b')).toBe('accepted');
  for (const tid of ['tenant-b', 'TENANT-A', '', undefined, ['tenant-a'], null])
    expect(verdict(a, tid)).toBe('tenant_not_allowed');
  expect(verdict('https://login.example/c/v2.0', 'tenant-a')).toBe('tenant_not_allowed');
});

test('another claim may say whom a token is for (Cognito client_id)', () => {
  const cognito = keyManager({ audienceClaim: 'client_id' });
  expect(judge(claims({ client_id: 'client-1', aud: 'x' }), cognito)).toMatchObject({ audiences: ['client-1'] });
  expect(judge(claims({ aud: 'x' }), cognito)).toMatchObject({ audiences: [] });
  expect(
    reasonOf(
      judge(
        claims({ client_id: 7, azp: undefined }),
        keyManager({ audienceClaim: 'client_id', consumerKeyClaims: [] }),
      ),
    ),
  ).toBe('claims_malformed');
});

test('the names of an object’s members are scopes only where the key manager says so (Zitadel)', () => {
  const roles = { admin: { org: '1' }, reader: {} };
  const zitadel = keyManager({ scopesFromNames: true, scopesClaims: ['urn:zitadel:iam:org:project:roles'] });
  expect(judge(claims({ 'urn:zitadel:iam:org:project:roles': roles }), zitadel)).toMatchObject({
    scopes: ['admin', 'reader'],
  });
  expect(reasonOf(judge(claims({ scope: roles })))).toBe('claims_malformed');
});

test('only mapped claims are handed on, by their local name, as JSON; none that is too long', () => {
  const mapping = [
    { remoteClaim: 'email', localClaim: 'http://wso2.org/claims/emailaddress' },
    { remoteClaim: '/address/country', localClaim: 'country' },
    { remoteClaim: 'groups', localClaim: '__proto__' },
    { remoteClaim: 'long', localClaim: 'long' },
    { remoteClaim: 'absent', localClaim: 'absent' },
    { remoteClaim: 'other', localClaim: 'country' },
  ];
  const payload = {
    email: 'a@b',
    address: { country: 'CH' },
    groups: ['x'],
    long: 'x'.repeat(5000),
    other: 1,
    secret: 1,
  };
  const read = judge(claims(payload), keyManager({ claimMapping: mapping }));
  expect('claims' in read && Object.entries(read.claims)).toEqual([
    ['http://wso2.org/claims/emailaddress', '"a@b"'],
    ['country', '"CH"'],
    ['__proto__', '["x"]'],
  ]);
  const many = Array.from({ length: 10 }, (_, n) => ({ remoteClaim: 'four', localClaim: `c${n}` }));
  const bounded = judge(claims({ four: 'x'.repeat(4000) }), keyManager({ claimMapping: many }));
  expect('claims' in bounded && Object.keys(bounded.claims)).toHaveLength(4);
});
