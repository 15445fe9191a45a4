// S5: one token in ten names a key that its key manager does not have; each could cause a fetch, and must not.

import { randomUUID } from 'node:crypto';
import { CODE } from '../call.ts';
import { floorContestant, orderCall, startInstallation } from '../installation.ts';
import { HALF_LOAD, type Scenario } from '../scenario.ts';
import { forged } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const CALLS = 10_000;
const EVERY = 10;

/** Known tokens with distinct unknown ones among them. */
export const unknownKeys: Scenario = {
  id: 'S5',
  title: '10 % unknown kid',
  what: `a known RS256 token, and every ${EVERY}th call a distinct token with a kid of its own that no key has`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const { gatehouse, token } = await startInstallation(lab);
    const known = orderCall(token());
    const unknown = (serial: number) => {
      const [, payload, signature] = forged(token(), serial).split('.');
      const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: randomUUID() }));
      // Refused when the keys are fresh; a fault while they are being fetched or were just fetched.
      return orderCall(`${header.toString('base64url')}.${payload}.${signature}`, [
        CODE.unauthenticated,
        CODE.unavailable,
      ]);
    };
    const answer = await verifiedAnswer(gatehouse.port, known, 'allowed');
    await verifiedAnswer(gatehouse.port, unknown(0), 'key_not_found', 'key_set_refreshing');
    const calls = Array.from({ length: CALLS }, (_, at) => (at % EVERY === 0 ? unknown(at) : known));
    return [await floorContestant(lab, answer, () => calls), { ...gatehouse, name: 'gatehouse', calls: () => calls }];
  },
};
