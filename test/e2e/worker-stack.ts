// An installation whose Gatehouse has several workers behind a real Envoy with the shipped file for them, and load whose right answers
// are known: one client that may always pass, and one that never may.

import { onTestFinished } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type LoadCounts, startLoad } from '../rig/http-load.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** A resource that the subscribed client may use. */
export const MENU = '/pizza/1.0.0/menu';
/** As many as behind most Envoys of a small machine, and more than two, so that others are left when one is gone. */
export const WORKERS = 3;

/** Starts it for the length of a test. */
export async function startWorkerStack(options: StackOptions = {}): Promise<Stack> {
  const settings = { workers: WORKERS, ...options.settings };
  const stack = await startStack({ envoyFile: 'envoy-workers.yaml', ...options, settings });
  onTestFinished(stack.stop);
  return stack;
}

/** Load of both clients under way. */
export interface Loads {
  /** Waits for so many replies more. */
  replies(count: number): Promise<unknown>;
  /** Ends it and gives the replies by status. */
  stop(): Promise<{ readonly allowed: LoadCounts; readonly denied: LoadCounts }>;
}

/** Starts load of both clients, mostly with tokens that are known. */
export function startLoads(stack: Stack): Loads {
  const known = Array.from({ length: 20 }, () => stack.token());
  const visitor = stack.token('visitor');
  let sent = 0;
  const token = () => (sent++ % 10 === 0 ? stack.token() : (known[sent % known.length] ?? ''));
  const { port } = stack.envoy;
  const allowed = startLoad({ port, path: MENU, token, connections: 6 });
  const denied = startLoad({ port, path: MENU, token: () => visitor, connections: 2 });
  const stop = async () => ({ allowed: await allowed.stop(), denied: await denied.stop() });
  onTestFinished(async () => {
    await stop();
  });
  const all = () =>
    [allowed, denied].flatMap((load) => Object.values(load.counts())).reduce((sum, one) => sum + one, 0);
  const replies = (count: number) => {
    const before = all();
    return eventually(`${count} replies`, () => all() >= before + count);
  };
  return { replies, stop };
}

/** Waits until Envoy finds every worker healthy. */
export function allHealthy(stack: Stack): Promise<unknown> {
  return eventually('all workers to be healthy', async () => {
    const flags = [...(await stack.envoy.hostHealth('gatehouse')).values()];
    return flags.length === stack.gatehouse.endpoints.length && flags.every((flag) => flag === 'healthy');
  });
}
