// What is odd about the servers of each product, and that its tokens are judged rightly all the same: each through the settings of
// its type, the choice of the key manager and a proof by real key sets and introspection endpoints.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pickKeyManager } from '../../src/authorize/pick-key-manager.ts';
import { isRefusal } from '../../src/domain/decision.ts';
import type { KeyManager } from '../../src/domain/key-manager.ts';
import type { KeyManagerDto } from '../../src/domain/key-manager-dto.ts';
import { keyManagerIndexOf } from '../../src/domain/key-manager-index.ts';
import { readToken } from '../../src/tokens/reading/read-token.ts';
import { sampleApi } from '../unit/domain/catalog-samples.ts';
import { problemsOf, resolved } from '../unit/keymanagers/key-manager-sample.ts';
import { ProverSample } from '../unit/tokens/prover-sample.ts';
import { jwks, NOW, rsaKey, type SigningKey, signToken } from '../unit/tokens/token-sample.ts';

const TIMES = { iat: NOW - 60, exp: NOW + 3600 };
const TENANT = 'aaaabbbb-0000-cccc-1111-dddd2222eeee';
const OTHER_TENANT = 'aaaabbbb-0000-cccc-1111-ffffffffffff';

let sample: ProverSample;
beforeEach(async () => {
  sample = await new ProverSample().listen('{"keys":[]}');
});
afterEach(() => sample[Symbol.asyncDispose]());

/** As its DTO makes it, but with servers on this machine. */
function near(changes: Partial<KeyManagerDto>, paths: readonly string[] = ['/jwks']): KeyManager {
  const keyManager = resolved(changes);
  return {
    ...keyManager,
    keys: { kind: 'jwks', urls: paths.map((path) => sample.server.url(path)), authorizationFile: null },
    introspection: keyManager.introspection && { ...keyManager.introspection, endpoint: sample.asked.url() },
  };
}

/** `proved` with the facts, or the reason. */
async function verdict(text: string, keyManager: KeyManager) {
  const token = readToken(text);
  if (isRefusal(token)) return token.reason;
  const picked = pickKeyManager(token, sampleApi({ keyManagers: 'all' }), keyManagerIndexOf([keyManager]));
  if ('outcome' in picked) return picked.reason;
  const proof = await sample.prover.prove(token, keyManager, sample.now, { deadlineMs: sample.now + 5_000 });
  return proof.kind === 'proved' ? proof.facts : proof.reason;
}

function serve(...keys: readonly (SigningKey | Record<string, unknown>)[]): void {
  sample.server.body = jwks(...keys);
}

