// Keeps one key manager's trouble its own: requests under way, breaker, rate of first sights, waiting requests and time for proofs,
// each with a limit of its own and one for all. Nobody is queued: over a limit the answer is an immediate refusal.

import type { Admission, AdmissionRefused, Admitted, AdmittedKeyManager } from '../../authorize/ports.ts';
import type { KeyManagerLimits } from '../../domain/key-manager.ts';
import { Circuit } from './circuit.ts';
import { ProofBudget } from './proof-budget.ts';
import { type BucketSize, TokenBucket } from './token-bucket.ts';

/** Which limit refused. */
export type AdmissionLimit = 'breaker' | 'concurrency' | 'flights' | 'rate' | 'waiters' | 'proof_time';

/** Hears of refusals and of circuits, for metrics. */
export interface AdmissionObserver {
  refused(keyManagerId: string, limit: AdmissionLimit): void;
  circuit(keyManagerId: string, state: 'open' | 'closed'): void;
}

/** What holds for all key managers together. */
export interface AdmissionOptions {
  /** Checks that may be under way at once (HTTP/2 streams of all connections); of them a quarter may wait for one key manager, half for all. */
  readonly concurrentChecks: number;
  /** Outbound requests under way to all key managers; of them introspections of one key manager take at most half. */
  readonly maxFlights: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 to 1; spreads the tries of broken circuits. */
  readonly random: () => number;
  readonly observer: AdmissionObserver;
}

/** The part of rate and burst that is kept for tokens that were active when last seen. */
const RESERVED = 0.25;
/** The part of all flights that introspections leave to fetches of keys. */
const FOR_KEYS = 1 / 8;

interface State {
  circuit: Circuit;
  /** Of the key manager as it was last seen; each time it is written they are another object. */
  limits: KeyManagerLimits | undefined;
  readonly open: TokenBucket;
  readonly reserved: TokenBucket;
  flights: number;
  waiters: number;
}

/** Limits of all key managers; the state of one that is gone is dropped by `retain`. */
export class Limits implements Admission {
  readonly #options: AdmissionOptions;
  readonly #states = new Map<string, State>();
  readonly #proofs = new ProofBudget();
  #flights = 0;
  #waiters = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  introspect({ id, limits }: AdmittedKeyManager, knownActive: boolean, nowMs: number): Admitted | AdmissionRefused {
    const { clock, maxFlights, observer } = this.#options;
    const state = this.#stateOf(id);
    this.#look(id, state, limits);
    const { circuit } = state;
    if (!circuit.admits(nowMs)) return this.#refuse(id, 'breaker');
    if (state.flights >= limits.concurrency) return this.#refuse(id, 'concurrency');
    if (state.flights >= maxFlights / 2 || this.#flights >= maxFlights * (1 - FOR_KEYS))
      return this.#refuse(id, 'flights');
    if (!isWithinRate(state, limits, knownActive, nowMs)) return this.#refuse(id, 'rate');
    const end = circuit.begin();
    state.flights += 1;
    this.#flights += 1;
    return once((outcome) => {
      state.flights -= 1;
      this.#flights -= 1;
      const wasOpen = circuit.isOpen;
      end(outcome, clock());
      if (circuit === state.circuit && circuit.isOpen !== wasOpen) observer.circuit(id, wasOpen ? 'closed' : 'open');
    });
  }

  wait(keyManagerId: string): Admitted | AdmissionRefused {
    const { concurrentChecks } = this.#options;
    const state = this.#stateOf(keyManagerId);
    if (state.waiters >= concurrentChecks / 4 || this.#waiters >= concurrentChecks / 2)
      return this.#refuse(keyManagerId, 'waiters');
    state.waiters += 1;
    this.#waiters += 1;
    return once(() => {
      state.waiters -= 1;
      this.#waiters -= 1;
    });
  }

  prove(keyManagerId: string, nowMs: number): Admitted | AdmissionRefused {
    const settle = this.#proofs.charge(keyManagerId, nowMs);
    if (settle === undefined) return this.#refuse(keyManagerId, 'proof_time');
    return once((_outcome, spentMs) => settle(spentMs ?? 0));
  }

  /** Forgets all other key managers; what is under way for them is still given back. */
  retain(keyManagerIds: ReadonlySet<string>): void {
    for (const id of this.#states.keys()) if (!keyManagerIds.has(id)) this.#states.delete(id);
    this.#proofs.retain(keyManagerIds);
  }

  /** Requests that wait for something of a key manager, for metrics. */
  get waiters(): number {
    return this.#waiters;
  }

  /** A key manager that was written anew is asked at once, whatever failed before: its secret or address may be the right one now. */
  #look(id: string, state: State, limits: KeyManagerLimits): void {
    if (state.limits === limits) return;
    state.limits = limits;
    if (state.circuit.isOpen) this.#options.observer.circuit(id, 'closed');
    state.circuit = new Circuit(this.#options.random);
  }

  #stateOf(id: string): State {
    let state = this.#states.get(id);
    if (state === undefined) {
      const circuit = new Circuit(this.#options.random);
      state = {
        circuit,
        limits: undefined,
        open: new TokenBucket(),
        reserved: new TokenBucket(),
        flights: 0,
        waiters: 0,
      };
      this.#states.set(id, state);
    }
    return state;
  }

  #refuse(id: string, limit: AdmissionLimit): AdmissionRefused {
    this.#options.observer.refused(id, limit);
    return { kind: 'refused', why: limit === 'breaker' ? 'breaker' : 'limit' };
  }
}

/** Tokens last seen active take from their own part first, so that a flood of made-up tokens leaves them room. */
function isWithinRate(state: State, limits: KeyManagerLimits, knownActive: boolean, nowMs: number): boolean {
  if (knownActive && state.reserved.take(part(limits, RESERVED), nowMs)) return true;
  return state.open.take(part(limits, 1 - RESERVED), nowMs);
}

/** At least one at a time: a burst of 1 must let something pass. */
function part({ ratePerSecond, burst }: KeyManagerLimits, share: number): BucketSize {
  return { ratePerSecond: ratePerSecond * share, burst: Math.max(1, burst * share) };
}

/** Leave that is given back once, however often it is told. */
function once(done: Admitted['done']): Admitted {
  let isDone = false;
  return {
    kind: 'admitted',
    done(outcome, spentMs) {
      if (isDone) return;
      isDone = true;
      done(outcome, spentMs);
    },
  };
}
