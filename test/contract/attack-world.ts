// A whole decision with real key managers on loopback: A and B publish keys (under the same kid), C answers about opaque tokens. What an
// attacker sends goes in as a request and comes out as a decision. A trap server tells whether anybody was led astray.

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { authorize } from '../../src/authorize/authorize.ts';
import type { Catalog, CatalogMoment, CatalogSnapshot } from '../../src/authorize/ports.ts';
import { TokenDecisions } from '../../src/cache/token-decisions.ts';
import type { Api } from '../../src/domain/api.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { denyPolicyIndexOf } from '../../src/domain/deny-policy-index.ts';
import type { KeyManager } from '../../src/domain/key-manager.ts';
import { keyManagerIndexOf } from '../../src/domain/key-manager-index.ts';
import type { SendOutbound } from '../../src/domain/outbound.ts';
import { reasonRow } from '../../src/domain/reason.ts';
import type { AccessRequest } from '../../src/domain/request.ts';
import type { RevocationSubject } from '../../src/domain/revocation.ts';
import { routerOf } from '../../src/domain/router.ts';
import type { Subscription } from '../../src/domain/subscriber.ts';
import { Limits } from '../../src/outbound/limits/limits.ts';
import { Introspector } from '../../src/tokens/introspection/introspector.ts';
import { keySetFetch } from '../../src/tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../src/tokens/key-sets/key-sets.ts';
import { TokenProver, type TokenProverOptions } from '../../src/tokens/token-prover.ts';
import { REVOCATION } from '../unit/authorize/world-sample.ts';
import { sampleApi, sampleResource } from '../unit/domain/catalog-samples.ts';
import { openDoor } from '../unit/outbound/open-door.ts';
import { KeyServer } from '../unit/tokens/key-server.ts';
import { FleetMemory } from '../unit/tokens/memory/fleet-memory.ts';
import {
  claims as claimsOf,
  es256Key,
  jwks,
  keyManager,
  NOW,
  NOW_MS,
  rsaKey,
  type SigningKey,
  signToken,
} from '../unit/tokens/token-sample.ts';

export const ISSUER_A = 'https://a.example/realms/café';
export const ISSUER_B = 'https://b.example';
export const ISSUER_D = 'https://d.example';
export const COOLDOWN_MS = 5_000;
/** Of a question to a server. A busy machine must not make one late; where servers hang, they are given less. */
const PATIENT_MS = 20_000;
/** Beyond two refresh periods: keys are fetched anew before any of them counts. */
export const KEYS_ARE_OLD_MS = 2 * 600_000 + 1;

const REPLY = { active: true, client_id: 'client-1', scope: 'read', token_type: 'Bearer', exp: NOW + 80_000 };

export class AttackWorld implements AsyncDisposable {
  now = NOW_MS;
  readonly a = new KeyServer();
  readonly b = new KeyServer();
  readonly c = new KeyServer();
  /** Where headers of hostile tokens point to. */
  readonly trap = new KeyServer();
  readonly keyA = es256Key('k1');
  readonly rsaA = rsaKey('r1');
  readonly keyB = es256Key('k1');
  readonly attacker = es256Key('k1');
  /** Catalog rows that a test changes; `changed` makes them rule. */
  apis: Api[] = [];
  keyManagers: KeyManager[] = [];
  subscription: Subscription | null = null;
  revoked: (subject: RevocationSubject) => boolean = () => false;
  readonly shared = new FleetMemory();
  /** Of a fetch of keys, for provers that are made from now on. */
  fetchTimeoutMs = PATIENT_MS;
  tokens = this.prover();
  readonly #door = openDoor();
  #revision = 0;
  #snapshot: CatalogSnapshot | undefined;

  /** A process of the fleet, without anything in its memory. */
  prover(): TokenProver {
    return new TokenProver(this.proverOptions());
  }

