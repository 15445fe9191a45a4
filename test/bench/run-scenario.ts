// Measures one scenario from its start to its end: warm-up, rounds at full load, rounds at fixed rates. What comes of it is the
// measurements as they were; what they mean is worked out where they are shown.

import type { Lab } from './lab.ts';
import { type Amount, type LoadPrograms, measure } from './measurement.ts';
import { gatherRounds, type RoundRule, type Rounds } from './rounds.ts';
import type { Contestant, Rates, Scenario } from './scenario.ts';

/** How thoroughly to measure. */
export interface Effort {
  readonly rule: RoundRule;
  /** Seconds of one measurement, about. */
  readonly seconds: number;
  /** Calls of a measurement in which each is another one. */
  readonly distinctCalls: number;
  /** Checks before the first one, for the compiler to have seen everything. */
  readonly warmUpChecks: number;
  /** Latency too. */
  readonly latency: boolean;
}

/** Rounds at one rate. */
export interface RateRecord {
  readonly perSecond: number;
  /** Of what the slowest contestant can do; absent where the rate is fixed. */
  readonly share?: number;
  readonly rounds: Rounds;
}

/** What came of a scenario. */
export interface ScenarioRecord {
  readonly id: string;
  readonly title: string;
  readonly what: string;
  /** At full load; absent where only latency is of interest, or after a failure. */
  readonly fullLoad?: Rounds;
  readonly rates: readonly RateRecord[];
  /** Bytes on the heap of the deciding thread for each check, by contestant; counted once, not timed. */
  readonly allocatedBytes?: Readonly<Record<string, number>>;
  /** Of the file, by contestant, where it is of interest. */
  readonly catalogBytes?: Readonly<Record<string, number>>;
  /** Why there is nothing more: it could not be set up, or an answer was wrong. */
  readonly failure?: string;
}

/** Sets a scenario up in a lab and measures it. Rejects when it cannot be set up or an answer is wrong. */
export async function measureScenario(
  { contestants, rates }: Scenario,
  lab: Lab,
  programs: LoadPrograms,
  effort: Effort,
): Promise<Omit<ScenarioRecord, 'id' | 'title' | 'what'>> {
  const all = await contestants(lab);
  const sizes = all.flatMap(({ name, catalogBytes }) => (catalogBytes === undefined ? [] : [[name, catalogBytes]]));
  return {
    ...(await measureAll(all, rates, programs, effort)),
    ...(sizes.length > 0 && { catalogBytes: Object.fromEntries(sizes) }),
  };
}

async function measureAll(
  contestants: readonly Contestant[],
  rates: Rates,
  programs: LoadPrograms,
  { rule, seconds, distinctCalls, warmUpChecks, latency }: Effort,
): Promise<Pick<ScenarioRecord, 'fullLoad' | 'rates' | 'allocatedBytes'>> {
  const roundsOf = (amountOf: (contestant: Contestant, at: number) => Amount) =>
    gatherRounds(contestants.length, rule, (at) => {
      const contestant = contestants[at] as Contestant;
      return measure(contestant, amountOf(contestant, at), programs);
    });
  const atRate = async (perSecond: number, share?: number): Promise<RateRecord> => {
    const rounds = await roundsOf(() => ({ count: Math.ceil(perSecond * seconds), perSecond }));
    return { perSecond, ...(share !== undefined && { share }), rounds };
  };
  if (rates.kind === 'fixed') {
    const { perSecond } = rates;
    // At its own rate: some of these checks wait, or are trials.
    for (const contestant of contestants)
      await measure(contestant, { count: Math.ceil(perSecond * seconds), perSecond }, programs);
    return { rates: [await atRate(perSecond)] };
  }
  const speeds: number[] = [];
  for (const contestant of contestants) {
    // Twice: the first time everything is compiled and fetched, the second time tells the speed.
    const count = contestant.once ? Math.min(warmUpChecks, distinctCalls) : warmUpChecks;
    await measure(contestant, { count }, programs);
    const { checks, seconds: took } = await measure(contestant, { count: Math.ceil(count / 4) }, programs);
    speeds.push(checks / took);
  }
  const fullLoad = await roundsOf(({ once }, at) => ({
    count: once ? distinctCalls : Math.ceil((speeds[at] ?? 0) * seconds),
  }));
  const records: RateRecord[] = [];
  if (latency)
    for (const share of rates.shares) records.push(await atRate(Math.floor(Math.min(...speeds) * share), share));
  // Last: the full collection that ends it throws compiled code away, and V8's helpers are busy with that for a long time.
  const allocatedBytes: Record<string, number> = {};
  for (const contestant of contestants) {
    const told = await contestant.allocation?.(() => measure(contestant, { count: distinctCalls }, programs));
    if (told !== undefined) allocatedBytes[contestant.name] = Math.round(told.allocated / distinctCalls);
  }
  return { fullLoad, rates: records, allocatedBytes };
}