describe('Microsoft Entra ID', () => {
  const key = rsaKey('X5eXk4xyojNFum1kl2Ytv8dlNP4');
  const V1 = `https://sts.windows.net/${TENANT}/`;
  const V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
  const TEMPLATE = 'https://login.microsoftonline.com/{tenantid}/v2.0';
  const claims = (iss: string, more: object = {}) => ({ iss, aud: 'api', tid: TENANT, azp: 'app', ...TIMES, ...more });
  const common = (allowedTenants: readonly string[]) => ({
    type: 'AzureAD',
    issuer: TEMPLATE,
    additionalProperties: { allowedTenants, audiences: ['api'] },
  });

  test('issuers of version 1 and 2 of one tenant are one key manager, whose keys have no alg', async () => {
    serve({ ...key.jwk, use: 'sig', x5t: 'X5eXk4xyojNFum1kl2Ytv8dlNP4', issuer: TEMPLATE });
    const keyManager = near({
      type: 'AzureAD',
      issuer: V2,
      additionalProperties: { issuers: [V1], audiences: ['api'] },
    });
    expect(await verdict(signToken(key, claims(V2, { scp: 'a b' })), keyManager)).toMatchObject({
      consumerKey: 'app',
      scopes: ['a', 'b'],
    });
    const v1 = claims(V1, { azp: undefined, appid: 'app', roles: ['r'] });
    expect(await verdict(signToken(key, v1), keyManager)).toMatchObject({ consumerKey: 'app', scopes: ['r'] });
    expect(await verdict(signToken(key, claims(V1.slice(0, -1))), keyManager)).toBe('issuer_unknown');
  });

  test('roles count only where scp is absent', async () => {
    serve(key);
    const keyManager = near({ type: 'AzureAD', issuer: V2 });
    expect(await verdict(signToken(key, claims(V2, { scp: 'a', roles: ['admin'] })), keyManager)).toMatchObject({
      scopes: ['a'],
    });
  });

  test('an issuer that is a template takes tokens of the allowed tenants, whose tid is that of the issuer', async () => {
    serve(key);
    const keyManager = near(common([TENANT]));
    expect(await verdict(signToken(key, claims(V2)), keyManager)).toMatchObject({ issuer: V2 });
    expect(await verdict(signToken(key, claims(V2, { tid: OTHER_TENANT })), keyManager)).toBe('tenant_not_allowed');
    expect(await verdict(signToken(key, claims(V2, { tid: undefined })), keyManager)).toBe('tenant_not_allowed');
    const other = V2.replace(TENANT, OTHER_TENANT);
    expect(await verdict(signToken(key, claims(other, { tid: OTHER_TENANT })), keyManager)).toBe('issuer_unknown');
    expect(await verdict(signToken(key, claims(TEMPLATE)), keyManager)).toBe('issuer_unknown');
  });

  test('a key of one tenant’s issuer proves no token of another tenant', async () => {
    const shared = rsaKey('shared');
    const own = rsaKey('own');
    serve({ ...shared.jwk, issuer: TEMPLATE }, { ...own.jwk, issuer: V2 });
    const keyManager = near(common([TENANT, OTHER_TENANT]));
    const other = claims(V2.replace(TENANT, OTHER_TENANT), { tid: OTHER_TENANT });
    expect(await verdict(signToken(shared, other), keyManager)).toMatchObject({ issuer: other.iss });
    expect(await verdict(signToken(own, other), keyManager)).toBe('key_not_found');
    expect(await verdict(signToken(own, claims(V2)), keyManager)).toMatchObject({ issuer: V2 });
  });

  test('a template demands tenants and an audience', () => {
    const problems = problemsOf({ type: 'AzureAD', issuer: TEMPLATE });
    expect(Object.keys(problems).sort()).toEqual([
      'additionalProperties.allowedTenants',
      'additionalProperties.audiences',
    ]);
    expect(problemsOf(common(['contoso.onmicrosoft.com']))).toHaveProperty(['additionalProperties.allowedTenants']);
    expect(problemsOf({ ...common([TENANT]), issuer: V2 })).toHaveProperty(['additionalProperties.allowedTenants']);
    expect(problemsOf({ issuer: TEMPLATE })).toEqual({ issuer: expect.stringContaining('template') });
  });

  test('a token for Microsoft Graph is told to be unverifiable', async () => {
    serve(key);
    expect(await verdict(signToken(key, claims(V2), { nonce: 'x' }), near({ type: 'AzureAD', issuer: V2 }))).toBe(
      'token_unverifiable',
    );
  });
});

describe('Auth0', () => {
  const key = rsaKey('k1');
  const AUTH0 = { type: 'Auth0', issuer: 'https://bank.eu.auth0.com/' };

  test('the issuer ends with a slash, and one without is a slip', async () => {
    serve(key);
    expect(problemsOf({ ...AUTH0, issuer: 'https://bank.eu.auth0.com' })).toHaveProperty('issuer');
    const claims = { iss: 'https://bank.eu.auth0.com/', azp: 'app', ...TIMES };
    expect(await verdict(signToken(key, claims), near(AUTH0))).toMatchObject({ consumerKey: 'app' });
    expect(await verdict(signToken(key, { ...claims, iss: claims.iss.slice(0, -1) }), near(AUTH0))).toBe(
      'issuer_unknown',
    );
  });

  test('a token of five parts is no JWT that anybody here can read', async () => {
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM","iss":"https://bank.eu.auth0.com/"}').toString(
      'base64url',
    );
    expect(await verdict(`${header}..aXY.Y2lwaGVy.dGFn`, near(AUTH0))).toBe('opaque_token_unsupported');
  });
});

