// Is this an access token at all? Tells it from ID, refresh, logout and other tokens that the same key signs (RFC 8725 §3.11, §3.12).

import { deny, type Refusal } from '../../domain/decision.ts';
import { FOREIGN_TYP, type KeyManager, TOKEN_PROFILES, type TokenMark } from '../../domain/key-manager.ts';
import type { UnprovedJwt } from '../../domain/token.ts';

/** Judges the header's `typ` by the profile or the key manager's own list, and the payload by the marks of the key manager's type. */
export function checkKind(token: UnprovedJwt, keyManager: KeyManager): Refusal | 'passed' {
  const unverifiable = keyManager.unverifiableHeaders.find((name) => Object.hasOwn(token.header, name));
  if (unverifiable !== undefined) return deny('token_unverifiable', { header: unverifiable });
  const typ = typOf(token);
  const acceptedTyp = keyManager.acceptedTyp ?? TOKEN_PROFILES[keyManager.profile].acceptedTyp;
  if (FOREIGN_TYP.includes(typ) || !(acceptedTyp.includes('*') || acceptedTyp.includes(typ)))
    return deny('token_type_refused', { typ: typ.slice(0, 64), profile: keyManager.profile });
  return checkMarks(token.claims, keyManager.marks);
}

/** Refuses what a mark tells to be no access token. */
export function checkMarks(claims: Readonly<Record<string, unknown>>, marks: readonly TokenMark[]): Refusal | 'passed' {
  const betraying = marks.find((mark) => betrays(mark, claims));
  return betraying === undefined ? 'passed' : deny('token_type_refused', { claim: betraying.claim });
}

/** RFC 7515 §4.1.9: a media type without its `application/`, compared without regard to case; '' when absent. */
function typOf(token: UnprovedJwt): string {
  const typ = Object.hasOwn(token.header, 'typ') ? token.header['typ'] : undefined;
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
}

function betrays(mark: TokenMark, claims: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(claims, mark.claim)) return false;
  if (mark.refuse === 'present') return true;
  const value = claims[mark.claim];
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  const isRefused = (text: unknown) => typeof text === 'string' && mark.refuse?.includes(text) === true;
  const isAccepted = (text: unknown) => typeof text === 'string' && mark.accept?.includes(text) === true;
  return texts.some(isRefused) || (mark.accept !== undefined && !texts.every(isAccepted));
}
