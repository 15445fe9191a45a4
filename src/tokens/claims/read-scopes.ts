// The scopes of a token, from the first of the listed claims that is there; never the union of several.

import { deny, type Refusal } from '../../domain/decision.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import { claimValue, isPlainText } from './claim-value.ts';

/** A space-separated string (RFC 8693 §4.2), a list of strings or, where `fromNames`, the names of an object's members. */
export function readScopes(
  claims: Readonly<Record<string, unknown>>,
  names: readonly string[],
  fromNames: boolean,
): { readonly scopes: readonly string[] } | Refusal {
  for (const name of names) {
    const value = claimValue(claims, name);
    if (value === undefined) continue;
    const scopes = scopesOf(value, fromNames);
    if (!scopes.every(isPlainText)) return deny('claims_malformed', { claim: name, problem: 'not_scopes' });
    // As it is where that is enough: what is filtered takes room for more than it holds, for as long as the token is remembered.
    return { scopes: scopes.includes('') ? scopes.filter((scope) => scope !== '') : scopes };
  }
  return { scopes: [] };
}

function scopesOf(value: unknown, fromNames: boolean): readonly unknown[] {
  if (typeof value === 'string') return value.split(' ');
  if (Array.isArray(value)) return value;
  return fromNames && isJsonObject(value) ? Object.keys(value) : [null];
}