describe('Okta', () => {
  const key = rsaKey('k1');
  const ISSUER = 'https://bank.okta.com/oauth2/default';
  const ORG = 'https://bank.okta.com';
  const credentials = { client_id: 'svc', client_secret: 's' };

  test('the client is in cid, the scopes are the list scp', async () => {
    serve(key);
    const claims = { iss: ISSUER, cid: 'app', scp: ['a', 'b'], sub: 'x', ...TIMES };
    expect(await verdict(signToken(key, claims), near({ type: 'Okta', issuer: ISSUER }))).toMatchObject({
      consumerKey: 'app',
      scopes: ['a', 'b'],
    });
  });

  test('tokens of the org authorization server are introspected, and refused as self-validated when written', async () => {
    expect(problemsOf({ type: 'Okta', issuer: ORG })).toEqual({
      issuer: expect.stringContaining('org authorization server'),
    });
    const keyManager = near({
      type: 'Okta',
      issuer: ORG,
      enableSelfValidationJWT: false,
      certificates: undefined,
      introspectionEndpoint: `${ORG}/oauth2/v1/introspect`,
      additionalProperties: credentials,
    });
    sample.asked.body = JSON.stringify({
      active: true,
      client_id: 'app',
      scope: 'openid',
      token_type: 'Bearer',
      ...TIMES,
    });
    const text = signToken(
      key,
      { iss: ORG, aud: ORG, cid: 'app', scp: ['openid'], ...TIMES },
      { typ: 'application/okta-internal-at+jwt' },
    );
    expect(await verdict(text, { ...keyManager, keys: { kind: 'none' } })).toMatchObject({
      consumerKey: 'app',
      scopes: ['openid'],
    });
    expect(sample.asked.lastBody).toContain(`token=${encodeURIComponent(text)}`);
  });
});

describe('ForgeRock', () => {
  const key = rsaKey('wU3ifIIaLOUAReRB/FG6eM1P1QM=');
  const ISSUER = 'https://am.example:443/am/oauth2/bank';
  const claims = { iss: ISSUER, tokenName: 'access_token', aud: 'app', scope: ['a', 'b'], ...TIMES };
  const told = (more: object, header: object = {}, dto: Partial<KeyManagerDto> = {}) => {
    serve(key);
    return verdict(signToken(key, { ...claims, ...more }, header), near({ type: 'Forgerock', issuer: ISSUER, ...dto }));
  };

  test('client_id is the client, else a single aud', async () => {
    expect(await told({})).toMatchObject({ consumerKey: 'app', scopes: ['a', 'b'] });
    expect(await told({ client_id: 'web', aud: ['api', 'web'] })).toMatchObject({ consumerKey: 'web' });
    expect(await told({ aud: ['api', 'web'] })).toBe('client_ambiguous');
  });

  test('what WSO2’s connector fills in, aud and scp, is not what an admin meant', async () => {
    const dto = { consumerKeyClaim: 'aud', scopesClaim: 'scp' };
    expect(await told({ client_id: 'web', aud: ['api', 'web'] }, {}, dto)).toMatchObject({
      consumerKey: 'web',
      scopes: ['a', 'b'],
    });
  });

  test('only tokenName access_token is an access token', async () => {
    expect(await told({ tokenName: 'refresh_token' })).toBe('token_type_refused');
    expect(await told({ tokenName: 'id_token' })).toBe('token_type_refused');
  });

  test('zip NONE in the header is harmless, any other is not', async () => {
    expect(await told({}, { zip: 'NONE' })).toMatchObject({ consumerKey: 'app' });
    expect(await told({}, { zip: 'DEF' })).toBe('jose_header_refused');
  });

  test('the port 443 belongs to the issuer', async () => {
    expect(await told({ iss: ISSUER.replace(':443', '') })).toBe('issuer_unknown');
  });
});

