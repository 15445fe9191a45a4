// Memory must not change any decision: two processes that remember and share all they may decide every request of a random history as
// one that remembers nothing. Tokens, keys, settings, subscriptions and revocations change on the way.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { authorize } from '../../src/authorize/authorize.ts';
import type { Catalog, CatalogMoment, CatalogSnapshot } from '../../src/authorize/ports.ts';
import { TokenDecisions } from '../../src/cache/token-decisions.ts';
import { denyPolicyIndexOf } from '../../src/domain/deny-policy-index.ts';
import type { KeyManager } from '../../src/domain/key-manager.ts';
import { keyManagerIndexOf } from '../../src/domain/key-manager-index.ts';
import type { SendOutbound } from '../../src/domain/outbound.ts';
import { routerOf } from '../../src/domain/router.ts';
import { Introspector } from '../../src/tokens/introspection/introspector.ts';
import { keySetFetch } from '../../src/tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../src/tokens/key-sets/key-sets.ts';
import { TokenProver } from '../../src/tokens/token-prover.ts';
import { REVOCATION } from '../unit/authorize/world-sample.ts';
import { sampleApi, sampleResource } from '../unit/domain/catalog-samples.ts';
import { FleetMemory } from '../unit/tokens/memory/fleet-memory.ts';
import { SampleAdmission } from '../unit/tokens/sample-admission.ts';
import { claims, es256Key, jwks, keyManager, NOW, NOW_MS, signToken } from '../unit/tokens/token-sample.ts';

const REFRESH_MS = 10_000;
const TTL_MS = 30_000;
const IDS = ['km-a', 'km-b', 'km-asked'] as const;
const issuerOf = (id: string) => `https://${id}.example`;
const keys = IDS.map(() => [es256Key('k1'), es256Key('k2')] as const);

/** Tokens of each key manager: good ones, short-lived, early, forged, of a client without subscription, of another's issuer. */
const TOKENS = IDS.flatMap((id, n) => {
  const [first, second] = keys[n] ?? [es256Key(), es256Key()];
  const of = (changes: Record<string, unknown>, key = first) =>
    signToken(key, claims({ iss: issuerOf(id), azp: 'client-1', jti: `${id}-${JSON.stringify(changes)}`, ...changes }));
  const other = keys[(n + 1) % IDS.length]?.[0] ?? first;
  return [
    of({ aud: 'api' }),
    of({}, second),
    of({ exp: NOW + 40 }),
    of({ nbf: NOW + 60 }),
    of({ azp: 'stranger' }),
    of({ scope: '' }),
    of({ x: 1 }, other),
    of({ iss: issuerOf(IDS[(n + 1) % IDS.length] ?? id) }),
  ];
});

/** All that may change. What the servers say is seen after their answers have run out, by everybody alike. */
class Surroundings {
  now = NOW_MS;
  revision = 1;
  readonly revoked = new Set<string>();
  readonly inactive = new Set<string>();
  readonly withdrawn = new Set<string>();
  readonly off = new Set<string>();
  readonly listed = new Set<string>(IDS);
  readonly stricter = new Set<string>();
  subscribed = true;

  snapshot = this.#snapshot();

  change(what: (surroundings: this) => void): void {
    what(this);
    this.revision++;
    this.snapshot = this.#snapshot();
  }

