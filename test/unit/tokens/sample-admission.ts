// An admission that lets everything pass but what a test refuses, and keeps count.

import type { Admission, AdmissionRefused, Admitted } from '../../../src/authorize/ports.ts';

/** Counts what it is asked for and what is given back; refuses what a test wants refused. */
export class SampleAdmission implements Admission {
  refuse: Partial<Record<'introspect' | 'wait' | 'prove', AdmissionRefused['why']>> = {};
  /** `known` or `new` for each leave to introspect. */
  readonly introspected: string[] = [];
  readonly outcomes: string[] = [];
  /** Leaves that were not given back. */
  readonly held = { introspect: 0, wait: 0, prove: 0 };
  proofs = 0;

  introspect(_keyManager: unknown, knownActive: boolean): Admitted | AdmissionRefused {
    const leave = this.#leave('introspect');
    if (leave.kind === 'admitted') this.introspected.push(knownActive ? 'known' : 'new');
    return leave;
  }

  wait(): Admitted | AdmissionRefused {
    return this.#leave('wait');
  }

  prove(): Admitted | AdmissionRefused {
    const leave = this.#leave('prove');
    if (leave.kind === 'admitted') this.proofs++;
    return leave;
  }

  #leave(what: 'introspect' | 'wait' | 'prove'): Admitted | AdmissionRefused {
    const why = this.refuse[what];
    if (why !== undefined) return { kind: 'refused', why };
    this.held[what]++;
    return {
      kind: 'admitted',
      done: (outcome, spentMs) => {
        this.held[what]--;
        if (what === 'introspect') this.outcomes.push(outcome);
        if (what === 'prove' && !(spentMs !== undefined && spentMs >= 0)) throw new Error('a proof tells its time');
      },
    };
  }
}
