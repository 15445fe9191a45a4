// Our end of the load client: starts its process, hands it orders one at a time, ends it.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport } from './load-order.ts';

/** A running load client. */
export interface LoadProcess {
  readonly pid: number;
  run(order: LoadOrder): Promise<LoadReport>;
  stop(): Promise<void>;
}

/** Starts it on the core of this process. */
export function startLoadProcess(): LoadProcess {
  const child = fork(fileURLToPath(new URL('./load-client.ts', import.meta.url)), { serialization: 'advanced' });
  const ended = once(child, 'exit').then(() => ({ failure: 'the load client has ended' }));
  return {
    pid: child.pid ?? -1,
    run: async (order) => {
      const answer = once(child, 'message').then(([report]) => report as LoadReport | { readonly failure: string });
      child.send(order);
      const report = await Promise.race([answer, ended]);
      if ('failure' in report) throw new Error(report.failure);
      return report;
    },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
