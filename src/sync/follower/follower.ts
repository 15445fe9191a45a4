// A follower: takes a copy of the hub, then what changes, for ever. Whatever goes wrong leaves the copy as it was, and is tried again
// later; what does not fit is answered by a fresh copy beside the old one.

import { setTimeout as pause } from 'node:timers/promises';
import type { SourcePosition } from '../../domain/change.ts';
import { DamagedChanges, readChangeLines } from '../changes/change-lines.ts';
import type { AskHub, ChangeSink, OpensSecrets } from '../changes/change-ports.ts';
import { waitAfterFailures } from '../source/back-off.ts';
import type { Source } from '../source/source.ts';
import { type FollowerStatus, sentenceOf } from './follower-status.ts';
import { Intake, NeedsSnapshot } from './intake.ts';

/** What a follower is made with. */
export interface FollowerOptions {
  readonly ask: AskHub;
  readonly sink: ChangeSink;
  readonly opensSecrets: OpensSecrets;
  /** Keeps the feed open; false asks again and again. */
  readonly stream: boolean;
  /** How long the hub may hold an answer back then. */
  readonly pollSeconds: number;
  /** When the copy was in sync before the last end of the program. */
  readonly inSyncAtMs: number | undefined;
  readonly observer: FollowerObserver;
  readonly clock: () => number;
  readonly random: () => number;
}

/** Gets told; must not throw. */
export interface FollowerObserver {
  /** The hub was reached, and the copy is what it has. */
  inSync(nowMs: number): void;
  /** Changes were put in force; `snapshot` says that they were a whole copy. */
  applied(changes: number, snapshot: boolean): void;
  /** A copy is on its way. */
  loading(changes: number): void;
  /** A short code of why the hub cannot be followed now. */
  failed(problem: string): void;
}

/** How often it is asked so, before the open feed is tried again, when something between the two swallows that. */
const POLLS_IN_PLACE = 30;
/** A copy that is held back is not fetched again and again. */
const HELD_BACK_WAIT_MS = 60_000;
/** Copies that follow each other sooner are waited for as after a failure. */
const SNAPSHOT_SPACING_MS = 10_000;
/** An answer without news comes when its time is over; one that comes sooner was ended by somebody in between. */
const SHORTEST_POLL_MS = 1_000;

