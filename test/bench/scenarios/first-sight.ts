// S3 and S3b: tokens that were never seen, and the same ones again; what a client that asks for a token for each call costs.

import { floorContestant, orderCall, startInstallation } from '../installation.ts';
import type { Scenario } from '../scenario.ts';
import { tokenBatches } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

/** First sight and second sight of 10,000 distinct RS256 tokens. */
export const firstSight: Scenario = {
  id: 'S3',
  title: 'first sight of each token',
  what: '10,000 distinct RS256 tokens, each sent once; “again” (S3b) sends those of the last time',
  rates: { kind: 'shares', shares: [0.25, 0.5, 0.75] },
  contestants: async (lab) => {
    const { gatehouse, token } = await startInstallation(lab);
    const batches = tokenBatches(() => orderCall(token()));
    const answer = await verifiedAnswer(gatehouse.port, orderCall(token()), 'allowed');
    return [
      await floorContestant(lab, answer, batches.last),
      { ...gatehouse, name: 'first sight', calls: batches.next, once: true },
      { ...gatehouse, name: 'again', calls: batches.last },
    ];
  },
};
