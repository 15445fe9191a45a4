// A decision as it was told, around the request as it came. Most are counted and not recorded, so what only a record repeats is read
// from the request when the record is made.

import type { Decision } from '../domain/decision.ts';
import type { ToldDecision } from '../domain/told-decision.ts';
import type { CheckRequest } from './request/check-request.ts';

/** When a check came, and as what. */
export interface CheckStart {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Absent when its bytes could not be read. */
  readonly request: Pick<CheckRequest, 'requestId' | 'method' | 'host' | 'path'> | undefined;
}

/** One decision that was told. */
export class ToldCheck implements ToldDecision {
  readonly decision: Decision;
  readonly durationUs: number;
  readonly #start: CheckStart;

  constructor(start: CheckStart, decision: Decision, durationUs: number) {
    this.#start = start;
    this.decision = decision;
    this.durationUs = durationUs;
  }

  get decisionId(): string {
    return this.#start.decisionId;
  }

  get startedAtMs(): number {
    return this.#start.startedAtMs;
  }

  get requestId(): string | undefined {
    try {
      return this.#start.request?.requestId;
    } catch {
      return undefined;
    }
  }

  get method(): string {
    return this.#start.request?.method ?? '';
  }

  get host(): string {
    return this.#start.request?.host ?? '';
  }

  get path(): string {
    const path = this.#start.request?.path ?? '';
    const query = path.search(/[?#]/);
    return query < 0 ? path : path.slice(0, query);
  }
}
