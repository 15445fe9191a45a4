// The catalog as text for followers, read in a thread of its own over a real file.

import { expect, onTestFinished, test } from 'vitest';
import { openCatalogTexts } from '../../../../src/app/sync-side/catalog-texts.ts';
import { applicationsOf } from '../../catalog/followed-steps.ts';
import { openTemporary } from '../../catalog/temporary-catalog.ts';

async function open(maxBatchCharacters: number) {
  const catalog = await openTemporary();
  const failures: string[] = [];
  const options = { file: catalog.file, maxBatchCharacters };
  const texts = openCatalogTexts(options, catalog.feed, (message) => failures.push(message));
  onTestFinished(() => texts.close());
  return { ...catalog, writer: catalog.writer, texts, failures };
}

test('what changed is one text; where that would be too long it is left to a snapshot', async () => {
  for (const [longest, isSnapshot] of [
    [1_000_000, false],
    [100, true],
  ] as const) {
    const { texts, writer, failures } = await open(longest);
    const start = texts.position();
    await writer.source.applySource(applicationsOf(1));
    const after = await texts.after(start);
    if (isSnapshot) expect(after).toBe('gone');
    else expect(after).toMatchObject({ text: expect.stringContaining('"kind":"batch"'), to: texts.position() });
    let all = '';
    for await (const part of texts.everything()) all += part;
    expect(all).toContain('"kind":"end"');
    expect(failures).toEqual([]);
  }
});

test('many who ask for a digest at the same time have everything read once', async () => {
  const { texts, writer, feed } = await open(1_000_000);
  await writer.source.applySource(applicationsOf(1));
  const [first, ...others] = Array.from({ length: 50 }, () => texts.digest());
  expect(others.every((other) => other === first)).toBe(true);
  expect(await first).toEqual(feed.digest());
  await writer.source.applySource(applicationsOf(2));
  expect(await texts.digest()).toEqual(feed.digest());
});
