// A prover over a real key server, with a clock that tests turn and a cache that tests can look into.

import type { SharedTokenDecisions, TokenDecisionCache } from '../../../src/authorize/ports.ts';
import { isRefusal } from '../../../src/domain/decision.ts';
import type { Introspection } from '../../../src/domain/introspection.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { TokenDecision } from '../../../src/domain/token.ts';
import { Introspector } from '../../../src/tokens/introspection/introspector.ts';
import { keySetFetch } from '../../../src/tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../../src/tokens/key-sets/key-sets.ts';
import { readToken } from '../../../src/tokens/reading/read-token.ts';
import { TokenProver, type TokenProverOptions } from '../../../src/tokens/token-prover.ts';
import { openDoor } from '../outbound/open-door.ts';
import { KeyServer } from './key-server.ts';
import { SampleAdmission } from './sample-admission.ts';
import { keyManager, NOW_MS } from './token-sample.ts';

export class ProverSample implements AsyncDisposable {
  now = NOW_MS;
  readonly server = new KeyServer();
  /** Where tokens are asked for. */
  readonly asked = new KeyServer();
  readonly admission = new SampleAdmission();
  readonly remembered = new Map<string, { decision: TokenDecision; expiresAtMs: number }>();
  readonly prover: TokenProver;
  readonly keySets: KeySets;
  readonly #door = openDoor();

  constructor(
    cache?: TokenDecisionCache,
    shared?: SharedTokenDecisions,
    sharing: TokenProverOptions['sharing'] = 'auto',
  ) {
    this.keySets = new KeySets({
      store: { load: () => undefined, save: () => undefined },
      fetch: keySetFetch({
        send: this.#door.send,
        readCredential: async () => undefined,
        timeoutMs: 20_000,
        maxBytes: 524_288,
      }),
      clock: () => this.now,
      random: () => 0,
      fetchTimeoutMs: 20_000,
      cooldownMs: 5_000,
      refreshMs: 3_600_000,
      maxStaleMs: 86_400_000,
      observer: { fetched: () => undefined, throttled: () => undefined, staleUsed: () => undefined },
    });
    const { remembered } = this;
    this.prover = new TokenProver({
      keySets: this.keySets,
      admission: this.admission,
      introspector: new Introspector({
        send: this.#door.send,
        admission: this.admission,
        clock: () => this.now,
        maxReplyBytes: 65_536,
      }),
      shared,
      sharing,
      cache: cache ?? {
        get: (key) => {
          const entry = remembered.get(key);
          return entry !== undefined && entry.expiresAtMs > this.now ? entry.decision : undefined;
        },
        set: (key, decision, expiresAtMs) => remembered.set(key, { decision, expiresAtMs }),
      },
      clock: () => this.now,
      stopwatch: () => performance.now(),
      proofTtlMs: 300_000,
      refusalTtlMs: 10_000,
      introspectionRefusalTtlMs: 10_000,
    });
  }

  async listen(body: string): Promise<this> {
    await this.server.listen();
    await this.asked.listen();
    this.server.body = body;
    return this;
  }

  settings(changes: Partial<KeyManager> = {}): KeyManager {
    return keyManager({ keys: { kind: 'jwks', urls: [this.server.url()], authorizationFile: null }, ...changes });
  }

  /** How the key manager is asked about tokens. */
  introspection(changes: Partial<Introspection> = {}): Introspection {
    return {
      endpoint: this.asked.url('/introspect'),
      auth: { kind: 'client_secret_basic', clientId: 'gateway', clientSecret: 's3cret', encoding: 'rfc' },
      headers: {},
      tokenTypeHint: 'access_token',
      consumerKeyMembers: ['client_id'],
      scopesMembers: ['scope'],
      marks: [],
      tokenTypes: ['bearer', 'access_token'],
      requireExp: true,
      ttlMs: 60_000,
      timeoutMs: 20_000,
      ...changes,
    };
  }

  /** A key manager that has to be asked and has no keys. */
  asking(introspection: Partial<Introspection> = {}, changes: Partial<KeyManager> = {}): KeyManager {
    return keyManager({
      selfValidateJwt: false,
      keys: { kind: 'none' },
      introspection: this.introspection(introspection),
      ...changes,
    });
  }

  prove(text: string, settings = this.settings(), budgetMs = 20_000): TokenDecision | Promise<TokenDecision> {
    const token = readToken(text);
    if (isRefusal(token)) throw new Error(`not a token: ${JSON.stringify(token)}`);
    return this.prover.prove(token, settings, this.now, { deadlineMs: this.now + budgetMs });
  }

  /** `proved`, or the reason why not. */
  async outcome(text: string, settings = this.settings()): Promise<string> {
    const decision = await this.prove(text, settings);
    return decision.kind === 'proved' ? 'proved' : decision.reason;
  }

  /** For one that never listened. */
  closeDoor(): Promise<void> {
    return this.#door.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door.close();
    await this.server[Symbol.asyncDispose]();
    await this.asked[Symbol.asyncDispose]();
  }
}
