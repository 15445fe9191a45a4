// S4: the same load with 1, 50 and 1,000 key managers; a key manager is found by its issuer, so their number should not matter.

import { floorContestant, orderCall, startInstallation } from '../installation.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { HALF_LOAD } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const COUNTS = [1, 50, 1000] as const;
/** As many in all installations, so that only the number of issuers differs. */
const TOKENS = 1000;

/** Known ES256 tokens of all key managers in turn. */
export const manyKeyManagers: Scenario = {
  id: 'S4',
  title: 'many key managers',
  what: `${TOKENS} known ES256 tokens in turn, of ${COUNTS.join(', ')} key managers with a key of their own each`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const contestants: Contestant[] = [];
    for (const keyManagers of COUNTS) {
      // ES256, for a thousand RSA keys take minutes to make; a known token's signature is not looked at again.
      const installation = await startInstallation(lab, { algorithm: 'ES256', keyManagers });
      const { gatehouse, token } = installation;
      const calls = Array.from({ length: TOKENS }, (_, at) => orderCall(token({}, at % keyManagers)));
      for (const call of calls.slice(0, keyManagers)) {
        const answer = await verifiedAnswer(gatehouse.port, call, 'allowed');
        if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, () => calls));
      }
      const name = keyManagers === 1 ? '1 key manager' : `${keyManagers} key managers`;
      contestants.push({ ...gatehouse, name, calls: () => calls });
    }
    return contestants;
  },
};
