// The hub's feed: many followers, slow ones, and none that holds anything open.

import { expect, test } from 'vitest';
import { DamagedChanges, readChangeLines } from '../../../../src/sync/changes/change-lines.ts';
import { ChangeFeed } from '../../../../src/sync/hub/change-feed.ts';
import { memoryHistory, scopeChange } from '../copies.ts';

function feedOf(history = memoryHistory(), maxKeptBytes = 100_000) {
  return { history, feed: new ChangeFeed({ texts: history, maxKeptBytes, heartbeatMs: 10 }) };
}

async function linesOf(text: string) {
  const lines = [];
  for await (const line of readChangeLines(bytesOf(text))) lines.push(line);
  return lines;
}

async function* bytesOf(text: string, size = 7) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function snapshotOf(feed: ChangeFeed): Promise<string> {
  let text = '';
  for await (const part of feed.snapshot(new AbortController().signal)) text += part;
  return text;
}

test('what is written is read, however the bytes are cut', async () => {
  const { history, feed } = feedOf();
  history.write(scopeChange('ä'), scopeChange('b'), scopeChange('c'));
  const lines = await linesOf(await snapshotOf(feed));
  expect(lines.map(({ kind }) => kind)).toEqual(['snapshot', 'change', 'change', 'change', 'end']);
  expect(lines[1]).toEqual({ kind: 'change', change: scopeChange('ä') });
});

test.each([
  ['a changed letter', (text: string) => text.replace('"id":"b"', '"id":"x"')],
  ['a line less', (text: string) => text.replace(/.*"id":"b".*\n/, '')],
  ['a line twice', (text: string) => text.replace(/(.*"id":"b".*\n)/, '$1$1')],
  ['two lines in the other order', (text: string) => text.replace(/(.*"id":"a".*\n)(.*"id":"b".*\n)/, '$2$1')],
  ['another position in the head', (text: string) => text.replace('"sequence":2', '"sequence":3')],
  ['another number of changes', (text: string) => text.replace('"count":3', '"count":2')],
  ['a format of another version', (text: string) => text.replace('"format":1', '"format":2')],
  ['a kind that is not known', (text: string) => text.replace('"kind":"scope"', '"kind":"soap"')],
  ['half a line', (text: string) => text.replace('"entity":{', '"entity":\n{')],
  ['a head within a group', (text: string) => text.replace(/^(.*\n)/, '$1$1')],
])('%s is noticed', async (_what, damage) => {
  const { history, feed } = feedOf();
  history.write(scopeChange('a'), scopeChange('b'), scopeChange('c'));
  const text = await snapshotOf(feed);
  const damaged = damage(text);
  expect(damaged).not.toBe(text);
  await expect(linesOf(damaged)).rejects.toThrow(DamagedChanges);
});

test('many followers at one position cost one read', async () => {
  const { history, feed } = feedOf();
  const from = history.position();
  history.write(scopeChange('a'));
  const signal = new AbortController().signal;
  const texts = await Promise.all(
    Array.from({ length: 50 }, async () => {
      let text = '';
      for await (const part of feed.follow(from, { pollMs: 1, signal })) text += part;
      return text;
    }),
  );
  expect(new Set(texts).size).toBe(1);
  expect(history.begun()).toBe(1);
  expect(history.open()).toBe(0);
});

test('a follower that takes nothing costs no read, and gets all of it at once when it does', async () => {
  const { history, feed } = feedOf();
  const over = new AbortController();
  const slow = feed.follow(history.position(), { signal: over.signal });
  await slow.next();
  for (let round = 0; round < 100; round++) {
    history.write(scopeChange(`s${round}`));
    feed.wake();
  }
  expect(history.begun()).toBe(0);
  const { value } = await slow.next();
  const lines = await linesOf(String(value));
  expect(lines.filter(({ kind }) => kind === 'change')).toHaveLength(100);
  over.abort();
  await slow.return(undefined);
});

test('what is kept for the next follower is bounded', async () => {
  const { history, feed } = feedOf(memoryHistory(), 1_000);
  const from = history.position();
  const signal = new AbortController().signal;
  const readFrom = async (sequence: number) => {
    for await (const _ of feed.follow({ ...from, sequence }, { pollMs: 1, signal }));
  };
  for (let round = 0; round < 20; round++) {
    history.write(scopeChange(`s${round}`));
    await readFrom(history.position().sequence - 1);
  }
  const begun = history.begun();
  await readFrom(from.sequence);
  expect(history.begun()).toBeGreaterThan(begun);
});

test('a feed says that it is there, and where, while there is no news', async () => {
  const { history, feed } = feedOf();
  const over = new AbortController();
  const lines = [];
  for await (const part of feed.follow(history.position(), { signal: over.signal })) {
    lines.push(...(await linesOf(part)));
    if (lines.length === 3) over.abort();
  }
  const heartbeat = { kind: 'heartbeat', position: history.position() };
  expect(lines).toEqual([heartbeat, heartbeat, heartbeat]);
});

test('a snapshot that nobody wants any more closes its read', async () => {
  const { history, feed } = feedOf();
  history.write(...Array.from({ length: 20 }, (_, n) => scopeChange(`s${n}`)));
  for (const parts of [1, 2, 4]) {
    const snapshot = feed.snapshot(new AbortController().signal);
    for (let part = 0; part < parts; part++) await snapshot.next();
    await snapshot.return(undefined);
    expect(history.open()).toBe(0);
  }
});