  proverOptions(): TokenProverOptions {
    const clock = () => this.now;
    const observer = { refused: () => undefined, circuit: () => undefined };
    const limits = { concurrentChecks: 4096, maxFlights: 512, clock, random: Math.random, observer };
    const admission = new Limits(limits);
    const send: SendOutbound = (request) => this.#door.send(request);
    const asked = { readCredential: async () => undefined, timeoutMs: this.fetchTimeoutMs, maxBytes: 524_288 };
    const keySets = new KeySets({
      ...{ clock, random: () => 0, refreshMs: 600_000, cooldownMs: COOLDOWN_MS, maxStaleMs: 86_400_000 },
      ...{ fetch: keySetFetch({ send, ...asked }), fetchTimeoutMs: this.fetchTimeoutMs },
      store: { load: () => undefined, save: () => undefined },
      observer: { fetched: () => undefined, throttled: () => undefined, staleUsed: () => undefined },
    });
    return {
      ...{ keySets, admission, clock, stopwatch: () => performance.now(), shared: this.shared, sharing: 'always' },
      introspector: new Introspector({ send, admission, clock, maxReplyBytes: 65_536 }),
      cache: new TokenDecisions({ maxBytes: 1_048_576, maxRefusalBytes: 65_536, clock }),
      ...{ proofTtlMs: 900_000, refusalTtlMs: 10_000, introspectionRefusalTtlMs: 10_000 },
    };
  }

  static async start(): Promise<AttackWorld> {
    const world = new AttackWorld();
    for (const server of [world.a, world.b, world.c, world.trap]) await server.listen();
    world.a.body = jwks({ ...world.keyA.jwk, alg: 'ES256' }, world.rsaA);
    world.b.body = jwks(world.keyB);
    world.c.body = JSON.stringify(REPLY);
    const keysOf = (server: KeyServer) =>
      ({ kind: 'jwks', urls: [server.url()], authorizationFile: null }) satisfies KeyManager['keys'];
    const common = { algorithms: ['RS256', 'ES256'], consumerKeyClaims: ['azp'], maxLifetimeSeconds: 86_400 };
    const introspection = {
      ...{ endpoint: world.c.url('/introspect'), headers: {}, tokenTypeHint: null, marks: [] },
      auth: { kind: 'client_secret_basic', clientId: 'gw', clientSecret: 'canary-secret', encoding: 'rfc' },
      ...{ consumerKeyMembers: ['client_id'], scopesMembers: ['scope'], tokenTypes: ['bearer', 'access_token'] },
      ...{ requireExp: true, ttlMs: 60_000, timeoutMs: PATIENT_MS },
    } as const;
    world.keyManagers = [
      keyManager({
        ...{ ...common, id: 'km-a', name: 'A', issuers: [ISSUER_A], keys: keysOf(world.a) },
        marks: [
          { claim: 'typ', refuse: ['ID', 'Refresh', 'Logout', 'Offline'] },
          { claim: 'token_use', accept: ['access'] },
          ...['at_hash', 'c_hash', 'events'].map((claim) => ({ claim, refuse: 'present' }) as const),
        ],
      }),
      keyManager({ ...common, id: 'km-b', sequence: 2, name: 'B', issuers: [ISSUER_B], keys: keysOf(world.b) }),
      keyManager({
        ...{ ...common, id: 'km-c', sequence: 3, name: 'C', issuers: [], keys: { kind: 'none' }, introspection },
        ...{ selfValidateJwt: false, referenceRules: [{ source: '.*', matches: () => true }] },
      }),
      keyManager({
        ...{ ...common, id: 'km-d', sequence: 4, name: 'D', issuers: [ISSUER_D], keys: keysOf(world.b) },
        ...{ selfValidateJwt: false, introspection },
      }),
    ];
    const api = (id: string, keyManagers: Api['keyManagers'], over: Partial<Api> = {}) =>
      sampleApi({ id, name: id, context: `/${id}`, keyManagers, resources: [sampleResource()], ...over });
    world.apis = [
      api('a', ['km-a']),
      api('b', ['km-b']),
      api('c', ['km-c']),
      api('d', ['km-d']),
      api('scoped', ['km-a'], {
        resources: [
          sampleResource({ scopes: ['admin'] }),
          sampleResource({ verb: 'POST', scopes: ['write'] }),
          sampleResource({ template: '/open', scopes: [] }),
        ],
      }),
      api('audience', ['km-a'], { audiences: ['https://api.example'] }),
    ];
    world.subscription = {
      ...{ id: 's', number: 3, apiId: '', applicationId: 'app', policy: 'Gold', state: 'UNBLOCKED' },
      version: 1,
    };
    world.changed();
    return world;
  }

