// A follower against a hub's feed: what is cut, damaged, repeated, out of order or of another history leaves no copy that is neither
// the old one nor the new.

import { expect, onTestFinished, test } from 'vitest';
import type { AskHub } from '../../../../src/sync/changes/change-ports.ts';
import { Follower } from '../../../../src/sync/follower/follower.ts';
import { lagOf } from '../../../../src/sync/follower/follower-status.ts';
import { ChangeFeed } from '../../../../src/sync/hub/change-feed.ts';
import { eventually } from '../../../rig/eventually.ts';
import { type MemoryCopy, type MemoryHistory, memoryCopy, memoryHistory, scopeChange } from '../copies.ts';

/** What happens to text on its way, by the path that was asked for. */
type OnTheWay = (text: string, path: string) => string | undefined;

interface World {
  readonly history: MemoryHistory;
  readonly copy: MemoryCopy;
  readonly follower: Follower;
  readonly asked: string[];
  readonly failed: string[];
  /** Replaced by tests; undefined cuts the connection. */
  onTheWay: OnTheWay;
  opensSecrets: boolean;
  /** After writes to the history. */
  wake(): void;
  inSync(): Promise<void>;
}

function startWorld({ stream = true, copy = memoryCopy() } = {}): World {
  const history = memoryHistory();
  const feed = new ChangeFeed({ texts: history, maxKeptBytes: 100_000, heartbeatMs: 20 });
  const asked: string[] = [];
  const failed: string[] = [];
  const ask: AskHub = async ({ path }, signal) => {
    asked.push(path);
    const url = new URL(path, 'http://hub');
    const position = { epoch: url.searchParams.get('epoch') ?? '', sequence: Number(url.searchParams.get('after')) };
    const pollMs = url.searchParams.has('wait') ? { pollMs: 20 } : {};
    const texts = path === '/sync/snapshot' ? feed.snapshot(signal) : feed.follow(position, { ...pollMs, signal });
    return { status: 200, body: onItsWay(texts, (text) => world.onTheWay(text, path)) };
  };
  const follower = new Follower({
    ask,
    sink: copy,
    opensSecrets: () => world.opensSecrets,
    stream,
    pollSeconds: 1,
    inSyncAtMs: undefined,
    observer: {
      inSync: () => undefined,
      applied: () => undefined,
      loading: () => undefined,
      failed: (problem) => failed.push(problem),
    },
    clock: Date.now,
    random: () => 0,
  });
  const world: World = {
    history,
    copy,
    follower,
    asked,
    failed,
    onTheWay: (text) => text,
    opensSecrets: true,
    wake: () => feed.wake(),
    inSync: () =>
      eventually('the copy is what the hub has', () =>
        copy.position()?.sequence === history.position().sequence && copy.position()?.epoch === history.position().epoch
          ? true
          : undefined,
      ).then(() => undefined),
  };
  onTestFinished(() => follower.stop());
  return world;
}

async function* onItsWay(texts: AsyncIterable<string>, change: (text: string) => string | undefined) {
  for await (const text of texts) {
    const changed = change(text);
    if (changed === undefined) throw new Error('connection_closed');
    yield Buffer.from(changed);
  }
}

const rowsOf = ({ copy }: World) =>
  [...copy.rows().values()].map(({ id, entity }) => [id, (entity as { description: string }).description]);

test('a follower takes a snapshot first, and then each change as it comes', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'), scopeChange('b'), scopeChange('c'));
  world.follower.start();
  await world.inSync();
  expect(rowsOf(world)).toEqual([
    ['a', ''],
    ['b', ''],
    ['c', ''],
  ]);
  world.history.write(scopeChange('b', 'changed'), { kind: 'scope', id: 'c', entity: null });
  world.wake();
  await world.inSync();
  expect(rowsOf(world)).toEqual([
    ['a', ''],
    ['b', 'changed'],
  ]);
  expect(world.asked).toEqual(['/sync/snapshot', '/sync/changes?epoch=first&after=2']);
  await eventually('it says so', () => (world.follower.status().state === 'following' ? true : undefined));
  expect(lagOf(world.follower.status())).toBe(0);
});