describe('Keycloak', () => {
  const key = rsaKey('sig-1');
  const ISSUER = 'https://sso.example/realms/shop';
  const claims = { iss: ISSUER, typ: 'Bearer', azp: 'app', ...TIMES };

  test.each([
    ['Bearer', 'app'],
    ['ID', 'token_type_refused'],
    ['Refresh', 'token_type_refused'],
    ['Offline', 'token_type_refused'],
    ['Logout', 'token_type_refused'],
  ])('the payload’s typ %s: %s', async (typ, expected) => {
    serve(key);
    const told = await verdict(signToken(key, { ...claims, typ }), near({ type: 'KeyCloak', issuer: ISSUER }));
    expect(typeof told === 'string' ? told : told.consumerKey).toBe(expected);
  });

  test('keys for encryption verify nothing', async () => {
    const encryption = rsaKey('enc-1');
    serve({ ...encryption.jwk, use: 'enc', alg: 'RSA-OAEP' }, { ...key.jwk, use: 'sig', alg: 'RS256' });
    const keyManager = near({ type: 'KeyCloak', issuer: ISSUER });
    expect(await verdict(signToken(key, claims), keyManager)).toMatchObject({ consumerKey: 'app' });
    expect(await verdict(signToken(encryption, claims), keyManager)).toMatch(/^key_/);
  });

  test('one realm has an issuer for each host name', async () => {
    serve(key);
    const second = 'https://internal.example/realms/shop';
    const keyManager = near({ type: 'KeyCloak', issuer: ISSUER, additionalProperties: { issuers: [second] } });
    expect(await verdict(signToken(key, { ...claims, iss: second }), keyManager)).toMatchObject({ issuer: second });
  });
});

describe('Amazon Cognito', () => {
  const kid = '1euCcpVkh/y+QdTlMTc3WFGUYyO9mJDZkv9=';
  const key = rsaKey(kid);
  const ISSUER = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1';
  const claims = { iss: ISSUER, client_id: 'app', token_use: 'access', scope: 'bank/orders', ...TIMES };
  const COGNITO = { issuer: ISSUER, additionalProperties: { preset: 'cognito', audiences: ['app'] } };

  test('token_use tells access from ID tokens, without any typ, and client_id is the audience', async () => {
    serve(key);
    expect(await verdict(signToken(key, claims), near(COGNITO))).toMatchObject({
      consumerKey: 'app',
      audiences: ['app'],
    });
    expect(await verdict(signToken(key, { ...claims, token_use: 'id' }), near(COGNITO))).toBe('token_type_refused');
    expect(await verdict(signToken(key, { ...claims, token_use: undefined }), near(COGNITO))).toBe('claims_malformed');
  });

  test('a key id with slash, plus and equals sign is compared as it is', async () => {
    serve({ ...rsaKey().jwk, kid: encodeURIComponent(kid) }, key);
    expect(await verdict(signToken(key, claims), near(COGNITO))).toMatchObject({ keyId: kid });
  });

  test('what WSO2’s connector fills in for CustomKeyManager is not the preset’s', () => {
    expect(resolved({ ...COGNITO, consumerKeyClaim: 'azp', scopesClaim: 'scope' }).consumerKeyClaims).toEqual([
      'client_id',
    ]);
  });
});

