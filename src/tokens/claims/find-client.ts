// Which OAuth client was the token issued to? Read only from the claims that the key manager's type or an admin names.

import { deny, type Refusal } from '../../domain/decision.ts';
import { claimValue, isPlainText } from './claim-value.ts';

/** The consumer key, undefined when no listed claim is present, or why it cannot be told. */
export function findClient(
  claims: Readonly<Record<string, unknown>>,
  names: readonly string[],
): { readonly consumerKey: string | undefined } | Refusal {
  // An audience names a client only in default of anything better: servers that put the client into `aud` may put APIs there too.
  const named = readAll(
    claims,
    names.filter((name) => name !== 'aud'),
  );
  const read =
    !('outcome' in named) && named.values.size === 0 && names.includes('aud') ? readAll(claims, ['aud']) : named;
  if ('outcome' in read) return read;
  if (read.values.size > 1) return deny('client_ambiguous', { claims: names, values: read.values.size });
  const [consumerKey] = read.values;
  return { consumerKey };
}

/** Every different value of the listed claims; a list counts as its members. */
function readAll(
  claims: Readonly<Record<string, unknown>>,
  names: readonly string[],
): { readonly values: ReadonlySet<string> } | Refusal {
  const values = new Set<string>();
  for (const name of names) {
    const value = claimValue(claims, name);
    if (value === undefined) continue;
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    for (const text of texts) {
      if (!isPlainText(text) || text === '')
        return deny('claims_malformed', { claim: name, problem: 'not_a_client_name' });
      values.add(text);
    }
  }
  return { values };
}
