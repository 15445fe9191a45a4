// Who waits for the fleet gets an honest answer: who has it, who is late, who is not there.

import { expect, test } from 'vitest';
import { FleetPositions } from '../../../../src/sync/hub/fleet-positions.ts';

const at = (sequence: number, epoch = 'e') => ({ epoch, sequence });

test('it is complete when every connected follower has told that it has it', async () => {
  const fleet = new FleetPositions(Date.now);
  fleet.connect('a', at(1), 0);
  fleet.connect('b', at(1), 0);
  const waiting = fleet.waitFor(at(2), 5_000);
  fleet.acknowledge('a', at(2));
  fleet.acknowledge('b', at(3));
  expect(await waiting).toEqual({ complete: true, sequence: 2, acknowledged: ['a', 'b'], lagging: [], absent: [] });
});

test('who has not told it in time is lagging', async () => {
  const fleet = new FleetPositions(Date.now);
  fleet.connect('fast', at(2), 0);
  fleet.connect('slow', at(1), 0);
  expect(await fleet.waitFor(at(2), 10)).toMatchObject({ complete: false, acknowledged: ['fast'], lagging: ['slow'] });
});

test('a follower that disconnects meanwhile is lagging; one that was away before is absent', async () => {
  const fleet = new FleetPositions(Date.now);
  fleet.connect('away', at(1), 0)();
  const disconnect = fleet.connect('leaving', at(1), 0);
  const waiting = fleet.waitFor(at(2), 20);
  disconnect();
  expect(await waiting).toMatchObject({ complete: false, lagging: ['leaving'], absent: ['away'] });
});

test('a position of another epoch is none', async () => {
  const fleet = new FleetPositions(Date.now);
  fleet.connect('a', at(99, 'older'), 0);
  expect(await fleet.waitFor(at(2), 10)).toMatchObject({ complete: false, lagging: ['a'] });
});

test('without followers it is complete at once', async () => {
  expect(await new FleetPositions(Date.now).waitFor(at(2), 60_000)).toMatchObject({ complete: true, acknowledged: [] });
});

test('a follower that asks again and again counts as connected in between', async () => {
  let nowMs = 0;
  const fleet = new FleetPositions(() => nowMs);
  fleet.connect('polling', at(1), 1_000)();
  expect(fleet.list()).toMatchObject([{ connected: true }]);
  nowMs = 1_001;
  expect(fleet.list()).toMatchObject([{ connected: false }]);
});

test('made-up names take bounded room', () => {
  const fleet = new FleetPositions(Date.now);
  for (let name = 0; name < 5_000; name++) fleet.connect(String(name), at(1), 0);
  expect(fleet.list().length).toBeLessThan(2_000);
});

test('who tells positions of names that never connected takes no room, and is not there', () => {
  const fleet = new FleetPositions(Date.now);
  for (let name = 0; name < 5_000; name++) fleet.acknowledge(String(name), at(1));
  expect(fleet.list()).toEqual([]);
});

test('made-up names take no room from a follower that connects', async () => {
  const fleet = new FleetPositions(Date.now);
  for (let name = 0; name < 5_000; name++) fleet.connect(String(name), at(1), 0)();
  fleet.connect('real', at(1), 0);
  expect(await fleet.waitFor(at(2), 10)).toMatchObject({ complete: false, lagging: ['real'] });
});

test('nothing is complete while somebody is connected of whom nothing can be known', async () => {
  const fleet = new FleetPositions(Date.now);
  for (let name = 0; name < 1_536; name++) fleet.connect(String(name), at(9), 0);
  const leave = fleet.connect('one too many', at(1), 0);
  expect((await fleet.waitFor(at(2), 10)).complete).toBe(false);
  leave();
  expect((await fleet.waitFor(at(2), 10)).complete).toBe(true);
});

test('a follower that takes a whole copy is lagging until it has told that it has it', async () => {
  const fleet = new FleetPositions(Date.now);
  fleet.connect('new', undefined, 1_000)();
  const waiting = fleet.waitFor(at(2), 5_000);
  fleet.acknowledge('new', at(2));
  expect(await waiting).toMatchObject({ complete: true, acknowledged: ['new'] });
  expect(await fleet.waitFor(at(3), 10)).toMatchObject({ complete: false, lagging: ['new'] });
});