describe('WSO2 Identity Server', () => {
  const key = rsaKey('k1_RS256');
  const ISSUER = 'https://is.example:9443/oauth2/token';
  const claims = { iss: ISSUER, azp: 'app', client_id: 'app', ...TIMES };

  test('a token that never expires has an exp beyond 2^53 and is refused', async () => {
    serve(key);
    const payload = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":9223372036854775');
    expect(await verdict(signToken(key, payload), near({ type: 'WSO2-IS', issuer: ISSUER }))).toBe('claims_malformed');
  });

  test('an error text with status 200 does not take the place of the keys', async () => {
    serve(key);
    const keyManager = near({ type: 'WSO2-IS', issuer: ISSUER });
    expect(await verdict(signToken(key, claims), keyManager)).toMatchObject({ consumerKey: 'app' });
    sample.server.body = 'Error occurred while retrieving the keystore';
    const fetches = sample.server.fetches;
    sample.now += 6_000;
    expect(await verdict(signToken(rsaKey('unknown'), claims), keyManager)).toMatch(/^key_/);
    expect(sample.server.fetches).toBe(fetches + 1);
    expect(await verdict(signToken(key, { ...claims, jti: 'another' }), keyManager)).toMatchObject({
      consumerKey: 'app',
    });
  });

  test('API keys of the same signer are no access tokens', async () => {
    serve(key);
    const told = await verdict(
      signToken(key, { ...claims, token_type: 'InternalKey' }),
      near({ type: 'default', issuer: ISSUER }),
    );
    expect(told).toBe('token_type_refused');
  });
});

describe('PingFederate', () => {
  test('tokens without iss and kid are found by a rule, and proved by any key of any key set', async () => {
    const key = rsaKey();
    serve({ ...rsaKey().jwk, kid: 'a' }, { ...rsaKey().jwk, kid: 'b' }, { ...key.jwk, kid: 'c' });
    const keyManager = near({
      type: 'PingFederate',
      issuer: undefined,
      consumerKeyClaim: 'client_id_name',
      tokenValidation: [{ type: 'JWT', value: { body: { atm: 'main' } } }],
    });
    const claims = { client_id: 'app', atm: 'main', scope: ['a'], ...TIMES };
    expect(await verdict(signToken(key, claims), keyManager)).toMatchObject({ consumerKey: 'app', scopes: ['a'] });
    expect(await verdict(signToken(key, { ...claims, atm: 'other' }), keyManager)).toBe('token_not_claimed');
    expect(await verdict(signToken(key, { ...claims, iss: 'https://pf.example' }), keyManager)).toBe('issuer_unknown');
  });

  test('the key set of an Access Token Manager counts beside that of the server', () => {
    const jwks = { urls: ['https://pf.example/ext/atm/jwks'] };
    expect(resolved({ type: 'PingFederate', additionalProperties: { jwks } }).keys).toEqual({
      kind: 'jwks',
      urls: ['https://idp.example/jwks', 'https://pf.example/ext/atm/jwks'],
      authorizationFile: null,
    });
  });
});

describe('identity tokens', () => {
  test.each(['google', 'apple', 'github-actions', 'kubernetes', 'spiffe'])('of %s demand an audience', (preset) => {
    expect(problemsOf({ additionalProperties: { preset } })).toEqual({
      'additionalProperties.audiences': expect.any(String),
    });
  });

  test('of Google come with and without https:// in the issuer', () => {
    const additionalProperties = { preset: 'google', audiences: ['a'] };
    expect(resolved({ issuer: 'https://accounts.google.com', additionalProperties }).issuers).toEqual([
      'https://accounts.google.com',
      'accounts.google.com',
    ]);
  });

  test('opaque tokens of Google have dots and are nobody’s here', async () => {
    const keyManager = near({ additionalProperties: { preset: 'google', audiences: ['a'] } });
    expect(await verdict('ya29.a0AfH6SMBx.q8', keyManager)).toBe('opaque_token_unsupported');
  });
});

test('the word none as an endpoint means that there is none', async () => {
  const none = { introspectionEndpoint: 'none', revokeEndpoint: 'none', clientRegistrationEndpoint: 'None' };
  const keyManager = near({ type: 'KeyCloak', ...none });
  expect(keyManager.introspection).toBeNull();
  expect(await verdict(createHash('sha256').update('opaque').digest('hex'), keyManager)).toBe(
    'opaque_token_unsupported',
  );
});
