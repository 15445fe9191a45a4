// Masks in lists: which secret is meant must be beyond doubt.

import { expect, test } from 'vitest';
import { ambiguousMasks } from '../../../../src/admin/key-managers/masks-in-lists.ts';

const M = '*****';
const fieldsOf = (now: Readonly<Record<string, unknown>>, then: Readonly<Record<string, unknown>>) => {
  const dto = (additionalProperties: Readonly<Record<string, unknown>>) => ({
    name: 'a',
    type: 'b',
    additionalProperties,
  });
  return ambiguousMasks(dto(now), dto(then)).map(({ field }) => field);
};
const [a, b] = [
  { name: 'a', secret: M },
  { name: 'b', secret: M },
];

test('a mask outside of lists, or in an item that is as it was, stays', () => {
  expect(fieldsOf({ client_secret: M, other: 1 }, { client_secret: M })).toEqual([]);
  expect(fieldsOf({ clients: [a, { name: 'new' }], more: 1 }, { clients: [a, b] })).toEqual([]);
});

test.each([
  ['moved', { clients: [b] }, ['additionalProperties.clients.0.secret']],
  ['changed', { clients: [a, { ...b, name: 'c' }] }, ['additionalProperties.clients.1.secret']],
  ['came', { clients: [a, b, { name: 'c', secret: M }] }, ['additionalProperties.clients.2.secret']],
  ['is deeper', { 'x/y': [[{ secret: M }]] }, ['additionalProperties.x~1y.0.0.secret']],
])('a mask in an item that %s is refused', (_how, now, fields) => {
  expect(fieldsOf(now, { clients: [a, b], 'x/y': [[{ secret: M, other: 1 }]] })).toEqual(fields);
});

test('a secret that is given anew is in no doubt', () => {
  expect(fieldsOf({ clients: [{ ...b, secret: 'new' }] }, { clients: [a, b] })).toEqual([]);
});
