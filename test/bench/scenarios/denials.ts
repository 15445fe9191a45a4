// S7 and S7d: requests that are refused, each kind over and over and each with distinct tokens. Refusing must not cost more than letting pass.

import type { Reason } from '../../../src/domain/reason.ts';
import { CODE } from '../call.ts';
import { CLIENT, floorContestant, type Installation, orderCall, startInstallation } from '../installation.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { HALF_LOAD } from '../scenario.ts';
import { forged, tokenBatches } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

/** One kind of denial; `tokens` makes distinct ones. */
interface Denial {
  readonly name: string;
  readonly reason: Reason;
  readonly code: number;
  readonly tokens: (installation: Installation) => (serial: number) => string;
}

const DENIALS: readonly Denial[] = [
  {
    name: 'bad signature',
    reason: 'signature_invalid',
    code: CODE.unauthenticated,
    tokens: ({ token }) => forger(token()),
  },
  {
    name: 'no subscription',
    reason: 'subscription_not_found',
    code: CODE.permissionDenied,
    tokens:
      ({ token }) =>
      () =>
        token({ sub: CLIENT.visitor, azp: CLIENT.visitor }),
  },
  {
    name: 'missing scope',
    reason: 'scope_missing',
    code: CODE.permissionDenied,
    tokens:
      ({ token }) =>
      () =>
        token({ scope: 'orders:list' }),
  },
  {
    name: 'unknown issuer',
    reason: 'issuer_unknown',
    code: CODE.unauthenticated,
    // Nobody gets as far as its signature.
    tokens: ({ token }) => forger(token({ iss: 'https://nobody.example' })),
  },
];

/** One token of each kind over and over. */
export const hotDenials: Scenario = {
  id: 'S7',
  title: 'denials, hot',
  what: 'one RS256 token of each kind over and over; each denial is logged, as it is by default',
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const installation = await startInstallation(lab);
    const { gatehouse } = installation;
    const contestants: Contestant[] = [];
    for (const { name, reason, code, tokens } of DENIALS) {
      const calls = [orderCall(tokens(installation)(0), [code])] as const;
      const answer = await verifiedAnswer(gatehouse.port, calls[0], reason);
      if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, () => calls));
      contestants.push({ ...gatehouse, name, calls: () => calls, answerBytes: answer.bytes });
    }
    return contestants;
  },
};

/** Distinct tokens of each kind, beside valid ones. */
export const distinctDenials: Scenario = {
  id: 'S7d',
  title: 'denials, each token seen for the first time',
  what: '10,000 distinct RS256 tokens of each kind, each sent once, beside as many valid ones',
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const installation = await startInstallation(lab);
    const { gatehouse, token } = installation;
    const valid = tokenBatches(() => orderCall(token()));
    const answer = await verifiedAnswer(gatehouse.port, orderCall(token()), 'allowed');
    const contestants: Contestant[] = [
      await floorContestant(lab, answer, valid.last),
      { ...gatehouse, name: 'valid', calls: valid.next, once: true },
    ];
    for (const { name, reason, code, tokens } of DENIALS) {
      const make = tokens(installation);
      const batches = tokenBatches((serial) => orderCall(make(serial), [code]));
      await verifiedAnswer(gatehouse.port, orderCall(make(-1)), reason);
      contestants.push({ ...gatehouse, name, calls: batches.next, once: true });
    }
    return contestants;
  },
};

function forger(genuine: string): (serial: number) => string {
  return (serial) => forged(genuine, serial);
}
