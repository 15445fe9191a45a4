// A prover over a real key server, with a clock that tests turn and a cache that tests can look into.

import type { TokenDecisionCache } from '../../../src/authorize/ports.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { TokenDecision } from '../../../src/domain/token.ts';
import { keySetFetch } from '../../../src/tokens/fetch-key-set.ts';
import { KeySets } from '../../../src/tokens/key-sets.ts';
import { TokenProver } from '../../../src/tokens/token-prover.ts';
import { openDoor } from '../outbound/open-door.ts';
import { KeyServer } from './key-server.ts';
import { keyManager, NOW_MS, readJwt } from './token-sample.ts';

export class ProverSample implements AsyncDisposable {
  now = NOW_MS;
  readonly server = new KeyServer();
  readonly remembered = new Map<string, { decision: TokenDecision; expiresAtMs: number }>();
  readonly prover: TokenProver;
  readonly keySets: KeySets;
  readonly #door = openDoor();

  constructor(cache?: TokenDecisionCache) {
    this.keySets = new KeySets({
      store: { load: () => undefined, save: () => undefined },
      fetch: keySetFetch({
        send: this.#door.send,
        readCredential: async () => undefined,
        timeoutMs: 2_000,
        maxBytes: 524_288,
      }),
      clock: () => this.now,
      random: () => 0,
      cooldownMs: 5_000,
      refreshMs: 3_600_000,
      maxStaleMs: 86_400_000,
      observer: { fetched: () => undefined, throttled: () => undefined },
    });
    const { remembered } = this;
    this.prover = new TokenProver({
      keySets: this.keySets,
      cache: cache ?? {
        get: (key) => remembered.get(key)?.decision,
        set: (key, decision, expiresAtMs) => remembered.set(key, { decision, expiresAtMs }),
      },
      clock: () => this.now,
      proofTtlMs: 300_000,
      refusalTtlMs: 10_000,
    });
  }

  async listen(body: string): Promise<this> {
    await this.server.listen();
    this.server.body = body;
    return this;
  }

  settings(changes: Partial<KeyManager> = {}): KeyManager {
    return keyManager({ keys: { kind: 'jwks', urls: [this.server.url()], authorizationFile: null }, ...changes });
  }

  prove(text: string, settings = this.settings(), budgetMs = 5_000): TokenDecision | Promise<TokenDecision> {
    return this.prover.prove(readJwt(text), settings, this.now, { deadlineMs: this.now + budgetMs });
  }

  /** `proved`, or the reason why not. */
  async outcome(text: string, settings = this.settings()): Promise<string> {
    const decision = await this.prove(text, settings);
    return decision.kind === 'proved' ? 'proved' : decision.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door.close();
    await this.server[Symbol.asyncDispose]();
  }
}
