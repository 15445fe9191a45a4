// The JWKS of one URL: fetched once for all who ask, refreshed behind their backs or by `KeySets` when nobody asks, and kept when the
// server fails (the last good set rules until it is too old). A set that was not refreshed for long proves nothing before a fetch
// was tried. A flood of unknown key ids costs the server one fetch in a cool-down, also while it is down.

import type { KeySetStore, SharedKeySets, StoredKeySet } from '../../authorize/ports.ts';
import { deny, fault } from '../../domain/decision.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { HeldKeys, KeyChoice } from '../keys/held-keys.ts';
import { importJwks } from '../keys/import-jwks.ts';
import type { KeySet } from '../keys/key-set.ts';
import { hasKeyNamed, selectKeys } from '../keys/select-keys.ts';
import type { FetchKeySet, KeySetOwner } from './fetch-key-set.ts';
import { type NotObtained, type ObtainedKeySet, type ObtainKeySet, obtainKeySet } from './obtain-key-set.ts';

/** After failures: the pause doubles from the first to the last, so that a server that comes back is found soon and not trampled. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** The last pause while nobody asks: thousands of servers that are gone must not keep a process busy. */
const LAST_UNASKED_RETRY_MS = 60_000;
/** First fetches are spread over this time: processes that are started together must not ask together. */
const FIRST_SPREAD_MS = 1_000;
/** Refreshes begin up to this part of the period early, so that processes started together do not ask together. */
const JITTER = 0.2;
/** A set this many refresh periods old was not asked for, or is from an earlier run: keys withdrawn meanwhile are still in it. */
const UNASKED_PERIODS = 2;
/** A failure this long ago tells of an outage that lasts: longer than the last pause and a fetch that hangs. */
const OUTAGE_MS = 60_000;

/** Hears of fetches, for metrics. */
export interface KeySetObserver {
  /** `outcome` is `ok`, `empty` for a list without keys, or a short code of what went wrong. */
  fetched(keyManagerId: string, outcome: string): void;
  /** A key was asked for that only a fetch could have brought, and the cool-down forbade it. */
  throttled(keyManagerId: string): void;
  /** A set was used that is due, while its server fails. */
  staleUsed(keyManagerId: string): void;
}

/** What every remote key set is made with. */
export interface RemoteKeysOptions {
  readonly store: KeySetStore;
  /** Of a fleet; undefined where there is none. */
  readonly shared?: SharedKeySets | undefined;
  readonly fetch: FetchKeySet;
  /** Where another process fetches for this one: in the place of `fetch` and `shared`. */
  readonly obtain?: ObtainKeySet;
  /** Longest time that a fetch takes. */
  readonly fetchTimeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 to 1; spreads refreshes and retries. */
  readonly random: () => number;
  /** Age at which a set is refreshed in the background. */
  readonly refreshMs: number;
  /** After a good fetch: a new key is found within this time, and unknown key ids cannot ask more often. */
  readonly cooldownMs: number;
  /** Age beyond which a set that could not be refreshed is no longer trusted. */
  readonly maxStaleMs: number;
  readonly observer: KeySetObserver;
}

/** `fetched`: by this process, after it was asked for. */
type Outcome = 'fetched' | 'shared' | 'failed';

/** How it went for another process that asked this one for newer keys. */
export interface BroughtKeys {
  /** `fetched` settles what keys there are; otherwise the one asked for may yet appear. */
  readonly outcome: Outcome;
  readonly problem: string;
  /** Milliseconds since the epoch. */
  readonly pauseUntilMs: number;
}

/** The keys of one JWKS URL on behalf of one key manager. */
export class RemoteKeys implements HeldKeys {
  readonly #owner: KeySetOwner;
  readonly #url: string;
  readonly #options: RemoteKeysOptions;
  #set: KeySet | undefined;
  #fetchedAtMs = 0;
  #refreshAfterMs: number;
  #pauseUntilMs = 0;
  #failures = 0;
  #failedAtMs: number | undefined;
  /** When the server first said, after keys, that it has none; it must say so twice. */
  #emptyAtMs: number | undefined;
  #problem = 'never_fetched';
  #flight: Promise<Outcome> | undefined;
  #firstAtMs: number;
  #isLoaded = false;
  #dropped = false;

