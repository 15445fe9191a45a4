// The WWW-Authenticate challenge of RFC 6750 §3. It tells a client what to do next and nothing about why: descriptions are the
// same for every cause, and evidence stays with the operator.

import type { ReasonRow } from '../../domain/reason.ts';

/** Texts in the character set of RFC 6750 §3: no quotes, no backslash. */
const DESCRIPTIONS = {
  invalid_request: 'Send exactly one bearer token',
  invalid_token: 'This access token is not accepted here',
  insufficient_scope: 'This access token lacks a scope',
} as const;

/** RFC 6749 §3.3 scope-token. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** Longer lists would endanger the client's header limit; the error code alone says enough then. */
const MAX_SCOPES_BYTES = 2048;

/** The challenge for a realm; undefined where the row has none. `scopes` are those of which one is needed, with spaces between several that are needed together. */
export function challenge(kind: ReasonRow['challenge'], realm: string, scopes: readonly string[]): string | undefined {
  if (kind === null) return undefined;
  const bearer = `Bearer realm="${realm}"`;
  if (kind === 'bearer') return bearer;
  const error = `${bearer}, error="${kind}", error_description="${DESCRIPTIONS[kind]}"`;
  if (kind !== 'insufficient_scope') return error;
  const names = new Set(scopes.flatMap((needed) => needed.split(' ')));
  const scope = [...names].filter((name) => SCOPE_TOKEN.test(name)).join(' ');
  return scope === '' || scope.length > MAX_SCOPES_BYTES ? error : `${error}, scope="${scope}"`;
}

/** The realm, if it can stand in a quoted string as it is. Throws at boot otherwise. */
export function checkRealm(realm: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) return realm;
  throw new Error('realm: use printable ASCII without quotes and backslashes');
}
