// Notes each step of one decision: what it found, why it refused, how long it took. For the decision record and for tests; a
// decision without a recorder pays one comparison a step.

import { isRefusal } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Reason } from '../domain/reason.ts';
import type { Recorder, StepName } from './ports.ts';

/** One step as it went. */
export interface RecordedStep {
  readonly step: StepName;
  readonly outcome: 'passed' | 'deny' | 'fault';
  readonly reason?: Reason;
  readonly evidence?: Evidence;
  /** Microseconds since the step before; waiting for a key counts to `proof`. */
  readonly us: number;
}

/** Records one decision; a decision that starts over goes on in the same list. */
export class StepRecorder implements Recorder {
  readonly steps: RecordedStep[] = [];
  readonly #clock: () => number;
  #last: number;

  /** `clock` gives milliseconds that only go forward. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#last = clock();
  }

  step(step: StepName, result: unknown): void {
    const now = this.#clock();
    const us = Math.round((now - this.#last) * 1000);
    this.#last = now;
    if (isRefusal(result)) {
      const { outcome, reason, evidence } = result;
      this.steps.push({ step, outcome, reason, evidence, us });
    } else this.steps.push({ step, outcome: 'passed', us });
  }
}
