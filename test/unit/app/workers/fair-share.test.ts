// What each worker may ask of key managers, so that all of them stay within the limits of the whole.

import { expect, test } from 'vitest';
import { withShareOf, withShareOfAll } from '../../../../src/app/workers/fair-share.ts';
import { loadSettings } from '../../../../src/settings/load-settings.ts';
import { keyManager } from '../../tokens/token-sample.ts';

const settings = () => {
  const read = loadSettings({});
  if (!read.ok) throw new Error('the defaults are settings');
  return read.value;
};

test.each([2, 3, 7, 128])(
  '%i workers together have no more than the whole, but for the one that each must have',
  (n) => {
    const whole = keyManager({ limits: { concurrency: 32, ratePerSecond: 200, burst: 400 } });
    const { limits } = withShareOf(whole, n);
    expect(limits.ratePerSecond * n).toBeCloseTo(200);
    expect(limits.burst * n).toBeCloseTo(Math.max(400, n));
    expect(limits.concurrency * n).toBeLessThanOrEqual(Math.max(32, n));
    expect(limits.concurrency).toBeGreaterThanOrEqual(1);
    const all = withShareOfAll(settings(), n).keyManagers.limits;
    expect(all.maxFlights * n).toBeLessThanOrEqual(512);
    expect(all.maxConnections * n).toBeLessThanOrEqual(Math.max(64, n));
  },
);

test('nothing else of a key manager and of the settings is another', () => {
  const whole = keyManager({ limits: { concurrency: 32, ratePerSecond: 200, burst: 400 } });
  const part = withShareOf(whole, 4);
  expect({ ...part, limits: whole.limits }).toEqual(whole);
  const before = settings();
  const after = withShareOfAll(before, 4);
  const { limits } = before.keyManagers;
  expect({ ...after, keyManagers: { ...after.keyManagers, limits } }).toEqual(before);
  expect(after.keyManagers.limits).toMatchObject({ concurrency: limits.concurrency, burst: limits.burst });
});