  #snapshot(): CatalogSnapshot {
    const api = { resources: [sampleResource({ scopes: ['read'] })], organization: 'carbon.super' };
    const apis = [
      sampleApi({ ...api, keyManagers: [...this.listed] }),
      sampleApi({ ...api, id: 'api-2', name: 'Two', context: '/two/1', keyManagers: 'all' }),
    ];
    return {
      structureRevision: this.revision,
      router: routerOf(apis),
      keyManagers: keyManagerIndexOf(IDS.map((id, n) => this.#keyManager(id, n))),
      denyPolicies: denyPolicyIndexOf([]),
    };
  }

  #keyManager(id: string, sequence: number): KeyManager {
    const isAsked = id === 'km-asked';
    return keyManager({
      ...{ id, sequence, issuers: [issuerOf(id)], enabled: !this.off.has(id), selfValidateJwt: !isAsked },
      audiences: this.stricter.has(id) ? ['api'] : [],
      maxLifetimeSeconds: this.stricter.has(id) ? 300 : 86_400,
      keys: { kind: 'jwks', urls: [`http://127.0.0.1:1/${id}/jwks`], authorizationFile: null },
      introspection: isAsked
        ? {
            ...{ endpoint: `http://127.0.0.1:1/${id}/introspect`, headers: {}, tokenTypeHint: null, marks: [] },
            auth: { kind: 'none', clientId: null },
            ...{ consumerKeyMembers: ['client_id'], scopesMembers: ['scope'], tokenTypes: ['bearer'] },
            ...{ requireExp: true, ttlMs: TTL_MS, timeoutMs: 1_000 },
          }
        : null,
    });
  }

  readonly catalog: Catalog = {
    moment: () => ({ ...this.facts, snapshot: this.snapshot }),
  };

  readonly facts: Omit<CatalogMoment, 'snapshot'> = {
    findRevocation: ({ jti }) => (jti !== undefined && this.revoked.has(jti) ? REVOCATION : undefined),
    findSubscriber: (consumerKey, keyManagerId, apiId) => {
      const mapped = this.subscribed && consumerKey === 'client-1';
      const applicationId = 'app-1';
      const application = {
        ...{ id: applicationId, number: 2, organization: 'carbon.super', name: 'A', owner: 'o', policy: 'Gold' },
        ...({ attributes: {}, state: 'APPROVED', version: 1 } as const),
      };
      const subscription = {
        ...({ id: 's', number: 3, apiId, applicationId, policy: 'Gold', state: 'UNBLOCKED', version: 1 } as const),
      };
      const mapping = { consumerKey, keyManagerId, applicationId, keyType: 'PRODUCTION' } as const;
      return mapped ? { mapping, application, subscription } : { mapping: null, application: null, subscription: null };
    },
  };

  readonly send: SendOutbound = async ({ url, body }) => {
    const id = new URL(url).pathname.split('/')[1] ?? '';
    const published = keys[IDS.indexOf(id as (typeof IDS)[number])] ?? [];
    const token = new URLSearchParams(body).get('token') ?? '';
    const text = url.endsWith('/jwks')
      ? jwks(...published.filter((_key, n) => !this.withdrawn.has(`${id} ${n}`)))
      : JSON.stringify({ active: !this.inactive.has(token) });
    return { status: 200, text, header: () => undefined };
  };
}

function proverOf(around: Surroundings, shared: FleetMemory | undefined) {
  const clock = () => around.now;
  const admission = new SampleAdmission();
  const remembers = shared !== undefined;
  // Small, so that entries are displaced too.
  const memory = new TokenDecisions({ maxBytes: 8_192, maxRefusalBytes: 2_048, clock });
  return new TokenProver({
    ...{ admission, clock, stopwatch: () => 0, shared, sharing: 'always' },
    keySets: new KeySets({
      store: { load: () => undefined, save: () => undefined },
      fetch: keySetFetch({
        ...{ send: around.send, readCredential: async () => undefined, timeoutMs: 1_000, maxBytes: 65_536 },
      }),
      ...{
        clock,
        random: () => 0,
        refreshMs: REFRESH_MS,
        cooldownMs: 1_000,
        maxStaleMs: 3_600_000,
        fetchTimeoutMs: 1_000,
      },
      observer: { fetched: () => undefined, throttled: () => undefined, staleUsed: () => undefined },
    }),
    introspector: new Introspector({ send: around.send, admission, clock, maxReplyBytes: 65_536 }),
    cache: remembers ? memory : { get: () => undefined, set: () => undefined },
    ...{ proofTtlMs: TTL_MS, refusalTtlMs: 10_000, introspectionRefusalTtlMs: 10_000 },
  });
}

