// S1 and S2: one token that is known already, over and over; what most requests of a busy client are.

import type { SigningAlgorithm } from '../../rig/signing-key.ts';
import { floorContestant, orderCall, startInstallation } from '../installation.ts';
import { HALF_LOAD, type Rates, type Scenario } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const hotToken = (id: string, algorithm: SigningAlgorithm, rates: Rates): Scenario => ({
  id,
  title: `hot ${algorithm}`,
  what: `one ${algorithm} token over and over, subscription and scope checked each time`,
  rates,
  contestants: async (lab) => {
    const { gatehouse, token } = await startInstallation(lab, { algorithm });
    const calls = [orderCall(token())] as const;
    const answer = await verifiedAnswer(gatehouse.port, calls[0], 'allowed');
    return [
      await floorContestant(lab, answer, () => calls),
      await floorContestant(lab, answer, () => calls, 'gatehouse'),
      { ...gatehouse, name: 'gatehouse', calls: () => calls, answerBytes: answer.bytes },
    ];
  },
});

/** RS256, the usual algorithm. */
export const hotRs256 = hotToken('S1', 'RS256', { kind: 'shares', shares: [0.25, 0.5, 0.75] });
/** ES256, whose signatures cost more to verify than to make. */
export const hotEs256 = hotToken('S2', 'ES256', HALF_LOAD);
