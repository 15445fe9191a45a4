// Notes each step of one decision: what it found, why it refused, how long it took. For the decision record and for tests; a
// decision without a recorder pays one comparison a step.

import { isRefusal } from '../domain/decision.ts';
import type { RecordedStep, Recorder, StepName } from './ports.ts';

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
