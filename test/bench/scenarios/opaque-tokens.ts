// S6: opaque tokens, which their key manager has to be asked about, with and without a Redis that remembers its replies for others.

import { startIntrospection } from '../../rig/introspection-server.ts';
import { floorContestant, OPAQUE_PREFIX, ORDER_SCOPE, orderCall, startInstallation } from '../installation.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { HALF_LOAD } from '../scenario.ts';
import { tokenBatches } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const REPLY_DELAY_MS = 5;
/** The defaults protect a key manager from more than a few hundred first sights a second; here it shall get them. */
const LIMITS = { concurrency: 1000, ratePerSecond: 100_000, burst: 100_000, maxFlights: 2000, maxConnections: 1100 };

/** First and second sight of distinct opaque tokens. */
export const opaqueTokens: Scenario = {
  id: 'S6',
  title: 'opaque tokens',
  what: `10,000 distinct opaque tokens, each sent once, their key manager answers after ${REPLY_DELAY_MS} ms; “again” sends those of the last time; limits of key managers raised`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const opaque = await startIntrospection({ prefix: OPAQUE_PREFIX });
    lab.defer(() => opaque.close());
    opaque.fault({ kind: 'delay', delayMs: REPLY_DELAY_MS });
    const redis = await lab.redis();
    const contestants: Contestant[] = [];
    for (const [name, shared] of [['', {}] as const, [', with Redis', redis.settings] as const]) {
      const settings = { keyManagers: { limits: LIMITS }, ...shared };
      const { gatehouse } = await startInstallation(lab, { opaque, settings });
      const batches = tokenBatches(() => orderCall(opaque.issue({ scope: ORDER_SCOPE })));
      const answer = await verifiedAnswer(gatehouse.port, orderCall(opaque.issue({ scope: ORDER_SCOPE })), 'allowed');
      if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, batches.last));
      contestants.push({ ...gatehouse, name: `first sight${name}`, calls: batches.next, once: true });
      contestants.push({ ...gatehouse, name: `again${name}`, calls: batches.last });
    }
    return contestants;
  },
};
