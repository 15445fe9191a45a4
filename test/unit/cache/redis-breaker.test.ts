import { expect, test } from 'vitest';
import { RedisBreaker } from '../../../src/cache/redis-breaker.ts';

const closed = () => {
  const breaker = new RedisBreaker();
  breaker.close();
  return breaker;
};

test('is open until a probe was answered', () => {
  const breaker = new RedisBreaker();
  expect(breaker.open).toBe(true);
  breaker.inTime();
  expect(breaker.open).toBe(true);
  breaker.close();
  expect(breaker.open).toBe(false);
});

test('opens at the third late answer in a row', () => {
  const breaker = closed();
  breaker.late();
  breaker.late();
  expect(breaker.open).toBe(false);
  breaker.late();
  expect(breaker.open).toBe(true);
});

test('a late answer now and then, among those in time, does not open it', () => {
  const breaker = closed();
  for (let n = 0; n < 1_000; n++) {
    breaker.late();
    breaker.inTime();
  }
  expect(breaker.open).toBe(false);
});

test('opens where more are late than in time', () => {
  const breaker = closed();
  for (let n = 0; n < 10; n++) {
    breaker.late();
    breaker.late();
    breaker.inTime();
  }
  expect(breaker.open).toBe(true);
});

test('late answers from before it closed do not count after it', () => {
  const breaker = closed();
  for (let n = 0; n < 3; n++) breaker.late();
  breaker.close();
  breaker.late();
  breaker.late();
  expect(breaker.open).toBe(false);
});
