// A WSO2 control plane as the source of the catalog: its events as they come, and everything compared at the start, after each connection
// to its event hub and from time to time. What cannot be read changes nothing; what shrinks suspiciously waits for somebody to confirm it.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceChange } from '../../domain/source-change.ts';
import { compareCopy, risen } from '../comparison/compare-copy.ts';
import type { ChangeOrigin, LocalCopy } from '../comparison/local-copy.ts';
import type { Shrinkage } from '../comparison/shrink-guard.ts';
import { suspiciousShrinkage } from '../comparison/shrink-guard.ts';
import { waitAfterFailures } from '../source/back-off.ts';
import type { Source, SourceStatus } from '../source/source.ts';
import type { ControlPlane } from './control-plane.ts';
import type { EventHub } from './event-hub.ts';
import { EventOrder } from './event-order.ts';
import { type TranslationOptions, translateEvent } from './event-translation.ts';
import { readHubMessage, type Topic } from './hub-message.ts';
import { TouchedEntities } from './touched-entities.ts';

/** Gets told; must not throw. None of it holds a payload. */
export interface Wso2Observer {
  /** Changes are in force. */
  applied(origin: ChangeOrigin, count: number): void;
  /** An event that cannot be understood was put aside. */
  deadLettered(topic: Topic, code: string): void;
  /** Everything was compared; how many changes that took, and how long. */
  reconciled(changes: number, durationMs: number): void;
  /** A comparison waits to be confirmed. */
  heldBack(shrinkage: readonly Shrinkage[]): void;
  /** Something does not work; it is tried again. */
  problem(problem: string): void;
}

/** What the source needs. */
export interface Wso2SourceOptions extends Omit<TranslationOptions, 'order'> {
  readonly controlPlane: ControlPlane;
  readonly copy: LocalCopy;
  /** Makes the follower of the event hub; null: only comparisons are made. */
  readonly eventHub:
    | ((listener: {
        readonly onMessage: (topic: Topic, body: Buffer) => Promise<void>;
        readonly onConnected: () => void;
        readonly onAway: (problem: string) => void;
      }) => Pick<EventHub, 'start' | 'stop'>)
    | null;
  readonly reconcileMs: number;
  /** Comparisons that events ask for come no closer than this, and no closer than their own length. */
  readonly restMs: number;
  /** The copy was complete once already. */
  readonly hasCopy: boolean;
  /** The first comparison may remove as much as it likes. */
  readonly allowShrink: boolean;
  readonly observer: Wso2Observer;
  /** Awaited now and then, so that others get their turn. */
  readonly pause: () => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** 0 up to, and without, 1. */
  readonly random: () => number;
}

/** Changes of one transaction of a comparison; an event is always one. */
const SLICE_CHANGES = 2_000;
/** The source. */
export class Wso2Source implements Source {
  readonly #options: Wso2SourceOptions;
  readonly #hub: Pick<EventHub, 'start' | 'stop'> | undefined;
  readonly #order = new EventOrder();
  readonly #stopping = new AbortController();
  #life: Promise<void> | undefined;
  /** One thing at a time is written. */
  #writing: Promise<unknown> = Promise.resolve();
  /** What events changed while everything is being read: for these the image is too old. */
  #touched: TouchedEntities | undefined;
  #wake: () => void = () => undefined;
  #soon = false;
  #allowShrink: boolean;
  #complete: boolean;
  #state: SourceStatus['state'] = 'starting';
  #problem: string | null = null;
  #hubProblem: string | undefined = 'not_connected';
  #comparedAtMs: number | null = null;
  #loadedRows = 0;

