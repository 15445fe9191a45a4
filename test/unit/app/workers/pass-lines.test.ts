// Logs of several processes, cut by their pipes wherever it happens, written to one place.

import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { passLines } from '../../../../src/app/workers/pass-lines.ts';

function twoLogs() {
  const written: string[] = [];
  const sink = { write: (text: string) => void written.push(text) };
  const [one, other] = [new PassThrough(), new PassThrough()];
  passLines(one, sink);
  passLines(other, sink);
  return { one, other, lines: () => written.join('').split('\n') };
}

test('lines that come in pieces, each between those of another, are whole', async () => {
  const { one, other, lines } = twoLogs();
  const texts = ['{"who":1,"say":"Grüße 🍕"}\n{"who":1}\n', '{"who":2,"say":"naïve"}\n{"who":2}\n'].map(Buffer.from);
  for (let at = 0; at < 60; at++)
    for (const [index, log] of [one, other].entries()) {
      const byte = texts[index]?.subarray(at, at + 1);
      if (byte?.length === 1) log.write(byte);
    }
  await expect.poll(() => lines().length).toBe(5);
  expect(lines().toSorted()).toEqual([
    '',
    '{"who":1,"say":"Grüße 🍕"}',
    '{"who":1}',
    '{"who":2,"say":"naïve"}',
    '{"who":2}',
  ]);
});

test('a line that a crash cut off does not run into the next one', async () => {
  const { one, other, lines } = twoLogs();
  one.end('{"who":1,"sa');
  await expect.poll(() => lines().length).toBe(2);
  other.write('{"who":2}\n');
  await expect.poll(lines).toEqual(['{"who":1,"sa', '{"who":2}', '']);
});
