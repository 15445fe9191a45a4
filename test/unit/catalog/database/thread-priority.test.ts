// Who gets the processor where a catalog's threads and those that decide compete, as the kernel counts it for each thread.

import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openCatalogTexts } from '../../../../src/app/sync-side/catalog-texts.ts';
import { BACKGROUND_NICE } from '../../../../src/catalog/database/thread-priority.ts';
import { openTemporary } from '../temporary-catalog.ts';

/** Threads of this process that stand behind the one that runs this. */
function inTheBackground(): number {
  const own = getPriority(process.pid);
  return readdirSync('/proc/self/task').filter((thread) => niceOf(thread) > own).length;
}

/** The 19th field of proc_pid_stat(5); the second, a name in brackets, may have blanks. */
function niceOf(thread: string): number {
  const text = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19 - 3]);
}

test('the writer and the reader for followers give way to decisions, and nobody else does', async () => {
  const [own, before] = [getPriority(), inTheBackground()];
  const catalog = await openTemporary();
  expect(inTheBackground()).toBe(before + 1);
  const texts = openCatalogTexts({ file: catalog.file, maxBatchCharacters: 1000 }, catalog.feed, () => undefined);
  onTestFinished(() => texts.close());
  await texts.digest();
  expect(inTheBackground()).toBe(before + 2);
  expect(getPriority()).toBe(own);
  expect(readdirSync('/proc/self/task').map(niceOf)).toContain(Math.min(19, own + BACKGROUND_NICE));
});
