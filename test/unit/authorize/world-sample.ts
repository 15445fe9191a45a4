// A world of plain facts around the decision: one API, one key manager, one subscribed application. Tests change one fact each.

import { authorize, type World } from '../../../src/authorize/authorize.ts';
import type { Catalog, CatalogMoment, Recorder, Tokens } from '../../../src/authorize/ports.ts';
import type { Api } from '../../../src/domain/api.ts';
import { type Decision, deny } from '../../../src/domain/decision.ts';
import { denyPolicyIndexOf } from '../../../src/domain/deny-policy-index.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import { keyManagerIndexOf } from '../../../src/domain/key-manager-index.ts';
import type { DenyPolicy } from '../../../src/domain/policy.ts';
import type { AccessRequest } from '../../../src/domain/request.ts';
import type { Revocation } from '../../../src/domain/revocation.ts';
import { routerOf } from '../../../src/domain/router.ts';
import type { Subscriber } from '../../../src/domain/subscriber.ts';
import type { TokenDecision, TokenFacts, UnprovedToken } from '../../../src/domain/token.ts';
import { sampleApi, sampleKeyManager } from '../domain/catalog-samples.ts';

/** Everything that a test may change. */
export interface Scene {
  apis: readonly Api[];
  keyManagers: readonly KeyManager[];
  denyPolicies: readonly DenyPolicy[];
  subscriber: Partial<Subscriber> | 'stale';
  /** Claims that the token text `good` carries. */
  claims: Readonly<Record<string, unknown>>;
  proof: TokenDecision | Promise<TokenDecision>;
  revocation: CatalogMoment['findRevocation'];
  request: Partial<Omit<AccessRequest, 'header'>>;
  headers: Readonly<Record<string, readonly string[]>>;
  world: Partial<World>;
}

/** Facts of a proved token. */
export function sampleFacts(over: Partial<TokenFacts> = {}): TokenFacts {
  return {
    keyManagerId: 'km-partner',
    issuer: 'https://partner.example',
    subject: 'alice',
    consumerKey: 'client-1',
    scopes: ['read'],
    audiences: [],
    expiresAt: 2_000_000_000,
    notBefore: undefined,
    issuedAt: undefined,
    jti: 'j1',
    keyThumbprint: 'key-1',
    keyId: undefined,
    claims: {},
    certificateThumbprint: undefined,
    ...over,
  };
}

/** A client with an application that is subscribed. */
export const SUBSCRIBER: Subscriber = {
  mapping: { consumerKey: 'client-1', keyManagerId: 'km-partner', applicationId: 'app-1', keyType: 'PRODUCTION' },
  application: {
    ...{ id: 'app-1', number: 2, organization: 'carbon.super', name: 'PizzaShack', owner: 'bob', policy: 'Gold' },
    ...{ attributes: {}, state: 'APPROVED', version: 1 },
  },
  subscription: {
    ...{ id: 's-1', number: 3, apiId: 'api-pizza', applicationId: 'app-1', policy: 'Gold', state: 'UNBLOCKED' },
    version: 1,
  },
};

/** An entry that hits whatever a test wants it to. */
export const REVOCATION: Revocation = {
  id: 'entry-1',
  kind: 'jti',
  value: 'j1',
  organization: 'carbon.super',
  keyManagerId: null,
  keyManagerType: null,
  issuedBeforeMs: null,
  expiresAtMs: null,
  createdAtMs: 0,
  createdBy: 'a test',
  lifted: false,
};

/** What happened besides the decision. */
export interface Witness {
  /** Names of key managers that were asked to prove a token. */
  readonly asked: string[];
}

/** Decides GET /pizza/1.0.0/menu with the bearer token `good`, but for what the scene changes. */
export function decide(
  over: Partial<Scene> = {},
  witness: Witness = { asked: [] },
  recorder?: Recorder,
): Decision | Promise<Decision> {
  const apis = over.apis ?? [sampleApi()];
  const snapshot = {
    structureRevision: 1,
    router: routerOf(apis),
    keyManagers: keyManagerIndexOf(over.keyManagers ?? [sampleKeyManager()]),
    denyPolicies: denyPolicyIndexOf(over.denyPolicies ?? []),
  };
  const moment: CatalogMoment = {
    snapshot,
    findRevocation: over.revocation ?? (() => undefined),
    findSubscriber: (consumerKey, keyManagerId, apiId) => {
      if (over.subscriber === 'stale') return 'stale';
      const subscriber = { ...SUBSCRIBER, ...over.subscriber };
      const { mapping, subscription } = subscriber;
      const mapped = mapping?.consumerKey === consumerKey && mapping.keyManagerId === keyManagerId;
      if (!mapped) return { ...subscriber, mapping: null, application: null, subscription: null };
      return { ...subscriber, subscription: subscription?.apiId === apiId ? subscription : null };
    },
  };
  const catalog: Catalog = { moment: () => moment };
  const claims = over.claims ?? { iss: 'https://partner.example' };
  const tokens: Tokens = {
    read: (text): UnprovedToken | ReturnType<typeof deny> => {
      if (text === 'bad') return deny('token_malformed');
      if (text === 'opaque') return { kind: 'opaque', text, hash: 'f'.repeat(64) };
      const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
      return { kind: 'jwt', text, hash: 'abcdef0123456789'.repeat(4), header: { alg: 'RS256' }, claims, issuer };
    },
    prove: (_token, keyManager) => {
      witness.asked.push(keyManager.name);
      return over.proof ?? { kind: 'proved', facts: sampleFacts() };
    },
  };
  const headers = over.headers ?? { authorization: ['Bearer good'] };
  const request: AccessRequest = {
    method: 'GET',
    host: 'api.example',
    path: '/pizza/1.0.0/menu',
    apiReference: undefined,
    environment: undefined,
    peerCertificateThumbprint: () => undefined,
    clientAddress: () => '192.0.2.1',
    ...over.request,
    header: (name) => headers[name] ?? [],
  };
  const world: World = {
    catalog,
    tokens,
    organization: 'carbon.super',
    maxTokenBytes: 16_384,
    requireAudience: false,
    ...over.world,
  };
  return authorize(request, 1_700_000_000_000, { deadlineMs: 1_700_000_000_450 }, world, recorder);
}
