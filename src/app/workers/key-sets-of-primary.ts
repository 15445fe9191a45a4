// Key sets where another process, the primary, fetches them: what it sent, else what the catalog has; and how it is asked for more. Its
// limits are those of the whole house, and one fetch of it serves all.

import type { KeySetStore, StoredKeySet } from '../../authorize/ports.ts';
import type { NotObtained, ObtainedKeySet, ObtainKeySet, WantedKeySet } from '../../tokens/key-sets/obtain-key-set.ts';
import type { BroughtKeys } from '../../tokens/key-sets/remote-keys.ts';
import { importJwks } from '../../tokens/keys/import-jwks.ts';
import type { FromWorker } from './worker-message.ts';

/** Beside the time of a fetch: for the way there and back. */
const SLACK_MS = 500;
/** An answer that brings nothing new is not asked for again at once. */
const UNCHANGED_PAUSE_MS = 1_000;

/** How the primary is reached. */
export interface KeySetsOfPrimaryOptions {
  /** Reads the catalog. */
  readonly load: KeySetStore['load'];
  readonly send: (message: FromWorker & { readonly kind: 'want_keys' }) => void;
  /** Longest time that a fetch takes. */
  readonly fetchTimeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** The worker's end. */
export class KeySetsOfPrimary {
  readonly #options: KeySetsOfPrimaryOptions;
  /** Sets that came and that nobody has used yet, by key manager and URL. */
  readonly #received = new Map<string, StoredKeySet>();
  readonly #asked = new Map<number, (brought: BroughtKeys | undefined | 'silent') => void>();
  #nextId = 1;

  constructor(options: KeySetsOfPrimaryOptions) {
    this.#options = options;
  }

  /** What counts now; nothing is saved by who did not fetch. */
  readonly store: KeySetStore = {
    load: (keyManagerId, url) => this.#take(keyManagerId, url) ?? this.#options.load(keyManagerId, url),
    save: () => undefined,
  };

  /** Asks the primary. */
  readonly obtain: ObtainKeySet = async (wanted) => {
    const brought = await this.#ask(wanted);
    if (brought === 'silent') return { problem: 'primary_silent' };
    const received = this.#take(wanted.owner.id, wanted.url);
    return (received && obtained(received, brought)) ?? this.#nothing(wanted, brought);
  };

  /** A set came. */
  receive(keyManagerId: string, keySet: StoredKeySet): void {
    this.#received.set(nameOf(keyManagerId, keySet.url), keySet);
  }

  /** An answer came, after the set where there is one. */
  settle(id: number, brought: BroughtKeys | undefined): void {
    this.#asked.get(id)?.(brought);
  }

  /** Forgets sets of all other key managers. */
  retain(keyManagerIds: ReadonlySet<string>): void {
    for (const name of this.#received.keys())
      if (!keyManagerIds.has((JSON.parse(name) as [string])[0])) this.#received.delete(name);
  }

  #ask({ owner, url, header }: WantedKeySet): Promise<BroughtKeys | undefined | 'silent'> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<BroughtKeys | undefined | 'silent'>();
    const timer = setTimeout(() => resolve('silent'), this.#options.fetchTimeoutMs + SLACK_MS);
    this.#asked.set(id, resolve);
    this.#options.send({ kind: 'want_keys', id, keyManagerId: owner.id, url, header });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#asked.delete(id);
    });
  }

  #nothing({ header }: WantedKeySet, brought: BroughtKeys | undefined): NotObtained {
    if (brought === undefined) return { problem: 'settings_changed' };
    const { outcome, pauseUntilMs, problem } = brought;
    const leastMs = header === undefined || outcome !== 'failed' ? this.#options.clock() + UNCHANGED_PAUSE_MS : 0;
    return { problem, pauseUntilMs: Math.max(pauseUntilMs, leastMs) };
  }

  #take(keyManagerId: string, url: string): StoredKeySet | undefined {
    const name = nameOf(keyManagerId, url);
    const received = this.#received.get(name);
    this.#received.delete(name);
    return received;
  }
}

function obtained(stored: StoredKeySet, brought: BroughtKeys | undefined): ObtainedKeySet | undefined {
  const set = importJwks(stored.jwks);
  if ('problem' in set) return undefined;
  return { from: brought?.outcome === 'fetched' ? 'primary' : 'fleet', set, stored };
}

function nameOf(keyManagerId: string, url: string): string {
  return JSON.stringify([keyManagerId, url]);
}
