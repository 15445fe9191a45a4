// How `serve` leaves: in order at the first signal, at once at a later one, and never cut short by one Ctrl-C that comes twice.

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { CliApp } from '../../../src/cli/cli-app.ts';
import { serveCommand } from '../../../src/cli/serve-command.ts';

/** A serving command whose drain ends when told to, on a clock that stands still until moved. */
async function serving() {
  const exits: number[] = [];
  const listeners = new Map<string, () => void>();
  const drain = Promise.withResolvers<void>();
  let nowMs = 5_000;
  let stops = 0;
  let restarts = 0;
  const running = {
    addresses: { extauthz: [], admin: '' },
    restart: () => {
      restarts += 1;
    },
    stop: () => {
      stops += 1;
      return drain.promise;
    },
  };
  const app: CliApp = {
    serve: async () => running,
    validateCatalog: async () => ({ problems: [], warnings: [] }),
    backupCatalog: async () => ({ kind: 'done', told: [] }),
    restoreCatalog: async () => ({ kind: 'done', told: [] }),
    discover: async () => ({ kind: 'failed', reason: '' }),
  };
  const around = {
    env: {},
    out: () => {},
    err: () => {},
    readStdin: async () => '',
    onSignal: (name: NodeJS.Signals, listener: () => void) => void listeners.set(name, listener),
    exit: (status: number) => void exits.push(status),
  };
  const code = serveCommand({ set: [] }, app, around, () => nowMs);
  while (listeners.size < 3) await turn();
  return {
    code,
    exits,
    stops: () => stops,
    restarts: () => restarts,
    drained: () => drain.resolve(),
    signal: async (name: NodeJS.Signals, laterMs = 0) => {
      nowMs += laterMs;
      listeners.get(name)?.();
      await turn();
    },
  };
}

test('the first signal drains, and the command ends when that is done', async () => {
  const { code, exits, stops, drained, signal } = await serving();
  expect(stops()).toBe(0);
  await signal('SIGTERM');
  expect([stops(), exits]).toEqual([1, []]);
  drained();
  expect(await code).toBe(0);
});

test('signals within 300 ms of the first one change nothing: npm passes on the Ctrl-C that the terminal has sent', async () => {
  const { code, exits, stops, drained, signal } = await serving();
  await signal('SIGINT');
  await signal('SIGINT');
  await signal('SIGTERM', 299);
  expect([stops(), exits]).toEqual([1, []]);
  drained();
  expect(await code).toBe(0);
});

test('a later one ends at once, with the code of its signal', async () => {
  const { exits, signal } = await serving();
  await signal('SIGTERM');
  await signal('SIGINT', 300);
  expect(exits).toEqual([130]);
  await signal('SIGTERM', 1);
  expect(exits).toEqual([130, 143]);
});

test('SIGHUP replaces the workers, as often as it comes, and ends nothing', async () => {
  const { code, drained, exits, restarts, signal, stops } = await serving();
  await signal('SIGHUP');
  await signal('SIGHUP', 10_000);
  expect([restarts(), stops(), exits]).toEqual([2, 0, []]);
  await signal('SIGTERM');
  drained();
  expect(await code).toBe(0);
});
