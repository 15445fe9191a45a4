// Pairs of an API and a key manager that leave the audience open, as the gauge and `validate` report them.

import { describe, expect, test } from 'vitest';
import { countPairsWithoutAudience, statesNoAudience } from '../../../src/domain/audience-gaps.ts';
import { sampleApi, sampleKeyManager } from './catalog-samples.ts';

describe('pairs without an audience', () => {
  const open = sampleKeyManager();
  test.each([
    ['neither states one', sampleApi(), open, 1],
    ['the API states one', sampleApi({ audiences: ['pizza'] }), open, 0],
    ['the API states all, which is none', sampleApi({ audiences: ['all'] }), open, 1],
    ['the key manager states one', sampleApi(), sampleKeyManager({ audiences: ['x'] }), 0],
    ['the API does not list it', sampleApi({ keyManagers: ['other'] }), open, 0],
    ['the API lists nobody', sampleApi({ keyManagers: [] }), open, 0],
    ['the API takes all of the organization', sampleApi({ keyManagers: 'all' }), open, 1],
    [
      'the API takes all, the Global one among them',
      sampleApi({ keyManagers: 'all' }),
      sampleKeyManager({ organization: 'WSO2/System' }),
      1,
    ],
    ['it is another organization’s', sampleApi({ keyManagers: 'all' }), sampleKeyManager({ organization: 'other' }), 0],
    ['it is disabled', sampleApi(), sampleKeyManager({ enabled: false }), 0],
    ['it vouches for exchanged tokens only', sampleApi(), sampleKeyManager({ tokenType: 'EXCHANGED' }), 0],
  ])('where %s', (_what, api, keyManager, pairs) => {
    expect(countPairsWithoutAudience([api], [keyManager])).toBe(pairs);
  });

  test('are counted once for each API', () => {
    const apis = [sampleApi({ id: 'a' }), sampleApi({ id: 'b', keyManagers: 'all' })];
    expect(countPairsWithoutAudience(apis, [open, sampleKeyManager({ id: 'km-2' })])).toBe(3);
  });
});

test('an API that lists all beside others states no audience', () => {
  expect(statesNoAudience({ audiences: ['all', 'pizza'] })).toBe(true);
});
