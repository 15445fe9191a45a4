// Who of the workers is started, replaced, drained or killed, and when: a state for each and rules, without a process or a timer. Time
// comes in with each event, and what is to be done goes out as orders.

/** What a worker does now. `resting`: it ended, and its successor has to wait. */
export type WorkerState = 'starting' | 'serving' | 'draining' | 'resting' | 'gone';

/** Why a worker is killed. */
export type KillReason = 'hung' | 'slow_start' | 'slow_drain';

/** What is to be done to a worker. */
export type WorkerOrder =
  | { readonly kind: 'fork' | 'ping' | 'drain'; readonly worker: number }
  | { readonly kind: 'kill'; readonly worker: number; readonly why: KillReason };

/** How an end was taken. */
export interface WorkerEnd {
  readonly orders: readonly WorkerOrder[];
  /** Milliseconds until its successor is started; undefined where there will be none. */
  readonly restMs: number | undefined;
  readonly wasExpected: boolean;
}

/** How often a worker is asked whether it lives. */
export const PING_MS = 500;
/** A worker that is silent for so many pings in a row is hung: three seconds, longer than any pause of a process that is well. */
const MAX_UNANSWERED = 6;
/** Reading the largest catalogs from a cold disk takes seconds. */
const MAX_START_MS = 60_000;
/** After so long without a check it is known all the same that the start is not what is broken. */
const PROVEN_MS = 10_000;
/** The second death in a row without an answer is followed by this rest, each further one by twice as much. */
const FIRST_REST_MS = 250;
/** Longest rest where workers do listen: what ends them may be a request, and must not end the house. */
const LAST_REST_MS = 1_000;
/** Longest rest where they do not even listen: a broken start must not spin. */
const LAST_BROKEN_REST_MS = 5_000;

interface Slot {
  state: WorkerState;
  generation: number;
  /** When it came into its state. */
  sinceMs: number;
  hasListened: boolean;
  /** It answered a check. */
  isProven: boolean;
  /** Deaths in a row without an answer. */
  failures: number;
  pingedAtMs: number;
  unanswered: number;
}

/** The states of all workers, counted from 0. */
export class WorkerHouse {
  readonly #slots: readonly Slot[];
  readonly #maxDrainMs: number;
  #generation = 0;
  #isUp = false;
  #isStopping = false;