/** Follows one hub. */
export class Follower implements Source {
  readonly #options: FollowerOptions;
  readonly #stop = new AbortController();
  #run: Promise<void> | undefined;
  #state: FollowerStatus['state'] = 'starting';
  #hubPosition: SourcePosition | undefined;
  #inSyncAtMs: number | undefined;
  #problem: string | undefined;
  /** Where the copy stood when that could be read last. */
  #known: SourcePosition | undefined;
  #loaded = 0;
  #wantsSnapshot = false;
  #pollsLeft = 0;
  #heard = false;
  #isConfirmed = false;
  #goOn: () => void = () => undefined;
  #snapshotAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#inSyncAtMs = options.inSyncAtMs;
  }

  /** Begins to follow. */
  start(): void {
    this.#run ??= this.#follow();
  }

  /** Ends; what was not applied by then is not. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  /** Takes the next copy even if it has much less; false where none is held back. */
  confirm(): boolean {
    if (this.#state !== 'held_back') return false;
    this.#isConfirmed = true;
    this.#goOn();
    return true;
  }

  /** Where it stands. */
  status(): FollowerStatus {
    const position = this.#positionAsKnown();
    return {
      source: 'hub',
      state: this.#state,
      complete: position !== undefined,
      freshAtMs: this.#inSyncAtMs ?? null,
      loadedRows: this.#loaded,
      problem: this.#problem === undefined ? null : sentenceOf(this.#problem),
      position,
      hubPosition: this.#hubPosition,
    };
  }

  async #follow(): Promise<void> {
    const { random } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      this.#heard = false;
      const problem = await this.#once();
      if (this.#stop.signal.aborted) return;
      if (problem === undefined) {
        failures = 0;
        continue;
      }
      // A connection that brought something before it broke is as good as any first one.
      failures = this.#heard && problem !== 'held_back' ? 1 : failures + 1;
      this.#problem = problem;
      this.#state = problem === 'held_back' ? 'held_back' : 'away';
      this.#options.observer.failed(problem);
      const waitMs = problem === 'held_back' ? HELD_BACK_WAIT_MS : waitAfterFailures(failures, random);
      const waited = new AbortController();
      this.#goOn = () => waited.abort();
      const signal = AbortSignal.any([waited.signal, this.#stop.signal]);
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Where the copy stands. */
  #position(): SourcePosition | undefined {
    try {
      this.#known = this.#options.sink.position();
      return this.#known;
    } catch {
      throw new Error('catalog_unreadable');
    }
  }

  /** The same for who only wants to know; what was read last while it cannot be read. */
  #positionAsKnown(): SourcePosition | undefined {
    try {
      return this.#position();
    } catch {
      return this.#known;
    }
  }

  /** One connection; what went wrong, or undefined where the next can follow at once. */
  async #once(): Promise<string | undefined> {
    const isStream = this.#options.stream && this.#pollsLeft === 0;
    if (this.#pollsLeft > 0) this.#pollsLeft -= 1;
    try {
      const position = this.#wantsSnapshot ? undefined : this.#position();
      await this.#read(position, isStream);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error)) return 'internal_error';
      if (error instanceof DamagedChanges) {
        this.#wantsSnapshot = true;
        return 'damaged';
      }
      if (error instanceof NeedsSnapshot) {
        this.#wantsSnapshot = true;
        // A hub that is away from where a copy just came from would have one follow the other without end.
        const isFirst = this.#options.clock() - this.#snapshotAtMs > SNAPSHOT_SPACING_MS;
        return isFirst ? undefined : 'gap';
      }
      // An open feed of which nothing arrives, not even the first heartbeat: somebody in between waits for its end.
      if (isStream && !this.#heard && error.message === 'timeout') this.#pollsLeft = POLLS_IN_PLACE;
      return error.message;
    }
  }

  async #read(position: SourcePosition | undefined, isStream: boolean): Promise<void> {
    const { ask, opensSecrets, sink } = this.#options;
    const startedAtMs = performance.now();
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    const intake = new Intake({ sink, position, opensSecrets, allowShrink: this.#isConfirmed });
    try {
      const pollSeconds = isStream ? undefined : this.#options.pollSeconds;
      const path = position === undefined ? '/sync/snapshot' : feedPath(position, pollSeconds);
      if (position === undefined) this.#loaded = 0;
      const reply = await ask({ method: 'GET', path }, signal);
      if ('problem' in reply) throw new Error(reply.problem);
      if (reply.status !== 200) throw new Error(`status_${reply.status}`);
      for await (const line of readChangeLines(reply.body)) {
        this.#heard = true;
        if (line.kind === 'gone') throw new NeedsSnapshot();
        if (line.kind === 'heartbeat') this.#hubPosition = line.position;
        else await this.#take(intake, line, position === undefined);
        this.#notice(intake);
      }
      if (intake.isOpen || (position === undefined && !intake.hasApplied)) throw new Error('cut_short');
    } finally {
      over.abort();
      await intake.discard();
    }
    if (position === undefined) {
      this.#wantsSnapshot = false;
      this.#isConfirmed = false;
      this.#snapshotAtMs = this.#options.clock();
    } else if (isStream || (!intake.hasApplied && performance.now() - startedAtMs < SHORTEST_POLL_MS))
      throw new Error('ended');
  }

  async #take(intake: Intake, line: Parameters<Intake['take']>[0], isSnapshot: boolean): Promise<void> {
    const { observer } = this.#options;
    const applied = await intake.take(line);
    this.#state = isSnapshot ? 'loading' : 'following';
    if (isSnapshot) {
      this.#loaded = intake.taken;
      observer.loading(this.#loaded);
    }
    if (applied === undefined) return;
    observer.applied(applied, isSnapshot);
    const to = intake.position;
    if (to !== undefined && (isSnapshot || this.#hubPosition === undefined || isBehind(this.#hubPosition, to)))
      this.#hubPosition = to;
  }

  /** In sync is who stands where the hub says that it is, now. */
  #notice(intake: Intake): void {
    const { clock, observer } = this.#options;
    const [own, hub] = [intake.position, this.#hubPosition];
    if (intake.isOpen || own === undefined || own.epoch !== hub?.epoch || own.sequence < hub.sequence) return;
    this.#state = 'following';
    this.#problem = undefined;
    this.#inSyncAtMs = clock();
    observer.inSync(this.#inSyncAtMs);
  }
}

function feedPath({ epoch, sequence }: SourcePosition, pollSeconds: number | undefined): string {
  const query = new URLSearchParams({ epoch, after: String(sequence) });
  if (pollSeconds !== undefined) query.set('wait', String(pollSeconds));
  return `/sync/changes?${query}`;
}

function isBehind(hub: SourcePosition, own: SourcePosition): boolean {
  return hub.epoch !== own.epoch || hub.sequence < own.sequence;
}