  constructor(owner: KeySetOwner, url: string, options: RemoteKeysOptions) {
    this.#owner = owner;
    this.#url = url;
    this.#options = options;
    this.#refreshAfterMs = this.#nextRefresh();
    this.#firstAtMs = options.clock() + FIRST_SPREAD_MS * options.random();
  }

  get fetchedAtMs(): number | undefined {
    return this.#set && this.#fetchedAtMs;
  }

  current(nowMs: number): KeySet | undefined {
    this.#load();
    if (this.#set === undefined) return undefined;
    // A clock that was set back must not make a set look fresh for as long as it was wrong.
    const ageMs = Math.abs(nowMs - this.#fetchedAtMs);
    const isDoubtful = this.#isDoubtful(nowMs, ageMs);
    const isDue = isDoubtful || this.#emptyAtMs !== undefined || ageMs >= this.#refreshAfterMs;
    if (isDue && this.#flight === undefined && !this.#isPausing(nowMs)) this.#refresh();
    if (isDoubtful || ageMs > this.#options.maxStaleMs) return undefined;
    if (isDue && this.#failures > 0) this.#options.observer.staleUsed(this.#owner.id);
    return this.#set;
  }

  /** True when a fetch is to be made though nobody asks: at first, when the set is old, and after failures at longer and longer pauses. */
  isDue(nowMs: number): boolean {
    if (this.#flight !== undefined) return false;
    if (this.#problem === 'never_fetched') {
      const leftMs = this.#firstAtMs - nowMs;
      return leftMs <= 0 || leftMs > FIRST_SPREAD_MS;
    }
    if (this.#isPausing(nowMs)) return false;
    if (this.#failedAtMs !== undefined) return Math.abs(nowMs - this.#failedAtMs) >= this.#unaskedPauseMs();
    return this.#emptyAtMs !== undefined || Math.abs(nowMs - this.#fetchedAtMs) >= this.#refreshAfterMs;
  }

  /** When the last fetch failed; undefined when it did not. */
  get failedAtMs(): number | undefined {
    return this.#failedAtMs;
  }

  /** Fetches now, or joins the fetch under way. Never rejects. */
  async refresh(): Promise<void> {
    this.#load();
    await (this.#flight ?? this.#refresh());
  }

  find(header: UnprovedJwt['header'], nowMs: number): KeyChoice | Promise<KeyChoice> {
    const isJoining = this.#flight !== undefined;
    const set = this.current(nowMs);
    const held = foundIn(set, header);
    if (held !== undefined) return held;
    // A key of that name is there and does not fit the token: fetching would only tell that again.
    if (set !== undefined && hasKeyNamed(set, header)) return deny('key_not_found', { source: 'jwks' });
    if (this.#flight !== undefined) return this.#findAfter(this.#flight, header, isJoining);
    if (!this.#isPausing(nowMs)) return this.#findAfter(this.#refresh(header), header, false);
    this.#options.observer.throttled(this.#owner.id);
    return this.#unsettled(nowMs);
  }

  drop(): void {
    this.#dropped = true;
  }

  get url(): string {
    return this.#url;
  }

  /** For another process, whose limits are these: fetches for its token, or where the set is due, if that may be now. Never rejects. */
  async bring(header: UnprovedJwt['header'] | undefined): Promise<BroughtKeys> {
    const { clock, observer } = this.#options;
    const isJoining = this.#flight !== undefined;
    const nowMs = clock();
    const set = this.current(nowMs);
    const isHeld = header === undefined ? set !== undefined : foundIn(set, header) !== undefined;
    const isPausing = this.#isPausing(nowMs);
    const flight = this.#flight ?? (isHeld || isPausing ? undefined : this.#refresh(header));
    if (flight === undefined && !isHeld) observer.throttled(this.#owner.id);
    const outcome = await (flight ?? (isHeld ? 'shared' : 'failed'));
    // What began before the token came may have missed the token's key.
    const settled = isJoining && outcome === 'fetched' ? 'shared' : outcome;
    return { outcome: settled, problem: this.#problem, pauseUntilMs: this.#pauseUntilMs };
  }

  /** Another process fetched a set: what the store has counts from now on, however the clock has gone meanwhile. */
  renew(): void {
    // What was not needed yet is loaded when it is; what is on its way comes with this one.
    if (!this.#isLoaded || this.#flight !== undefined || !this.#takeStored()) return;
    this.#settled(this.#fetchedAtMs);
    this.#problem = 'none';
    this.#emptyAtMs = undefined;
    this.#refreshAfterMs = this.#nextRefresh();
  }

  async #findAfter(flight: Promise<Outcome>, header: UnprovedJwt['header'], isJoining: boolean): Promise<KeyChoice> {
    const outcome = await flight;
    const nowMs = this.#options.clock();
    const found = foundIn(this.current(nowMs), header);
    if (found !== undefined) return found;
    // A fetch that began before the token came may have missed the token's key: only an own one settles it.
    if (isJoining || outcome !== 'fetched') return this.#unsettled(nowMs);
    return deny('key_not_found', { source: 'jwks' });
  }

  /** Unknown for now, and so a fault: a refusal would outlive the moment in which the key appears. */
  #unsettled(nowMs: number): KeyChoice {
    const evidence = { last_fetch: this.#problem, retry_in_ms: Math.ceil(Math.max(0, this.#pauseUntilMs - nowMs)) };
    return this.current(nowMs) === undefined
      ? fault('key_set_unavailable', evidence)
      : fault('key_set_refreshing', evidence);
  }

  /** True for a set that may prove nothing before a fetch was tried: nobody asked for long, or the server said that it has no keys. */
  #isDoubtful(nowMs: number, ageMs: number): boolean {
    const { cooldownMs, refreshMs } = this.#options;
    const unaskedMs = Math.max(UNASKED_PERIODS * refreshMs, cooldownMs);
    const emptyAtMs = this.#emptyAtMs;
    if (emptyAtMs === undefined ? ageMs < unaskedMs : Math.abs(nowMs - emptyAtMs) < cooldownMs) return false;
    if (this.#failedAtMs === undefined) return true;
    // While the server is down the set counts; a failure from before the doubt, or from long ago, does not tell that it is.
    const isOfDoubt =
      emptyAtMs !== undefined || Math.abs(this.#failedAtMs - this.#fetchedAtMs) >= unaskedMs - OUTAGE_MS;
    return !isOfDoubt || Math.abs(nowMs - this.#failedAtMs) > Math.max(refreshMs, OUTAGE_MS);
  }

  #isPausing(nowMs: number): boolean {
    const leftMs = this.#pauseUntilMs - nowMs;
    return leftMs > 0 && leftMs <= LAST_RETRY_MS;
  }

  #refresh(wanted?: UnprovedJwt['header']): Promise<Outcome> {
    const flight = this.#fetch(wanted).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = flight;
    return flight;
  }

  /** Never rejects: a refresh in the background has nobody to catch it. */
  async #fetch(wanted: UnprovedJwt['header'] | undefined): Promise<Outcome> {
    const { clock, cooldownMs, fetch, fetchTimeoutMs, observer, obtain, shared } = this.#options;
    const isEnough = (set: KeySet, fetchedAtMs: number) => {
      const ageMs = Math.abs(clock() - fetchedAtMs);
      if (wanted === undefined) return ageMs < this.#refreshAfterMs;
      return ageMs < cooldownMs || foundIn(set, wanted) !== undefined;
    };
    const heldAtMs = this.#set === undefined ? 0 : this.#fetchedAtMs;
    const asked = { owner: this.#owner, url: this.#url, heldAtMs, header: wanted, isEnough };
    const obtained = await (obtain?.(asked) ?? obtainKeySet(asked, { fetch, shared, clock, holdMs: fetchTimeoutMs }));
    if ('problem' in obtained) return this.#failed(obtained, clock());
    const { from, set, stored } = obtained;
    const isEmpty = set.keys.length === 0;
    observer.fetched(this.#owner.id, from === 'fleet' ? 'shared' : isEmpty ? 'empty' : 'ok');
    this.#settled(stored.fetchedAtMs);
    // One empty list may be a server that is starting; the second, a cool-down later, is a withdrawal of all keys.
    if (from === 'server' && isEmpty && this.#emptyAtMs === undefined && this.#set?.keys.length !== 0) {
      this.#problem = 'empty';
      this.#emptyAtMs = stored.fetchedAtMs;
      return 'failed';
    }
    this.#take(set, stored, from);
    return from === 'fleet' ? 'shared' : 'fetched';
  }

  /** The server, or who asked it, gave an answer at that time. */
  #settled(atMs: number): void {
    this.#failures = 0;
    this.#failedAtMs = undefined;
    this.#pauseUntilMs = atMs + this.#options.cooldownMs;
  }

  #take(set: KeySet, stored: StoredKeySet, from: ObtainedKeySet['from']): void {
    const { shared, store } = this.#options;
    this.#problem = 'none';
    this.#emptyAtMs = undefined;
    this.#set = set;
    this.#fetchedAtMs = stored.fetchedAtMs;
    this.#refreshAfterMs = this.#nextRefresh();
    if (this.#dropped) return;
    store.save(this.#owner.id, stored);
    if (from === 'server') shared?.set(this.#owner.id, stored);
  }

  #failed({ problem, pauseUntilMs }: NotObtained, nowMs: number): Outcome {
    const { observer, random } = this.#options;
    this.#problem = problem;
    this.#failures += 1;
    this.#failedAtMs = nowMs;
    this.#pauseUntilMs = pauseUntilMs ?? nowMs + pauseAfter(this.#failures, LAST_RETRY_MS) * (1 - JITTER * random());
    observer.fetched(this.#owner.id, problem);
    return 'failed';
  }

  #unaskedPauseMs(): number {
    return pauseAfter(this.#failures, LAST_UNASKED_RETRY_MS) * (1 - JITTER * this.#options.random());
  }

  /** Once, and not before the keys are needed: the last good set of an earlier run, if it came from the same URL. */
  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#takeStored();
  }

  /** False where the store has nothing else. */
  #takeStored(): boolean {
    const stored = this.#stored();
    if (stored?.url !== this.#url || stored.fetchedAtMs === this.#fetchedAtMs) return false;
    const imported = importJwks(stored.jwks);
    if ('problem' in imported) return false;
    this.#set = imported;
    this.#fetchedAtMs = stored.fetchedAtMs;
    return true;
  }

  /** A store that cannot be read has no set; whoever reads the catalog tells of it. */
  #stored(): StoredKeySet | undefined {
    try {
      return this.#options.store.load(this.#owner.id, this.#url);
    } catch {
      return undefined;
    }
  }

  #nextRefresh(): number {
    return this.#options.refreshMs * (1 - JITTER * this.#options.random());
  }
}

function pauseAfter(failures: number, lastMs: number): number {
  return Math.min(lastMs, FIRST_RETRY_MS * 2 ** Math.min(20, failures - 1));
}

/** The keys of a set that may have signed a token with this header; undefined when there are none. */
export function foundIn(set: KeySet | undefined, header: UnprovedJwt['header']): KeyChoice | undefined {
  const keys = set === undefined ? [] : selectKeys(set, header);
  return set === undefined || keys.length === 0 ? undefined : { keys, setDigest: set.digest };
}