/** What a decision comes to. That a key is not in the set is told in three ways, depending on when the set was last asked for. */
async function outcomeOf(tokens: TokenProver, around: Surroundings, token: string, path: string): Promise<string> {
  const request = {
    ...{ method: 'GET', host: 'api.example', path, apiReference: undefined, environment: undefined },
    header: (name: string) => (name === 'authorization' ? [`Bearer ${token}`] : []),
    peerCertificateThumbprint: () => undefined,
    clientAddress: () => '192.0.2.1',
  };
  const world = {
    ...{ catalog: around.catalog, tokens, organization: 'carbon.super', maxTokenBytes: 16_384, requireAudience: false },
  };
  const decision = await authorize(request, around.now, { deadlineMs: around.now + 60_000 }, world);
  if (/^key_(not_found|set_refreshing|set_unavailable)$/.test(decision.reason)) return 'no_key';
  const { application, keyManager, token: facts } = decision.known;
  return JSON.stringify([decision.outcome, decision.reason, application?.id, keyManager?.id, facts]);
}

const PATHS = ['/pizza/1.0.0/menu', '/two/1/menu'];
const toggle = (set: Set<string>, member: string) => (set.has(member) ? set.delete(member) : set.add(member));
const id = fc.constantFrom(...IDS);

type Step = (around: Surroundings) => void;
const changes: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 20_000 }).map(
    (ms): Step =>
      (around) => {
        around.now += ms;
      },
  ),
  fc.constantFrom(...TOKENS).map(
    (token): Step =>
      (around) => {
        const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
        toggle(around.revoked, payload.jti);
      },
  ),
  id.map(
    (of): Step =>
      (around) =>
        around.change(() => toggle(around.off, of)),
  ),
  id.map(
    (of): Step =>
      (around) =>
        around.change(() => toggle(around.listed, of)),
  ),
  id.map(
    (of): Step =>
      (around) =>
        around.change(() => toggle(around.stricter, of)),
  ),
  fc.constant<Step>((around) => {
    around.subscribed = !around.subscribed;
  }),
  // What a server says of keys and tokens is not known before the former answer has run out, with memory or without.
  id.map(
    (of): Step =>
      (around) => {
        toggle(around.withdrawn, `${of} 1`);
        around.now += 2.5 * REFRESH_MS;
      },
  ),
  fc.constantFrom(...TOKENS).map(
    (token): Step =>
      (around) => {
        toggle(around.inactive, token);
        around.now += TTL_MS + 1;
      },
  ),
);
const asks = fc.record({
  token: fc.constantFrom(...TOKENS),
  path: fc.constantFrom(...PATHS),
  process: fc.nat(1),
});

test('with caches on, shared ones too, every decision of a random history is the one without caches', async () => {
  const seen = new Map<string, number>();
  let decisions = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: asks }, { weight: 1, arbitrary: changes }), {
        minLength: 60,
        maxLength: 120,
      }),
      async (history) => {
        const around = new Surroundings();
        const shared = new FleetMemory();
        const remembering = [proverOf(around, shared), proverOf(around, shared)];
        const forgetful = proverOf(around, undefined);
        for (const step of history) {
          if (typeof step === 'function') {
            step(around);
            continue;
          }
          const expected = await outcomeOf(forgetful, around, step.token, step.path);
          const prover = remembering[step.process] ?? forgetful;
          expect(await outcomeOf(prover, around, step.token, step.path)).toBe(expected);
          decisions++;
          const reason = expected === 'no_key' ? expected : String(JSON.parse(expected)[1]);
          seen.set(reason, (seen.get(reason) ?? 0) + 1);
        }
      },
    ),
    { numRuns: 120, seed: 7662 },
  );
  process.stdout.write(
    `cached decisions: ${decisions} compared, 0 differ; ${JSON.stringify(Object.fromEntries(seen))}\n`,
  );
  // A history that only ever refuses would prove little.
  for (const reason of ['allowed', 'token_revoked', 'no_key', 'token_inactive', 'signature_invalid', 'token_expired'])
    expect(seen.get(reason) ?? 0, reason).toBeGreaterThan(0);
});
