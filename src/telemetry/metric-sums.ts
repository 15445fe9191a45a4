// What decisions count, as plain sums that are handed on once a second, to a metrics thread or to the process that has one. Nothing is
// rendered here.

import type { Decision } from '../domain/decision.ts';
import { DurationSums } from './duration-sums.ts';
import { startLoopDelay } from './loop-delay.ts';
import { COUNTERS, type Count, type CounterName, type LabelsOf, type Observations } from './metrics-message.ts';

/** Distinct values of a label (APIs, key managers, results) that are told apart; the rest share `other`. */
const MAX_LABEL_VALUES = 200;
const FLUSH_INTERVAL_MS = 1000;
/** A server chooses its status codes freely, so only their class makes a label. */
const STATUS = /^(status_\d)\d+$/;

type MutableCount = { -readonly [Part in keyof Count]: Count[Part] };

/** What can be counted. */
export interface Counting {
  /** `api` is a configured name, never taken from a request. */
  decision(outcome: Decision['outcome'], reason: string, api: string | undefined, durationSeconds: number): void;
  /**
   * Names are configured ones and all else is of a closed vocabulary, but for HTTP statuses (`status_404`), which count by class
   * (`status_4xx`). However many values come, each label has at most a few hundred.
   */
  count<Name extends CounterName>(counter: Name, labels: LabelsOf<Name>, by?: number): void;
  defect(): void;
}

/** Sums since they were last handed on. */
export interface MetricSums extends Counting {
  /** Adds what another process counted; its labels are of the same few hundred values then. */
  add(observations: Observations): void;
  /** Hands on what there is now, if the last ones are taken. */
  flush(): void;
  /** Takes out what there is now. */
  take(): Observations;
  /** The value itself for the first few hundred values of a label, `other` for later ones. */
  capped(label: string, value: string): string;
  stop(): void;
}

/** Where sums go. */
export interface MetricSumsOptions {
  readonly droppedLogLines: () => number;
  /** False where others decide: only how long those were held up counts. */
  readonly decides?: boolean;
  readonly send: (observations: Observations) => void;
  /** False while the last ones are not taken yet: the same sums go on then. */
  readonly isTaken?: () => boolean;
}

/** Begins to sum; its timer does not keep the process alive. */
export function startMetricSums(options: MetricSumsOptions): MetricSums {
  const { decides = true, droppedLogLines, isTaken = () => true, send } = options;
  const loopDelay = startLoopDelay();
  const caps = new Map<string, (value: string) => string>();
  const capped = (label: string, value: string) => {
    const cap = caps.get(label) ?? labelCap();
    caps.set(label, cap);
    return cap(value);
  };
  const counts = new Map<string, MutableCount>();
  /** By API and reason, as objects that are found without making a text of both: this is asked of every decision. */
  const decisions = new Map<string | undefined, Map<string, MutableCount>>();
  const durations = new DurationSums();
  let heldUpSeconds = 0;
  let droppedBefore = 0;

  const entryOf = (counter: CounterName, labels: readonly string[]): MutableCount => {
    const key = `${counter}\n${labels.join('\n')}`;
    const entry = counts.get(key) ?? { counter, labels, by: 0 };
    counts.set(key, entry);
    return entry;
  };
  const count = (counter: CounterName, labels: readonly string[], by = 1) => {
    entryOf(counter, labels).by += by;
  };
  const decisionEntry = (outcome: Decision['outcome'], reason: string, api: string | undefined): MutableCount => {
    const label = api === undefined ? '' : capped('api', api);
    const entry = entryOf('gatehouse_decisions_total', [outcome, reason, label]);
    const ofApi = decisions.get(api) ?? new Map<string, MutableCount>();
    decisions.set(api, ofApi.set(reason, entry));
    return entry;
  };
  const take = (): Observations => {
    const dropped = droppedLogLines();
    if (dropped > droppedBefore) count('gatehouse_log_lines_dropped_total', [], dropped - droppedBefore);
    droppedBefore = dropped;
    if (decides) heldUpSeconds = Math.max(heldUpSeconds, loopDelay.takeMaxSeconds());
    const taken: Observations = {
      kind: 'observations',
      counts: [...counts.values()],
      durations: durations.get(),
      loopDelayMaxSeconds: heldUpSeconds,
    };
    counts.clear();
    decisions.clear();
    durations.clear();
    heldUpSeconds = 0;
    return taken;
  };
  const flush = () => {
    if (isTaken()) send(take());
  };
  const timer = setInterval(flush, FLUSH_INTERVAL_MS).unref();

  return {
    decision(outcome, reason, api, durationSeconds) {
      // A reason has one outcome.
      (decisions.get(api)?.get(reason) ?? decisionEntry(outcome, reason, api)).by += 1;
      durations.add(durationSeconds);
    },
    count(counter, labels, by) {
      const values: Readonly<Record<string, string>> = labels;
      count(
        counter,
        COUNTERS[counter].labels.map((label) => capped(label, values[label]?.replace(STATUS, '$1xx') ?? '')),
        by,
      );
    },
    defect: () => count('gatehouse_defects_total', []),
    add(observations) {
      for (const { counter, labels, by } of observations.counts) {
        const names: readonly string[] = COUNTERS[counter].labels;
        count(
          counter,
          labels.map((value, index) => capped(names[index] ?? '', value)),
          by,
        );
      }
      durations.addAll(observations.durations);
      heldUpSeconds = Math.max(heldUpSeconds, observations.loopDelayMaxSeconds);
    },
    flush,
    take,
    capped,
    stop() {
      clearInterval(timer);
      loopDelay.stop();
    },
  };
}

/** Gives the first names their own label value and all later ones `other`. */
function labelCap(): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= MAX_LABEL_VALUES) return 'other';
    known.add(name);
    return name;
  };
}