  /** `maxDrainMs`: how long a drain may take before it is ended by force. */
  constructor(workers: number, maxDrainMs: number) {
    this.#maxDrainMs = maxDrainMs;
    this.#slots = Array.from({ length: workers }, () => ({
      state: 'gone',
      generation: 0,
      sinceMs: 0,
      hasListened: false,
      isProven: false,
      failures: 0,
      pingedAtMs: 0,
      unanswered: 0,
    }));
  }

  /** All begin at once. */
  start(nowMs: number): readonly WorkerOrder[] {
    return this.#slots.map((_, worker) => this.#fork(worker, nowMs));
  }

  /** It takes checks. */
  listening(worker: number, nowMs: number): readonly WorkerOrder[] {
    const slot = this.#slots[worker];
    if (slot?.state !== 'starting') return [];
    enter(slot, 'serving', nowMs);
    slot.hasListened = true;
    this.#isUp ||= this.count('serving') === this.#slots.length;
    return this.#next(nowMs);
  }

  /** It answered a check for the first time: whatever ends it later, its start is not broken. */
  answered(worker: number): void {
    const slot = this.#slots[worker];
    if (slot !== undefined) slot.isProven = true;
  }

  /** It lives. */
  alive(worker: number): void {
    const slot = this.#slots[worker];
    if (slot !== undefined) slot.unanswered = 0;
  }

  /** Its process has ended, as it was told to or not. Before all were up once there is no second try: a start fails as a whole. */
  ended(worker: number, nowMs: number): WorkerEnd {
    const slot = this.#slots[worker];
    if (slot === undefined || slot.state === 'gone') return { orders: [], restMs: undefined, wasExpected: true };
    const wasExpected = slot.state === 'draining';
    const servedMs = slot.state === 'serving' ? nowMs - slot.sinceMs : 0;
    if (this.#isStopping || !this.#isUp) {
      enter(slot, 'gone', nowMs);
      return { orders: [], restMs: undefined, wasExpected };
    }
    if (slot.isProven || servedMs >= PROVEN_MS || wasExpected) slot.failures = 0;
    if (!wasExpected) slot.failures += 1;
    enter(slot, 'resting', nowMs);
    const restMs = restOf(slot);
    return { orders: restMs === 0 ? [this.#fork(worker, nowMs)] : [], restMs, wasExpected };
  }

  /** To be called ten times a second. */
  tick(nowMs: number): readonly WorkerOrder[] {
    return this.#slots.flatMap((slot, worker) => this.#look(slot, worker, nowMs));
  }

  /** Replaces all, one at a time, each only while all others serve. */
  roll(nowMs: number): readonly WorkerOrder[] {
    if (!this.#isUp || this.#isStopping) return [];
    this.#generation += 1;
    return this.#next(nowMs);
  }

  /** Drains all; nobody follows. */
  stop(nowMs: number): readonly WorkerOrder[] {
    this.#isStopping = true;
    return this.#slots.flatMap((slot, worker): readonly WorkerOrder[] => {
      if (slot.state === 'resting') enter(slot, 'gone', nowMs);
      if (slot.state !== 'starting' && slot.state !== 'serving') return [];
      enter(slot, 'draining', nowMs);
      return [{ kind: 'drain', worker }];
    });
  }

  /** Workers in a state. */
  count(state: WorkerState): number {
    return this.#slots.filter((slot) => slot.state === state).length;
  }

  stateOf(worker: number): WorkerState {
    return this.#slots[worker]?.state ?? 'gone';
  }

  #look(slot: Slot, worker: number, nowMs: number): readonly WorkerOrder[] {
    const forMs = nowMs - slot.sinceMs;
    const kill = (why: KillReason): readonly WorkerOrder[] => {
      // Said once; its end comes as an event.
      slot.sinceMs = nowMs;
      slot.unanswered = 0;
      return [{ kind: 'kill', worker, why }];
    };
    if (slot.state === 'resting') return forMs >= restOf(slot) ? [this.#fork(worker, nowMs)] : [];
    if (slot.state === 'starting') return forMs >= MAX_START_MS ? kill('slow_start') : [];
    if (slot.state === 'draining') return forMs >= this.#maxDrainMs ? kill('slow_drain') : [];
    if (slot.state !== 'serving' || nowMs - slot.pingedAtMs < PING_MS) return [];
    // Counted in pings, not in time: this process may have stood still itself.
    if (slot.unanswered >= MAX_UNANSWERED) return kill('hung');
    slot.pingedAtMs = nowMs;
    slot.unanswered += 1;
    return [{ kind: 'ping', worker }];
  }

  #fork(worker: number, nowMs: number): WorkerOrder {
    const slot = this.#slots[worker];
    if (slot !== undefined) {
      enter(slot, 'starting', nowMs);
      Object.assign(slot, { generation: this.#generation, hasListened: false, isProven: false, unanswered: 0 });
    }
    return { kind: 'fork', worker };
  }

  /** The next one of an older generation, while all serve. */
  #next(nowMs: number): readonly WorkerOrder[] {
    if (this.#isStopping || this.count('serving') < this.#slots.length) return [];
    const worker = this.#slots.findIndex(({ generation }) => generation < this.#generation);
    const slot = this.#slots[worker];
    if (slot === undefined) return [];
    enter(slot, 'draining', nowMs);
    return [{ kind: 'drain', worker }];
  }
}

function enter(slot: Slot, state: WorkerState, nowMs: number): void {
  slot.state = state;
  slot.sinceMs = nowMs;
}

function restOf({ failures, hasListened }: Slot): number {
  if (failures <= 1) return 0;
  const lastMs = hasListened ? LAST_REST_MS : LAST_BROKEN_REST_MS;
  return Math.min(lastMs, FIRST_REST_MS * 2 ** Math.min(20, failures - 2));
}
