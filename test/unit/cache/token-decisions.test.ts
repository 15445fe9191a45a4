import { beforeEach, expect, test } from 'vitest';
import { TokenDecisions } from '../../../src/cache/token-decisions.ts';
import type { TokenDecision } from '../../../src/domain/token.ts';

let now = 0;
let cache: TokenDecisions;
beforeEach(() => {
  now = 1_000;
  cache = new TokenDecisions({ maxBytes: 1_000, maxRefusalBytes: 300, clock: () => now });
});

const proof = (keyManagerId: string) => ({ kind: 'proved', facts: { keyManagerId } }) as TokenDecision;
const refusal: TokenDecision = { kind: 'refused', reason: 'signature_invalid', evidence: {} };
const remember = (owner: string, from: number, count: number) => {
  for (let n = from; n < from + count; n++) cache.set(`${owner}${n}`, proof(owner), 9_999, 100);
};
const kept = (owner: string, upTo: number) =>
  Array.from({ length: upTo }, (_, n) => n).filter((n) => cache.get(`${owner}${n}`) !== undefined);

test('gives back what it was given, until its time', () => {
  const decision = proof('a');
  cache.set('k', decision, 2_000, 100);
  expect(cache.get('k')).toBe(decision);
  now = 1_999;
  expect(cache.get('k')).toBe(decision);
  now = 2_000;
  expect(cache.get('k')).toBeUndefined();
  now = 1_000;
  expect(cache.get('k')).toBeUndefined();
});

test('is bounded in bytes and forgets the least recently used first', () => {
  remember('a', 0, 10);
  cache.get('a0');
  remember('a', 10, 1);
  expect(kept('a', 11)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a decision larger than the memory is not remembered and displaces nothing', () => {
  remember('a', 0, 10);
  cache.set('huge', proof('a'), 9_999, 1_001);
  expect(cache.get('huge')).toBeUndefined();
  expect(kept('a', 10)).toHaveLength(10);
});

test('the latest decision about a token counts, and the one before does not come back when it goes', () => {
  cache.set('k', proof('a'), 9_999, 100);
  cache.set('k', refusal, 9_999, 100);
  expect(cache.get('k')).toBe(refusal);
  for (let n = 0; n < 3; n++) cache.set(`bad${n}`, refusal, 9_999, 100);
  expect(cache.get('k')).toBeUndefined();
  cache.set('k', refusal, 9_999, 100);
  const again = proof('a');
  cache.set('k', again, 9_999, 100);
  expect(cache.get('k')).toBe(again);
});

test('a flood of refusals displaces refusals only', () => {
  remember('a', 0, 10);
  for (let n = 0; n < 1_000; n++) cache.set(`bad${n}`, refusal, 9_999, 100);
  expect(kept('a', 10)).toHaveLength(10);
  expect(kept('bad', 1_000)).toEqual([997, 998, 999]);
});

test('one key manager may fill a memory that nobody else needs', () => {
  remember('a', 0, 10);
  expect(kept('a', 10)).toHaveLength(10);
});

test('a flood of one key manager leaves the others half of the memory', () => {
  remember('b', 0, 5);
  remember('a', 0, 1_000);
  expect(kept('b', 5)).toHaveLength(5);
  expect(kept('a', 1_000)).toEqual([995, 996, 997, 998, 999]);
});

test('others get the room back that one key manager had filled', () => {
  remember('a', 0, 10);
  remember('b', 0, 5);
  expect(kept('b', 5)).toHaveLength(5);
  expect(kept('a', 10)).toEqual([5, 6, 7, 8, 9]);
});

test('keeps count of what is overwritten', () => {
  for (let round = 0; round < 50; round++) remember('a', 0, 3);
  remember('b', 0, 7);
  expect(kept('a', 3)).toHaveLength(3);
  expect(kept('b', 7)).toHaveLength(7);
  // Below its half, so the room comes from whoever was used least recently.
  kept('a', 3);
  remember('a', 3, 1);
  expect(kept('a', 4)).toHaveLength(4);
  expect(kept('b', 7)).toHaveLength(6);
});

test('proofs that have run out make room for those of others', () => {
  remember('a', 0, 10);
  now = 9_999;
  expect(kept('a', 10)).toEqual([]);
  now = 1_000;
  remember('b', 0, 5);
  remember('a', 0, 20);
  expect(kept('b', 5)).toHaveLength(5);
  expect(kept('a', 20)).toHaveLength(5);
});

test('one in use stays when its key manager displaces its own', () => {
  remember('a', 0, 10);
  for (let n = 10; n < 200; n++) {
    for (let use = 0; use < 3; use++) expect(cache.get('a0')).toEqual(proof('a'));
    remember('a', n, 1);
  }
  expect(kept('a', 200)).toEqual([0, ...Array.from({ length: 9 }, (_, at) => 191 + at)]);
});
