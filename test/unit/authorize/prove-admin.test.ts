// Who may open the admin side with an access token: only what a key manager marked for it vouches for, meant for the admin side.

import { expect, test } from 'vitest';
import type { Catalog, CatalogMoment, CatalogSnapshot, Tokens } from '../../../src/authorize/ports.ts';
import { proveAdmin } from '../../../src/authorize/prove-admin.ts';
import { deny } from '../../../src/domain/decision.ts';
import { denyPolicyIndexOf } from '../../../src/domain/deny-policy-index.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import { keyManagerIndexOf } from '../../../src/domain/key-manager-index.ts';
import type { Revocation } from '../../../src/domain/revocation.ts';
import { EMPTY_ROUTER } from '../../../src/domain/router.ts';
import type { TokenDecision, TokenFacts } from '../../../src/domain/token.ts';
import { sampleKeyManager } from '../domain/catalog-samples.ts';
import { REVOCATION, sampleFacts } from './world-sample.ts';

const AUDIENCE = 'gatehouse-admin';
const NOW_MS = 1_700_000_000_000;
const ADMIN = sampleKeyManager({ admin: true, audiences: [AUDIENCE], organization: 'org-a' });

const proved = (over: Partial<TokenFacts> = {}): TokenDecision => ({
  kind: 'proved',
  facts: sampleFacts({ audiences: [AUDIENCE], scopes: ['apim:admin'], ...over }),
});

/** Proves the bearer token `good` with these key managers; `asked` hears which of them were asked. */
function prove(
  keyManagers: readonly KeyManager[],
  proof: TokenDecision = proved(),
  { bearer = 'good', asked = [], snapshots = [], only = {}, revocation }: ProveOptions = {},
) {
  const snapshot: CatalogSnapshot = {
    structureRevision: 1,
    router: EMPTY_ROUTER,
    keyManagers: keyManagerIndexOf(keyManagers),
    denyPolicies: denyPolicyIndexOf([]),
  };
  const facts: Omit<CatalogMoment, 'snapshot'> = {
    findRevocation: () => revocation,
    findSubscriber: () => ({ mapping: null, application: null, subscription: null }),
  };
  const catalog: Catalog = {
    moment: () => {
      const taken = snapshots.length > 0 ? snapshots.shift() : snapshot;
      return taken && { ...facts, snapshot: taken };
    },
  };
  const claims = { iss: 'https://partner.example', organization: 'org-b' };
  const tokens: Tokens = {
    read: (text) => {
      if (text === 'bad') return deny('token_malformed');
      const hash = 'a'.repeat(64);
      if (text === 'opaque') return { kind: 'opaque', text, hash };
      return { kind: 'jwt', text, hash, header: { alg: 'RS256' }, claims, issuer: claims.iss };
    },
    prove: (_token, keyManager) => {
      asked.push(keyManager.id);
      const { proves } = { proves: [keyManager.id], ...only };
      return proves.includes(keyManager.id) ? proof : { kind: 'refused', reason: 'signature_invalid', evidence: {} };
    },
  };
  return proveAdmin(bearer, catalog, tokens, NOW_MS);
}

interface ProveOptions {
  bearer?: string;
  /** What is found of every token. */
  revocation?: Revocation | 'unreadable';
  /** Ids of the key managers whose keys verify the token; all of them by default. */
  only?: { readonly proves?: readonly string[] };
  asked?: string[];
  /** What the catalog shows, question by question, in the place of the one that it holds. */
  snapshots?: (CatalogSnapshot | undefined)[];
}

test('the caller is the token’s subject, with its scopes, in the organization of the key manager and not of a claim', async () => {
  expect(await prove([ADMIN])).toEqual({ name: 'alice', organization: 'org-a', scopes: ['apim:admin'], roles: [] });
  expect(await prove([ADMIN], proved({ subject: undefined }))).toMatchObject({ name: 'client-1' });
});

test.each([
  ['a list', '["partner", 7, " auditor "]'],
  ['a text with commas', '"partner, auditor"'],
])('the roles are what the key manager maps to WSO2’s claim of them, as %s', async (_form, claim) => {
  expect(await prove([ADMIN], proved({ claims: { 'http://wso2.org/claims/role': claim } }))).toMatchObject({
    roles: ['partner', 'auditor'],
  });
});

test.each<[string, Partial<KeyManager>]>([
  ['is not marked for it', { admin: false }],
  ['is disabled', { enabled: false }],
  ['vouches for exchanged tokens only', { tokenType: 'EXCHANGED' }],
  ['states no audience', { audiences: [] }],
  ['has another issuer', { issuers: ['https://partner.example/'] }],
  ['has rules that do not claim the token', { jwtRules: [{ tenant: 'blue' }] }],
])('a key manager that %s is not even asked', async (_what, over) => {
  const asked: string[] = [];
  expect(await prove([sampleKeyManager({ ...ADMIN, ...over })], proved(), { asked })).toBeUndefined();
  expect(asked).toEqual([]);
});

test.each<[string, TokenDecision]>([
  ['is meant for an API and not for the admin side', proved({ audiences: ['pizza'] })],
  ['names no audience', proved({ audiences: [] })],
  ['is bound to a certificate', proved({ certificateThumbprint: 'A'.repeat(43) })],
  ['names neither a subject nor a client', proved({ subject: undefined, consumerKey: undefined })],
  ['is refused', { kind: 'refused', reason: 'signature_invalid', evidence: {} }],
  ['cannot be proved now', { kind: 'unavailable', reason: 'key_set_unavailable', evidence: {} }],
])('a token that %s proves nobody', async (_what, proof) => {
  expect(await prove([ADMIN], proof)).toBeUndefined();
});

test('a revoked token proves nobody, nor does one of which that cannot be told', async () => {
  for (const revocation of [REVOCATION, 'unreadable'] as const)
    expect(await prove([ADMIN], proved(), { revocation })).toBeUndefined();
});

test.each(['bad', 'opaque'])('what is no JWT proves nobody and asks nobody (%s)', async (bearer) => {
  const asked: string[] = [];
  expect(await prove([ADMIN], proved(), { bearer, asked })).toBeUndefined();
  expect(asked).toEqual([]);
});

test('a catalog that cannot be read, or changes while the token is proved, proves nobody', async () => {
  expect(await prove([ADMIN], proved(), { snapshots: [undefined] })).toBeUndefined();
  const before = {
    structureRevision: 1,
    router: EMPTY_ROUTER,
    keyManagers: keyManagerIndexOf([ADMIN]),
    denyPolicies: denyPolicyIndexOf([]),
  };
  const after = { ...before, structureRevision: 2, keyManagers: keyManagerIndexOf([]) };
  expect(await prove([ADMIN], proved(), { snapshots: [before, after] })).toBeUndefined();
});

test('another organization’s key manager of the same issuer neither locks out nor lets in', async () => {
  const other = sampleKeyManager({ ...ADMIN, id: 'km-other', organization: 'org-b' });
  expect(await prove([ADMIN, other], proved(), { only: { proves: [ADMIN.id] } })).toMatchObject({
    organization: 'org-a',
  });
  expect(await prove([ADMIN, other], proved(), { only: { proves: [] } })).toBeUndefined();
  expect(await prove([ADMIN, other])).toBeUndefined();
});
