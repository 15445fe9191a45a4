// Asks a running Gatehouse through its gRPC port, as Envoy would, and tells the outcome in one word.

import { type CheckAnswer, CheckClient } from '../../src/extauthz/check-client.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { targetOf } from '../rig/worker-processes.ts';

/** Ends what hangs. */
const TIMEOUT_MS = 20_000;

/** A client of one Gatehouse. */
export interface Checks {
  check(path: string, token: string): Promise<CheckAnswer>;
  /** `allow`, or the reason of the denial or fault. */
  outcome(path: string, token: string): Promise<string>;
  close(): void;
}

/** A client of a Gatehouse, or of one of its workers; close it when done. */
export function checksOf({ endpoints }: Pick<GatehouseProcess, 'endpoints'>, worker = 0): Checks {
  const client = new CheckClient(targetOf(endpoints[worker]));
  const check = (path: string, token: string) => {
    const headers = [['authorization', `Bearer ${token}`]] as const;
    return client.check({ method: 'GET', url: `http://api.example${path}`, headers, headerMode: 'raw' }, TIMEOUT_MS);
  };
  return {
    check,
    outcome: async (path, token) => outcomeOf(await check(path, token)),
    close: () => client.close(),
  };
}

/** Between the outcomes of workers that differ. */
export const BUT = ', but ';

/** Asks every worker, each over a connection of its own: their one outcome, or all of them where they differ. */
export function checksOfAll({ endpoints }: Pick<GatehouseProcess, 'endpoints'>): Omit<Checks, 'check'> {
  const workers = endpoints.map((_, worker) => checksOf({ endpoints }, worker));
  return {
    outcome: async (path, token) => {
      const outcomes = await Promise.all(workers.map((worker) => worker.outcome(path, token)));
      return new Set(outcomes).size === 1 ? (outcomes[0] ?? '') : outcomes.join(BUT);
    },
    close: () => {
      for (const worker of workers) worker.close();
    },
  };
}

/** `allow`, or the reason. */
export function outcomeOf(answer: CheckAnswer): string {
  return answer.status === 0 ? 'allow' : (answer.metadata['reason'] ?? 'no reason');
}

/** How often each outcome came, for the printed summary. */
export function tally(outcomes: Iterable<string>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
