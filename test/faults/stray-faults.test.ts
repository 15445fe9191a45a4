// Faults that surface outside of any request: they are counted and told, and end nothing, at the end neither.

import { expect, test } from 'vitest';
import { startGatehouse } from '../rig/gatehouse-process.ts';

/** Throws in a turn of its own while a thread is taken down, which is before the catalog is closed. */
const AT_THE_END = `data:text/javascript,${encodeURIComponent(`
  import { Worker } from 'node:worker_threads';
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = function () {
    setImmediate(() => { throw new Error('stray'); });
    return terminate.call(this);
  };
`)}`;

test('one that surfaces while everything is closed does not cut the closing off', async () => {
  const gatehouse = await startGatehouse({ nodeFlags: ['--import', AT_THE_END] });
  expect(await gatehouse.stop()).toBe(0);
  expect(gatehouse.log()).toContainEqual(
    expect.objectContaining({ level: 'error', msg: 'a defect outside of any request' }),
  );
});
