// Finds figures of a run by the names of scenarios and contestants; undefined for what was not measured.

import type { Rounds } from '../rounds.ts';
import type { RunRecord } from '../run-record.ts';
import type { RateRecord, ScenarioRecord } from '../run-scenario.ts';
import { type ContestantSummary, summaryOf } from '../summary.ts';

/** The record of a scenario. */
export function scenarioOf({ scenarios }: RunRecord, id: string): ScenarioRecord | undefined {
  return scenarios.find((scenario) => scenario.id === id);
}

/** The contestants of a scenario at full load. */
export function contestantsOf(run: RunRecord, id: string): readonly ContestantSummary[] {
  const { fullLoad } = scenarioOf(run, id) ?? {};
  return (fullLoad && summaryOf(fullLoad, run.rule.keep)) ?? [];
}

/** One of them. */
export function contestantOf(run: RunRecord, id: string, name: string): ContestantSummary | undefined {
  return contestantsOf(run, id).find((summary) => summary.name === name);
}

/** Rounds at full load, or at the only or middle one of the fixed rates. */
export function roundsOf(run: RunRecord, id: string, load: 'full' | 'rate'): Rounds | undefined {
  const record = scenarioOf(run, id);
  return load === 'full' ? record?.fullLoad : record && middleRate(record)?.rounds;
}

function middleRate({ rates }: ScenarioRecord): RateRecord | undefined {
  return rates[Math.floor(rates.length / 2)];
}
