// S9: twenty admin writes a second beside the load, in a catalog of ten thousand APIs. Writers must not be felt by requests.

import { setTimeout as sleep } from 'node:timers/promises';
import { callAdmin, keyManagerDto } from '../../e2e/stack.ts';
import { floorContestant, type Installation, orderCall, startInstallation } from '../installation.ts';
import { HALF_LOAD, type Scenario } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const APIS = 10_000;
/** A key manager is added and deleted in each. */
const ROUND_MS = 100;
const KEY_MANAGERS = '/api/am/admin/v4/key-managers';

/** A hot token with and without writes beside it. */
export const adminWrites: Scenario = {
  id: 'S9',
  title: 'admin writes beside the load',
  what: `one RS256 token over and over, ${APIS} APIs; “with writes”: a key manager added and deleted ${1000 / ROUND_MS} times a second`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const installation = await startInstallation(lab, { apis: APIS });
    const { gatehouse, token } = installation;
    const calls = [orderCall(token())] as const;
    const answer = await verifiedAnswer(gatehouse.port, calls[0], 'allowed');
    const one = { ...gatehouse, calls: () => calls, answerBytes: answer.bytes };
    return [
      await floorContestant(lab, answer, one.calls),
      { ...one, name: 'without writes' },
      { ...one, name: 'with writes', meanwhile: () => write(installation) },
    ];
  },
};

/** Writes until the result is called, which rejects when a write was refused. */
function write({ gatehouse, keyManagers }: Installation): () => Promise<void> {
  let stopped = false;
  const payload = {
    ...keyManagerDto('Coming', keyManagers[0] as (typeof keyManagers)[0]),
    issuer: 'https://coming.example',
  };
  const done = (async () => {
    while (!stopped) {
      const next = sleep(ROUND_MS);
      const created = await callAdmin(gatehouse, 'POST', KEY_MANAGERS, payload);
      const { id } = created.body as { id?: string };
      const deleted = await callAdmin(gatehouse, 'DELETE', `${KEY_MANAGERS}/${id}`);
      if (created.status !== 201 || deleted.status !== 200)
        throw new Error(`admin writes were answered ${created.status} and ${deleted.status}`);
      await next;
    }
  })();
  // Heard when it is awaited; until then it must not end the process.
  done.catch(() => {});
  return () => {
    stopped = true;
    return done;
  };
}
