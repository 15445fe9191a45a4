// Is the issuer that a discovery document names the one whose document was asked for? If anything else were taken, a document from
// elsewhere could choose whose tokens count (mix-up). Exact texts, and the differences that a type's file names.

import type { IssuerDifference } from './key-manager-type.ts';

const WELL_KNOWN = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)/;

/** True when the document at this URL may name this issuer. */
export function mayName(url: string, issuer: string, differences: readonly IssuerDifference[]): boolean {
  return issuersOf(url).includes(issuer) || differences.some((difference) => fits(difference, plain(url), issuer));
}

/** Both places of the well-known part: behind the issuer (OpenID Connect Discovery), or between host and path (RFC 8414 §3.1). */
function issuersOf(url: string): readonly string[] {
  const text = plain(url);
  const at = WELL_KNOWN.exec(text);
  if (at === null) return [];
  const before = text.slice(0, at.index);
  const behind = text.slice(at.index + at[0].length);
  // A slash at the end of an issuer is taken off before the well-known part is added.
  if (behind === '') return [before, `${before}/`];
  return /^https?:\/\/[^/]+$/.test(before) ? [before + behind] : [];
}

/** A query may choose a key (Entra's `appid`), never an issuer. */
function plain(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

function fits({ url, issuer }: IssuerDifference, actualUrl: string, actualIssuer: string): boolean {
  const match = new RegExp(`^${pattern(url, {})}$`).exec(actualUrl);
  return match !== null && new RegExp(`^${pattern(issuer, match.groups ?? {})}$`).test(actualIssuer);
}

/** `<name>` stands for one segment, or for what it stood for in the URL. */
function pattern(template: string, known: Readonly<Record<string, string>>): string {
  const seen = new Set<string>();
  return template
    .split(/(<[a-z]+>)/)
    .map((part) => {
      const name = /^<([a-z]+)>$/.exec(part)?.[1];
      if (name === undefined) return literal(part);
      const text = known[name];
      if (text !== undefined) return literal(text);
      if (seen.has(name)) return `\\k<${name}>`;
      seen.add(name);
      return `(?<${name}>[^/]+)`;
    })
    .join('');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