test('without an open feed it asks again and again, and misses nothing', async () => {
  const world = startWorld({ stream: false });
  world.follower.start();
  for (let round = 0; round < 5; round++) {
    world.history.write(scopeChange(`s${round}`));
    world.wake();
    await world.inSync();
  }
  expect(rowsOf(world)).toHaveLength(5);
  expect(world.asked.filter((path) => path === '/sync/snapshot')).toHaveLength(1);
});

test('a snapshot that is cut short leaves the copy as it was, and is taken anew', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'), scopeChange('b'), scopeChange('c'));
  world.onTheWay = (text) => (text.includes('"id":"c"') ? undefined : text);
  world.follower.start();
  await eventually('a failure', () => (world.failed.length > 0 ? true : undefined));
  expect(world.copy.position()).toBeUndefined();
  expect(rowsOf(world)).toEqual([]);
  expect(world.copy.staged()).toBe(0);
  world.onTheWay = (text) => text;
  await world.inSync();
  expect(rowsOf(world)).toHaveLength(3);
});

test('a snapshot whose end is missing is not taken, though nothing broke', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'));
  world.onTheWay = (text) => (text.includes('"kind":"end"') ? '' : text);
  world.follower.start();
  await eventually('a failure', () => world.failed.find((problem) => problem === 'cut_short'));
  expect(world.copy.position()).toBeUndefined();
});

test('a damaged batch is not applied; a fresh copy takes its place', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a', 'old'));
  world.follower.start();
  await world.inSync();
  world.onTheWay = (text, path) => (path.startsWith('/sync/changes') ? text.replace('evil', 'good') : text);
  world.history.write(scopeChange('a', 'evil'));
  const seen = new Set<unknown>();
  world.wake();
  await eventually('a fresh copy', () => {
    for (const [, description] of rowsOf(world)) seen.add(description);
    return world.copy.position()?.sequence === world.history.position().sequence ? true : undefined;
  });
  expect(world.failed).toContain('damaged');
  expect(rowsOf(world)).toEqual([['a', 'evil']]);
  expect(seen).not.toContain('good');
  expect(world.asked.filter((path) => path === '/sync/snapshot')).toHaveLength(2);
});

test('a batch that comes again, and an older one, change nothing', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a', 'one'));
  world.follower.start();
  await world.inSync();
  const batches: string[] = [];
  world.onTheWay = (text) => {
    if (!text.includes('"kind":"batch"')) return text;
    batches.push(text);
    return batches.join('');
  };
  for (const description of ['two', 'three', 'four']) {
    world.history.write(scopeChange('a', description));
    world.wake();
    await world.inSync();
  }
  expect(rowsOf(world)).toEqual([['a', 'four']]);
  expect(world.copy.commits()).toBe(4);
  expect(world.failed).toEqual([]);
});

test('a gap in the feed is answered by a fresh copy', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a', 'one'));
  world.follower.start();
  await world.inSync();
  let dropped = false;
  world.onTheWay = (text, path) => {
    if (dropped || !path.startsWith('/sync/changes') || !text.includes('"kind":"batch"')) return text;
    dropped = true;
    return '';
  };
  world.history.write(scopeChange('b', 'lost on the way'));
  world.wake();
  await eventually('it was lost', () => (dropped ? true : undefined));
  world.history.write(scopeChange('a', 'two'));
  world.wake();
  await world.inSync();
  expect(rowsOf(world).toSorted()).toEqual([
    ['a', 'two'],
    ['b', 'lost on the way'],
  ]);
  expect(world.asked.filter((path) => path === '/sync/snapshot')).toHaveLength(2);
});

test('another epoch of the hub, as after a restore, is answered by a fresh copy, however its sequences stand', async () => {
  const world = startWorld();
  for (let round = 0; round < 10; round++) world.history.write(scopeChange(`s${round}`));
  world.follower.start();
  await world.inSync();
  world.history.restore('second', scopeChange('from-the-backup'));
  world.wake();
  await world.inSync();
  expect(rowsOf(world)).toEqual([['from-the-backup', '']]);
  expect(world.copy.position()?.epoch).toBe('second');
});

