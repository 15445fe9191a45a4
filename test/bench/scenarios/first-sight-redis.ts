// S3r: first sights with a Redis, without one, and with one that is gone. A JWT is proved here, so Redis should not be felt.

import type { SettingsSections } from '../../rig/gatehouse-process.ts';
import { floorContestant, orderCall, startInstallation } from '../installation.ts';
import type { Lab } from '../lab.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { HALF_LOAD } from '../scenario.ts';
import { tokenBatches } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

/** First sight of distinct RS256 tokens in three installations. */
export const firstSightWithRedis: Scenario = {
  id: 'S3r',
  title: 'first sight of each token, with and without Redis',
  what: '10,000 distinct RS256 tokens, each sent once; “Redis away”: it was there when Gatehouse started',
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const without = await contestant(lab, 'without Redis');
    const call = without.calls(1)[0] as ReturnType<typeof orderCall>;
    const floor = await floorContestant(lab, await verifiedAnswer(without.port, call, 'allowed'), without.calls);
    const there = await lab.redis();
    const away = await lab.redis();
    const contestants = [
      await contestant(lab, 'with Redis', there.settings),
      await contestant(lab, 'Redis away', away.settings),
    ];
    await away.kill();
    return [floor, without, ...contestants];
  },
};

async function contestant(lab: Lab, name: string, settings: SettingsSections = {}): Promise<Contestant> {
  const { gatehouse, token } = await startInstallation(lab, { settings });
  const batches = tokenBatches(() => orderCall(token()));
  await verifiedAnswer(gatehouse.port, orderCall(token()), 'allowed');
  return { ...gatehouse, name, calls: batches.next, once: true };
}
