// Exactly one bearer credential in the API's credential header, judged by its shape before anything is decoded.

import { deny, type Refusal } from '../domain/decision.ts';

// RFC 9110 §11.1: the scheme is a case-insensitive token, followed by spaces; RFC 6750 §2.1: a bearer credential is a token68.
const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The bearer token of the header's values, in their order of arrival. Envoy's map mode joins repeated headers with `,`. */
export function readCredential(values: readonly string[], maxBytes: number): string | Refusal {
  const [raw, ...more] = values;
  if (raw === undefined) return deny('credential_missing');
  if (more.length > 0) return deny('multiple_credentials', { count: values.length });
  // Before anything that looks at each character: whoever sends the header pays for its length, not the others.
  if (raw.length > maxBytes) return deny('token_too_large', { bytes: raw.length, limit: maxBytes });
  const value = withoutOuterSpaces(raw);
  if (value === '') return deny('credential_missing');
  if (value.includes(',')) return deny('multiple_credentials', { comma: true });
  const space = value.indexOf(' ');
  const scheme = space === -1 ? value : value.slice(0, space);
  if (!SCHEME.test(scheme)) return deny('token_malformed', { problem: 'no_scheme' });
  if (scheme.toLowerCase() !== 'bearer') return deny('credential_scheme_unsupported');
  const token = space === -1 ? '' : withoutOuterSpaces(value.slice(space));
  return TOKEN68.test(token) ? token : deny('token_malformed', { problem: 'not_token68' });
}

/** By index: a pattern anchored at the end tries again at every space of a long run. */
function withoutOuterSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start++;
  while (end > start && text[end - 1] === ' ') end--;
  return text.slice(start, end);
}
