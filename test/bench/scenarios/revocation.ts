// S10: from the request that revokes a token to the first check that is denied for it: on the host that took it, and on another of
// its fleet. On the host that took it, the check that follows the answer must be denied already.

import { checksOf } from '../../e2e/checks.ts';
import { callAdmin } from '../../e2e/stack.ts';
import { type Installation, ORDER_PATH, startInstallation } from '../installation.ts';
import type { Lab } from '../lab.ts';
import type { Contestant, Scenario } from '../scenario.ts';

const PER_SECOND = 10;
/** A fleet's bound is a second. */
const PATIENCE_MS = 5_000;

/** Revocations one after the other. */
export const revocation: Scenario = {
  id: 'S10',
  title: 'from revocation to denial',
  what: `${PER_SECOND} times a second a token passes, is revoked over HTTP, and is asked about again until it is denied; the time is from the request that revokes`,
  rates: { kind: 'fixed', perSecond: PER_SECOND },
  contestants: async (lab) => {
    const { settings } = await lab.redis();
    const here = await startInstallation(lab, { settings });
    const { keyManagers } = here;
    const there = await startInstallation(lab, { settings, keyManagerServers: keyManagers });
    return [
      contestant(lab, 'the host that took it', here, here),
      contestant(lab, 'another host, over Redis', here, there),
    ];
  },
};

function contestant(lab: Lab, name: string, revoking: Installation, asked: Installation): Contestant {
  const checks = checksOf(asked.gatehouse);
  lab.defer(() => checks.close());
  const trial = async () => {
    const token = revoking.token();
    const before = await checks.outcome(ORDER_PATH, token);
    if (before !== 'allow') throw new Error(`a token ended with ${before} before it was revoked`);
    const startMs = performance.now();
    const { status } = await callAdmin(revoking.gatehouse, 'POST', '/revocations', { kind: 'token', token });
    if (status !== 201) throw new Error(`a revocation was answered ${status}`);
    let outcome = await checks.outcome(ORDER_PATH, token);
    while (outcome === 'allow' && asked !== revoking && performance.now() - startMs < PATIENCE_MS)
      outcome = await checks.outcome(ORDER_PATH, token);
    const tookMs = performance.now() - startMs;
    if (outcome !== 'token_revoked') throw new Error(`a revoked token ended with ${outcome}`);
    return tookMs;
  };
  return { ...asked.gatehouse, name, calls: () => [], trial };
}
