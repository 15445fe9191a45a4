// All scenarios in the order in which they are run: those with goals first, so that a run that is cut short has them.

import type { Scenario } from './scenario.ts';
import { adminWrites } from './scenarios/admin-writes.ts';
import { distinctDenials, hotDenials } from './scenarios/denials.ts';
import { firstSight } from './scenarios/first-sight.ts';
import { firstSightWithRedis } from './scenarios/first-sight-redis.ts';
import { hotEs256, hotRs256 } from './scenarios/hot-token.ts';
import { keyManagerDown } from './scenarios/key-manager-down.ts';
import { manyKeyManagers } from './scenarios/many-key-managers.ts';
import { boot, manySubscriptions, workerMemory } from './scenarios/many-subscriptions.ts';
import { opaqueTokens } from './scenarios/opaque-tokens.ts';
import { revocation } from './scenarios/revocation.ts';
import { throughEnvoy } from './scenarios/through-envoy.ts';
import { unknownKeys } from './scenarios/unknown-keys.ts';
import { workers } from './scenarios/workers.ts';

/** Every scenario; catalogs of up to so many subscriptions, of which five million take minutes to write. */
export function allScenarios(mostSubscriptions: number): readonly Scenario[] {
  return [
    ...[hotRs256, hotEs256, firstSight, firstSightWithRedis, manyKeyManagers, hotDenials, distinctDenials],
    ...[adminWrites, throughEnvoy, manySubscriptions(mostSubscriptions), boot(mostSubscriptions)],
    workerMemory(mostSubscriptions),
    ...[unknownKeys, opaqueTokens, keyManagerDown, revocation, workers],
  ];
}
