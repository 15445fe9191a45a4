// Claims that are handed on to the upstream under another name (WSO2 claimMapping). Only mapped ones, and none that is too long:
// nothing is cut, since half a value may mean something else.

import type { ClaimMapping } from '../../domain/key-manager.ts';
import { claimValue } from './claim-value.ts';

/** As JSON text. Longer ones would not fit a header; Envoy's limit for all of a request's headers is 60 KiB. */
const MAX_VALUE_CHARS = 4096;
/** Of one token: what is handed on is remembered with it. */
const MAX_TOTAL_CHARS = 16_384;

/** Of the many key managers that hand nothing on; remembered with each token. */
const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** By local name, each a JSON value as text; in the order of the mapping, until the room is used up. */
export function handedOnClaims(
  claims: Readonly<Record<string, unknown>>,
  mapping: readonly ClaimMapping[],
): Readonly<Record<string, string>> {
  if (mapping.length === 0) return NONE;
  const handedOn = new Map<string, string>();
  let total = 0;
  for (const { remoteClaim, localClaim } of mapping) {
    const value = claimValue(claims, remoteClaim);
    if (value === undefined || handedOn.has(localClaim)) continue;
    const text = JSON.stringify(value);
    if (text.length > MAX_VALUE_CHARS || total + text.length > MAX_TOTAL_CHARS) continue;
    total += text.length;
    handedOn.set(localClaim, text);
  }
  return Object.fromEntries(handedOn);
}
