// What comes back from a store that others can write to.

import { expect, test } from 'vitest';
import type { SealingKey } from '../../../src/sealing/sealing-key.ts';
import { ValueSeal } from '../../../src/sealing/value-seal.ts';

const KEY: SealingKey = { id: 'fleet', secret: Buffer.alloc(32, 3).toString('base64url') };
const FOREIGN: SealingKey = { id: 'fleet', secret: Buffer.alloc(32, 4).toString('base64url') };
const NOW = 1_790_000_000_000;

test('a value of the fleet comes back with the time it was sealed at', () => {
  const sealed = new ValueSeal([KEY], 'tokens').seal('gatehouse:t:1', '{"a":1}', NOW + 0.5);
  const opened = new ValueSeal([KEY], 'tokens').open('gatehouse:t:1', sealed, NOW);
  expect(opened).toEqual({ value: Buffer.from('{"a":1}'), issuedAtMs: NOW });
  expect(sealed).not.toContain('{"a":1}');
});

test.each<
  [string, (sealed: string) => string, Partial<{ name: string; purpose: string; key: SealingKey; oldest: number }>]
>([
  ['copied to another name', (sealed) => sealed, { name: 'gatehouse:t:2' }],
  ['of another purpose', (sealed) => sealed, { purpose: 'key sets' }],
  ['of another installation', (sealed) => sealed, { key: FOREIGN }],
  ['from before the oldest moment', (sealed) => sealed, { oldest: NOW + 1 }],
  ['with a later time', (sealed) => sealed.replace(String(NOW), String(NOW + 5)), {}],
  ['with a time in another spelling', (sealed) => `0${sealed}`, {}],
  ['without a time', (sealed) => sealed.slice(sealed.indexOf(':') + 1), {}],
  ['cut short', (sealed) => sealed.slice(0, -4), {}],
  ['of bytes that are nothing', () => '\0\xff not sealed', {}],
  ['that is empty', () => '', {}],
])('a value %s is nothing', (_what, change, { name = 'gatehouse:t:1', purpose = 'tokens', key = KEY, oldest = 0 }) => {
  const sealed = change(new ValueSeal([KEY], 'tokens').seal('gatehouse:t:1', 'value', NOW));
  expect(new ValueSeal([key], purpose).open(name, sealed, oldest)).toBeUndefined();
});
