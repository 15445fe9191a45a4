// The test projects: one for each folder of test/ that holds tests. `vitest run --project unit` runs one of them.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Every thread and process of the tests would strip the types of the same files again, with WebAssembly: slow, and threads that come
// and go while WebAssembly is compiled crash V8 now and then on machines with memory protection keys (nodejs/node#64500).
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/gatehouse-compile', import.meta.url));

// Groups run one after the other, so that real processes do not compete with the fast tests for the machine.
const project = (name: string, groupOrder: number, more: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], sequence: { groupOrder }, ...more },
});
// Real servers on a busy machine: the limits only end what hangs, and are longer than what the rig waits for one thing.
const patient = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } };

// One file at a time; a test may start a few processes, one after the other.
const withProcesses = { ...patient, fileParallelism: false, testTimeout: 240_000, hookTimeout: 400_000 };

export default defineConfig({
  test: {
    projects: [
      project('house', 1, patient),
      project('unit', 1, patient),
      project('contract', 1, patient),
      project('faults', 2, withProcesses),
      project('e2e', 2, withProcesses),
      project('interop', 3, withProcesses),
    ],
  },
});
