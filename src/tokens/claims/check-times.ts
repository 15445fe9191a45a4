// Is the token valid at this moment? Pure, and run again on every use of a remembered decision: a cache never outlives `exp`.
// How long it may live at all is judged once, when it is read.

import { deny, type Refusal } from '../../domain/decision.ts';
import type { KeyManager } from '../../domain/key-manager.ts';

/** NumericDates of a token, in seconds since the epoch (RFC 7519 §4.1.4 to §4.1.6). */
export interface TokenTimes {
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
}

/** Refuses what is expired or not yet valid. */
export function checkTimes(times: TokenTimes, keyManager: KeyManager, nowMs: number): Refusal | 'passed' {
  const now = nowMs / 1000;
  const { clockSkewSeconds: skew } = keyManager;
  const { expiresAt, notBefore, issuedAt } = times;
  const evidence = { now: Math.floor(now), skew };
  if (expiresAt + skew <= now) return deny('token_expired', { exp: expiresAt, ...evidence });
  if (notBefore !== undefined && notBefore > now + skew)
    return deny('token_not_yet_valid', { nbf: notBefore, ...evidence });
  if (issuedAt !== undefined && issuedAt > now + skew)
    return deny('token_not_yet_valid', { iat: issuedAt, ...evidence });
  return 'passed';
}

/** Refuses what is made to live longer than the key manager's tokens may. Asked once: what a token states does not change. */
export function checkLifetime(times: TokenTimes, keyManager: KeyManager, nowMs: number): Refusal | 'passed' {
  // Without `iat` all that is left of the life can be measured, not all of it.
  const lifetimeSeconds = times.expiresAt - (times.issuedAt ?? nowMs / 1000);
  return lifetimeSeconds > keyManager.maxLifetimeSeconds
    ? deny('token_lifetime_excessive', { lifetime: Math.ceil(lifetimeSeconds), limit: keyManager.maxLifetimeSeconds })
    : 'passed';
}
