// How long a caller waits, as it says it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readGrpcTimeout } from '../../../src/grpc/grpc-timeout.ts';

test.each([
  ['2H', 7_200_000],
  ['3M', 180_000],
  ['4S', 4_000],
  ['250m', 250],
  ['1500u', 1.5],
  ['2000000n', 2],
  ['0m', 0],
  ['99999999H', 359_999_996_400_000],
])('%s is %d milliseconds', (text, milliseconds) => {
  expect(readGrpcTimeout(text)).toBeCloseTo(milliseconds, 9);
});

test('a caller that does not say waits for ever', () => {
  expect(readGrpcTimeout(undefined)).toBe(Number.POSITIVE_INFINITY);
});

test.each(['', 'm', '5', '5 m', '-5m', '+5m', '5.5S', '5s', '5h', '123456789m', '5m, 9H', '0x5m', '٥m', '5m\n'])(
  '%j is no timeout',
  (text) => {
    expect(readGrpcTimeout(text)).toBeUndefined();
  },
);

test('whatever is sent is a time that is not negative, or no timeout', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,9}[HMSmunx]?$/)), (text) => {
      const milliseconds = readGrpcTimeout(text);
      expect(milliseconds === undefined || milliseconds >= 0).toBe(true);
    }),
  );
});