test('a start of the hub is followed into the next run, without a fresh copy', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a', 'one'));
  world.follower.start();
  await world.inSync();
  world.history.begin('second');
  world.wake();
  await world.inSync();
  world.history.write(scopeChange('a', 'two'));
  world.history.begin('third');
  world.wake();
  await world.inSync();
  expect(rowsOf(world)).toEqual([['a', 'two']]);
  expect(world.asked.filter((path) => path === '/sync/snapshot')).toHaveLength(1);
});

test('a batch that goes on from elsewhere in the run before is not applied', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a', 'one'));
  world.follower.start();
  await world.inSync();
  // As of a hub that has lost the last write of the run before, and does not know it.
  world.onTheWay = (text) =>
    text.replace('"from":{"epoch":"first","sequence":2}', '"from":{"epoch":"first","sequence":1}');
  world.history.begin('second');
  world.history.write(scopeChange('b'));
  world.wake();
  await world.inSync();
  expect(world.asked.filter((path) => path === '/sync/snapshot')).toHaveLength(2);
});

test('a position that the hub does not reach back to is answered by a fresh copy', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'), scopeChange('b'));
  world.follower.start();
  await world.inSync();
  await world.follower.stop();
  world.history.write({ kind: 'scope', id: 'a', entity: null });
  world.history.forget();
  const again = startWorld({ copy: world.copy });
  again.history.restore('first', scopeChange('b'));
  again.history.forget();
  for (let round = 0; round < 5; round++) again.history.write(scopeChange('b', String(round)));
  again.history.forget();
  again.follower.start();
  await again.inSync();
  expect(rowsOf(again)).toEqual([['b', '4']]);
});

test('a batch that does not fit the copy is answered by a fresh copy', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'));
  world.follower.start();
  await world.inSync();
  world.copy.faults.unfit = true;
  world.history.write(scopeChange('b'));
  world.wake();
  await world.inSync();
  expect(rowsOf(world)).toHaveLength(2);
});

test('a copy that has much less is held back until somebody confirms it', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'), scopeChange('b'));
  world.follower.start();
  await world.inSync();
  world.copy.faults.heldBack = true;
  world.history.restore('empty');
  world.wake();
  await eventually('it is held back', () => (world.follower.status().state === 'held_back' ? true : undefined));
  expect(rowsOf(world)).toHaveLength(2);
  expect(world.follower.confirm()).toBe(true);
  await world.inSync();
  expect(rowsOf(world)).toEqual([]);
  expect(world.follower.confirm()).toBe(false);
});

test('while the own catalog is busy nothing is lost', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'));
  world.copy.faults.busy = true;
  world.follower.start();
  await eventually('a failure', () => world.failed.find((problem) => problem === 'catalog_busy'));
  world.copy.faults.busy = false;
  await world.inSync();
  expect(rowsOf(world)).toHaveLength(1);
});

test('while the own catalog cannot be read it is tried again, and told as it was', async () => {
  const world = startWorld({ stream: false });
  world.history.write(scopeChange('a'));
  world.follower.start();
  await world.inSync();
  world.copy.faults.unreadable = true;
  await eventually('a failure', () => world.failed.find((problem) => problem === 'catalog_unreadable'));
  expect(world.follower.status()).toMatchObject({ state: 'away', complete: true, position: world.history.position() });
  world.copy.faults.unreadable = false;
  world.history.write(scopeChange('b'));
  world.wake();
  await world.inSync();
  expect(rowsOf(world)).toHaveLength(2);
});

test('a stop in the middle of a snapshot lets go of it', async () => {
  const world = startWorld();
  world.history.write(scopeChange('a'), scopeChange('b'), scopeChange('c'));
  let stagedBefore = 0;
  world.onTheWay = (text) => {
    if (!text.includes('"id":"c"')) return text;
    stagedBefore = world.copy.staged();
    void world.follower.stop();
    return text;
  };
  world.follower.start();
  await eventually('it is stopped in the middle', () => stagedBefore > 0);
  await eventually('it lets go', () => world.copy.staged() === 0);
  await world.follower.stop();
  await eventually('the hub does too', () => (world.history.open() === 0 ? true : undefined));
});