  /** Makes changes of APIs and key managers rule, as a committed write does. */
  changed(): void {
    this.#snapshot = {
      structureRevision: ++this.#revision,
      router: routerOf(this.apis),
      keyManagers: keyManagerIndexOf(this.keyManagers),
      denyPolicies: denyPolicyIndexOf([]),
    };
  }

  changeKeyManager(id: string, change: Partial<KeyManager>): void {
    this.keyManagers = this.keyManagers.map((one) =>
      one.id === id ? { ...one, ...change, digest: sha256(`${one.digest} ${JSON.stringify(change)}`) } : one,
    );
    this.changed();
  }

  /** From now on C is asked for so long only. */
  hurryC(timeoutMs: number): void {
    const { introspection = null } = this.keyManagers.find(({ id }) => id === 'km-c') ?? {};
    this.changeKeyManager('km-c', { introspection: introspection && { ...introspection, timeoutMs } });
  }

  changeApi(id: string, change: Partial<Api>): void {
    this.apis = this.apis.map((one) => (one.id === id ? { ...one, ...change } : one));
    this.changed();
  }

  readonly catalog: Catalog = {
    moment: () => this.#snapshot && { ...this.facts, snapshot: this.#snapshot },
  };

  /** What every moment of the catalog is asked. */
  readonly facts: Omit<CatalogMoment, 'snapshot'> = {
    findRevocation: (subject) => (this.revoked(subject) ? REVOCATION : undefined),
    findSubscriber: (consumerKey, keyManagerId, apiId) => {
      const applicationId = 'app';
      if (consumerKey !== 'client-1') return { mapping: null, application: null, subscription: null };
      return {
        mapping: { consumerKey, keyManagerId, applicationId, keyType: 'PRODUCTION' },
        application: {
          ...{ id: applicationId, number: 2, organization: 'carbon.super', name: 'App', owner: 'o', policy: 'Gold' },
          ...{ attributes: {}, state: 'APPROVED', version: 1 },
        },
        subscription: this.subscription && { ...this.subscription, apiId },
      };
    },
  };

  /** A good token of A, but for these changes. */
  token(claims: Record<string, unknown> = {}, header: unknown = {}, key: SigningKey = this.keyA): string {
    return signToken(key, claimsOf({ iss: ISSUER_A, ...claims }), header);
  }

  decide(
    token: string,
    path = '/a/menu',
    over: Partial<AccessRequest> & { readonly credentials?: readonly string[] } = {},
    tokens = this.tokens,
    budgetMs = PATIENT_MS,
  ): Decision | Promise<Decision> {
    const request: AccessRequest = {
      ...{ method: 'GET', host: 'api.example', path, apiReference: undefined, environment: undefined },
      header: (name) => (name === 'authorization' ? (over.credentials ?? [`Bearer ${token}`]) : []),
      peerCertificateThumbprint: () => undefined,
      clientAddress: () => '192.0.2.1',
      ...over,
    };
    const world = { ...{ catalog: this.catalog, tokens, organization: 'carbon.super' }, maxTokenBytes: 16_384 };
    return authorize(request, this.now, { deadlineMs: this.now + budgetMs }, { ...world, requireAudience: false });
  }

  /** `allowed`, or the reason of the refusal; checks on the way that a refusal repeats neither token nor secret. */
  async outcome(...args: Parameters<AttackWorld['decide']>): Promise<string> {
    const decision = await this.decide(...args);
    if (decision.outcome === 'allow') return decision.reason;
    const evidence = JSON.stringify(decision.evidence);
    expect(evidence).not.toContain('canary-secret');
    if (args[0].length > 20) expect(evidence).not.toContain(args[0]);
    return decision.reason;
  }

  /** The refusal of an attack: 401 `invalid_token`, never a 5xx, and nobody was led astray. Gives the reason. */
  async refused(...args: Parameters<AttackWorld['decide']>): Promise<string> {
    const decision = await this.decide(...args);
    if (decision.outcome === 'allow') throw new Error('WRONG ALLOW');
    const row = reasonRow(decision.reason);
    expect([decision.reason, row.status, row.challenge]).toEqual([decision.reason, 401, 'invalid_token']);
    expect(this.trap.fetches).toBe(0);
    return decision.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door.close();
    for (const server of [this.a, this.b, this.c, this.trap]) await server[Symbol.asyncDispose]();
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
