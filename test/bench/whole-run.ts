// Runs one scenario after the other and tells what came of each at once. Whatever fails, hangs or is cut short in one of them is told
// and does not end the run.

import { type Cores, Lab } from './lab.ts';
import { startLoadProcess } from './load-process.ts';
import type { LoadPrograms } from './measurement.ts';
import { type Effort, measureScenario, type ScenarioRecord } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { type SoakEffort, type SoakRecord, soak } from './soak.ts';

/** A scenario on a quiet machine takes three minutes at most; one with every round thrown away four times as long. */
const MAX_SCENARIO_MS = 20 * 60_000;

/** What is run on. */
export interface RunOptions {
  readonly cores: Cores;
  readonly h2load: string | undefined;
  /** Ends what is under way. */
  readonly stopped: AbortSignal;
}

/** Runs a scenario; what goes wrong in it is part of the record. */
export async function runScenario(scenario: Scenario, effort: Effort, options: RunOptions): Promise<ScenarioRecord> {
  const { id, title, what } = scenario;
  const head = { id, title, what };
  try {
    return await inLab(options, async (lab, programs) => {
      return { ...head, ...(await measureScenario(scenario, lab, programs, effort)) };
    });
  } catch (error) {
    return { ...head, rates: [], failure: messageOf(error) };
  }
}

/** Runs the soak; what was measured before something went wrong is part of the record too. */
export async function runSoak(
  effort: SoakEffort,
  options: RunOptions,
  onSample: (record: SoakRecord) => void,
): Promise<SoakRecord> {
  let last: SoakRecord = { ...effort, perSecond: 0, measured: [] };
  try {
    return await inLab(options, (lab, programs) =>
      soak(lab, programs, effort, (record) => {
        last = record;
        onSample(record);
      }),
    );
  } catch (error) {
    return { ...last, failure: messageOf(error) };
  }
}

/** With a client of its own, so that nothing of a broken one is left for the next. */
async function inLab<T>(
  { cores, h2load, stopped }: RunOptions,
  work: (lab: Lab, programs: LoadPrograms) => Promise<T>,
): Promise<T> {
  const lab = new Lab(cores);
  const client = startLoadProcess();
  lab.defer(() => client.stop());
  const over = Promise.withResolvers<never>();
  const stop = () => over.reject(new Error('the run was stopped'));
  stopped.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => over.reject(new Error('it took too long')), MAX_SCENARIO_MS);
  try {
    const working = work(lab, { client, h2load });
    // What goes on after its time fails for want of servers, and nobody listens.
    working.catch(() => undefined);
    return await Promise.race([working, over.promise]);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
    await lab.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
