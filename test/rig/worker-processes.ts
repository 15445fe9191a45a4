// The worker processes of a Gatehouse that has several: which one answers at an address, and whether it lives.

import { readFileSync } from 'node:fs';
import { CheckClient } from '../../src/extauthz/check-client.ts';
import type { Endpoint } from './envoy-config.ts';
import { eventually } from './eventually.ts';
import type { GatehouseProcess } from './gatehouse-process.ts';

const TIMEOUT_MS = 2_000;

/** The process that answers at the address of a worker; waits until one does. */
export function workerPid(gatehouse: GatehouseProcess, worker: number): Promise<number> {
  return eventually(`worker ${worker} to answer`, async () => {
    const client = new CheckClient(targetOf(gatehouse.endpoints[worker]));
    try {
      // A denial is always in the log, and a line of the log tells its process.
      const question = { method: 'GET', url: 'http://api.example/nowhere', headers: [], headerMode: 'raw' } as const;
      const { metadata } = await client.check(question, TIMEOUT_MS);
      return Number((await gatehouse.logged((line) => line['decision_id'] === metadata['decision_id']))['pid']);
    } finally {
      client.close();
    }
  });
}

/** The processes of all workers, worker after worker. */
export function workerPids(gatehouse: GatehouseProcess): Promise<number[]> {
  return Promise.all(gatehouse.endpoints.map((_, worker) => workerPid(gatehouse, worker)));
}

/** Whether a process runs; one that has ended and waits for its parent to notice does not (proc_pid_stat(5)). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** An address as the client takes it. */
export function targetOf(endpoint: Endpoint | undefined) {
  if (endpoint === undefined) throw new Error('there is no such worker');
  return typeof endpoint === 'string'
    ? ({ kind: 'unix', path: endpoint } as const)
    : ({ kind: 'tcp', host: '127.0.0.1', port: endpoint } as const);
}
