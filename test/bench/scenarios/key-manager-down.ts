// S8: one key manager is gone or hangs, and one request in ten brings a token of it. The other nine must not feel it.

import { PATHS } from '../../rig/key-manager-server.ts';
import { CODE, GAVE_UP } from '../call.ts';
import { floorContestant, type Installation, orderCall, startInstallation } from '../installation.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const PER_SECOND = 1000;
const CALLS = 10_000;
const EVERY = 10;
/** Who waits for a key manager that hangs is answered in time all the same. */
const FAULTS = ['key_set_unavailable', 'deadline_exceeded'] as const;

/** A hot token of one key manager, among distinct ones of another. */
export const keyManagerDown: Scenario = {
  id: 'S8',
  title: 'a key manager down',
  what: `${PER_SECOND} checks a second: a known RS256 token, and every ${EVERY}th call a distinct token of another key manager, which answers, is gone, or hangs`,
  rates: { kind: 'fixed', perSecond: PER_SECOND },
  contestants: async (lab) => {
    const up = await startInstallation(lab, { keyManagers: 2 });
    const gone = await startInstallation(lab, { keyManagers: 2, beforeStart: ([, second]) => second?.close() });
    const hanging = await startInstallation(lab, {
      keyManagers: 2,
      beforeStart: ([, second]) => second?.fault(PATHS.jwks, { kind: 'hang' }),
    });
    const contestants: Contestant[] = [];
    for (const [name, installation] of Object.entries({ 'both up': up, 'one gone': gone, 'one hangs': hanging })) {
      const { port } = installation.gatehouse;
      const answer = await verifiedAnswer(port, orderCall(installation.token()), 'allowed');
      const expected = installation === up ? (['allowed'] as const) : FAULTS;
      await verifiedAnswer(port, orderCall(installation.token({}, 1)), ...expected);
      const calls = callsOf(installation, installation === up ? [CODE.ok] : [CODE.unavailable, GAVE_UP]);
      if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, () => calls));
      contestants.push({ ...installation.gatehouse, name, calls: () => calls });
    }
    return contestants;
  },
};

function callsOf({ token }: Installation, ofTheOther: readonly number[]) {
  const known = orderCall(token());
  return Array.from({ length: CALLS }, (_, at) => (at % EVERY === 0 ? orderCall(token({}, 1), ofTheOther) : known));
}