  constructor(options: Wso2SourceOptions) {
    this.#options = options;
    this.#allowShrink = options.allowShrink;
    this.#complete = options.hasCopy;
    this.#hub = options.eventHub?.({
      onMessage: (topic, body) => this.#message(topic, body),
      onConnected: () => {
        this.#hubProblem = undefined;
        this.#reconcileSoon();
      },
      onAway: (problem) => {
        this.#hubProblem = problem;
        options.observer.problem(`event hub: ${problem}`);
      },
    });
  }

  start(): void {
    this.#hub?.start();
    this.#life ??= this.#live();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#hub?.stop();
    await this.#life;
    await this.#writing;
  }

  confirm(): boolean {
    if (this.#state !== 'held_back') return false;
    this.#allowShrink = true;
    this.#reconcileSoon();
    return true;
  }

  status(): SourceStatus {
    const isHubAway = this.#hub !== undefined && this.#hubProblem !== undefined;
    const isFollowing = this.#state === 'following';
    return {
      source: 'wso2',
      state: isFollowing && isHubAway ? 'away' : this.#state,
      complete: this.#complete,
      freshAtMs: isFollowing && !isHubAway && this.#hub !== undefined ? this.#options.clock() : this.#comparedAtMs,
      loadedRows: this.#loadedRows,
      problem: this.#problem ?? (isHubAway ? `event hub: ${this.#hubProblem}` : null),
    };
  }

  /** Rows of everything, read so far. */
  progress(rows: number): void {
    this.#loadedRows = rows;
  }

  /** Something asked for a comparison that need not wait for its time. */
  #reconcileSoon(): void {
    this.#soon = true;
    this.#wake();
  }

  async #live(): Promise<void> {
    const { clock, observer, random, reconcileMs, restMs } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      this.#soon = false;
      const startedMs = clock();
      const problem = await this.#reconcile().catch((error: unknown) => `a defect: ${String(error)}`);
      if (problem === undefined) failures = 0;
      else {
        failures += 1;
        this.#state = 'away';
        this.#problem = problem;
        observer.problem(problem);
      }
      const tookMs = clock() - startedMs;
      if (problem === undefined) {
        // Nobody asks all the time, not even with events that keep asking.
        await this.#rest(Math.max(restMs, tookMs), () => signal.aborted);
        await this.#rest(reconcileMs * (0.9 + random() / 5), () => this.#soon || signal.aborted);
      } else await this.#rest(waitAfterFailures(failures, random), () => signal.aborted);
    }
  }

  async #rest(ms: number, isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    const timer = new AbortController();
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        if (isOver()) resolve();
      };
      void sleep(ms, undefined, { signal: timer.signal }).then(resolve, () => undefined);
    });
    this.#wake = () => undefined;
    timer.abort();
  }

  /** Reads everything, compares, applies; what keeps it from that. */
  async #reconcile(): Promise<string | undefined> {
    const { clock, controlPlane, copy, observer, pause } = this.#options;
    if (!this.#complete) this.#state = 'loading';
    const startedMs = clock();
    const touched = new TouchedEntities();
    this.#touched = touched;
    try {
      const read = await controlPlane.image();
      if ('problem' in read) return read.problem;
      const { image, readFromMs } = read.value;
      const comparison = await compareCopy(copy, image, (organization) => controlPlane.owns(organization), pause);
      const shrinkage = suspiciousShrinkage(comparison);
      if (shrinkage.length > 0 && !this.#allowShrink) {
        this.#state = 'held_back';
        this.#problem = `the control plane has much less than this copy (${shrinkage.map(told).join(', ')}); look at it, then run: gatehouse sync confirm`;
        observer.heldBack(shrinkage);
        return undefined;
      }
      for (let at = 0; at < comparison.changes.length; at += SLICE_CHANGES) {
        const slice = comparison.changes.slice(at, at + SLICE_CHANGES);
        const problem = await this.#serially(() => this.#apply(touched.without(slice), 'reconcile'));
        if (problem !== undefined) return problem;
      }
      if (touched.wasInTheWay) this.#reconcileSoon();
      if (readFromMs !== undefined) this.#order.noteImage(readFromMs);
      this.#allowShrink = false;
      this.#complete = true;
      this.#state = 'following';
      this.#problem = null;
      this.#comparedAtMs = startedMs;
      observer.reconciled(comparison.changes.length, clock() - startedMs);
      return undefined;
    } finally {
      this.#touched = undefined;
    }
  }

  async #message(topic: Topic, body: Buffer): Promise<void> {
    const { observer } = this.#options;
    await this.#serially(async () => {
      const code = await this.#event(topic, body).catch(() => 'defect');
      if (code === undefined) return;
      observer.deadLettered(topic, code);
      this.#reconcileSoon();
    });
  }

  /** A code for an event that is put aside. */
  async #event(topic: Topic, body: Buffer): Promise<string | undefined> {
    const { controlPlane, copy } = this.#options;
    const hub = readHubMessage(topic, body);
    if ('poison' in hub) return hub.poison;
    if (hub.organization !== null && !controlPlane.owns(hub.organization)) return undefined;
    const { changes, poison, reconcile } = await translateEvent(hub, { ...this.#options, order: this.#order });
    const numbered = changes.map((change) =>
      change.entity === null
        ? change
        : ({ ...change, entity: risen(change.entity, copy.find(change.kind, change.id)) } as SourceChange),
    );
    const problem = await this.#apply(numbered, 'event');
    if (problem !== undefined || reconcile === true) this.#reconcileSoon();
    return poison;
  }

  async #apply(changes: readonly SourceChange[], origin: ChangeOrigin): Promise<string | undefined> {
    if (changes.length === 0) return undefined;
    const applied = await this.#options.copy.apply(changes, origin);
    if (applied.kind === 'refused') {
      this.#options.observer.problem(applied.problem);
      return applied.problem;
    }
    if (origin === 'event') this.#touched?.note(changes);
    this.#options.observer.applied(origin, changes.length);
    return undefined;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

function told({ kind, here, removed }: Shrinkage): string {
  return `${removed} of ${here} rows of ${kind}`;
}
