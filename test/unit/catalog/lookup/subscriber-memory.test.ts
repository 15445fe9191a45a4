// What is remembered of subscribers stays within its bytes, and a flood of strangers takes no room from those who may call.

import { expect, test } from 'vitest';
import { SubscriberMemory } from '../../../../src/catalog/lookup/subscriber-memory.ts';
import type { Subscriber } from '../../../../src/domain/subscriber.ts';
import { liveHeapBytes } from '../../../rig/live-heap.ts';
import { SUBSCRIBER } from '../../authorize/world-sample.ts';

const NOBODY: Subscriber = { mapping: null, application: null, subscription: null };
const BOUNDS = { maxBytes: 100_000, maxAbsentBytes: 20_000 };

function remembered(memory: SubscriberMemory, clients: readonly string[]): number {
  return clients.filter((client) => memory.get(client, 'km', 'api') !== undefined).length;
}

test('a flood of unknown clients displaces none that may call', () => {
  const memory = new SubscriberMemory(BOUNDS);
  memory.set('caller', 'km', 'api', SUBSCRIBER);
  const strangers = Array.from({ length: 5_000 }, (_, n) => `stranger-${n}`);
  for (const client of strangers) memory.set(client, 'km', 'api', NOBODY);
  expect(memory.get('caller', 'km', 'api')).toBe(SUBSCRIBER);
  expect(remembered(memory, strangers)).toBeGreaterThan(0);
  expect(remembered(memory, strangers)).toBeLessThan(40);
});

test('a flood of distinct clients takes no more memory than its bound', () => {
  const bounds = { maxBytes: 8 * 1024 * 1024, maxAbsentBytes: 1024 * 1024 };
  const memory = new SubscriberMemory(bounds);
  const before = liveHeapBytes();
  for (let n = 0; n < 40_000; n++) {
    const consumerKey = `client-${n}-of-a-flood`;
    memory.set(consumerKey, 'km', 'api', structuredClone(SUBSCRIBER));
    memory.set(`stranger-${n}`, 'km', 'api', structuredClone(NOBODY));
  }
  const held = liveHeapBytes() - before;
  expect(held).toBeLessThan((bounds.maxBytes + bounds.maxAbsentBytes) * 1.5);
  expect(memory.get('client-39999-of-a-flood', 'km', 'api')).toEqual(SUBSCRIBER);
});

test('those that were asked for last stay', () => {
  const memory = new SubscriberMemory(BOUNDS);
  const clients = Array.from({ length: 1_000 }, (_, n) => `client-${n}`);
  for (const client of clients) {
    memory.set(client, 'km', 'api', SUBSCRIBER);
    memory.get('client-0', 'km', 'api');
  }
  expect(remembered(memory, clients)).toBeLessThan(200);
  expect(remembered(memory, ['client-0', 'client-999'])).toBe(2);
  expect(remembered(memory, ['client-500'])).toBe(0);
});

test('long names and attributes count by their length, and one that is larger than all the room is not kept', () => {
  const memory = new SubscriberMemory(BOUNDS);
  const application = SUBSCRIBER.application && { ...SUBSCRIBER.application, attributes: { note: 'x'.repeat(20_000) } };
  for (const client of ['a', 'b', 'c', 'd']) memory.set(client, 'km', 'api', { ...SUBSCRIBER, application });
  expect(remembered(memory, ['a', 'b', 'c', 'd'])).toBe(2);
  const vast = application && { ...application, name: 'x'.repeat(100_000) };
  memory.set('vast', 'km', 'api', { ...SUBSCRIBER, application: vast });
  memory.set('y'.repeat(100_000), 'km', 'api', NOBODY);
  expect(remembered(memory, ['vast', 'y'.repeat(100_000)])).toBe(0);
  expect(remembered(memory, ['c', 'd'])).toBe(2);
});

test('what runs together when it is joined is told apart', () => {
  const memory = new SubscriberMemory(BOUNDS);
  memory.set('c', 'km1', 'api', SUBSCRIBER);
  for (const [client, keyManagerId, apiId] of [
    ['ic', 'km1', 'ap'],
    ['c', 'km', '1api'],
    ['apic', 'km1', ''],
    ['km1apic', '', ''],
  ] as const)
    expect(memory.get(client, keyManagerId, apiId)).toBeUndefined();
});

test('nothing is left when it is cleared', () => {
  const memory = new SubscriberMemory(BOUNDS);
  memory.set('caller', 'km', 'api', SUBSCRIBER);
  memory.set('stranger', 'km', 'api', NOBODY);
  memory.clear();
  expect(remembered(memory, ['caller', 'stranger'])).toBe(0);
});
