// Judges a URL before anything is dialled: what an admin wrote, and once more each URL that is about to be asked. Names are judged
// by their addresses, at dial time.

import { isIP } from 'node:net';
import { refusedAddresses } from './refused-address.ts';

/** Which URLs may be asked. Off means: the safe default. */
export interface UrlPolicy {
  /** Plain http, for development. */
  readonly allowHttp: boolean;
  /** Servers on this machine. */
  readonly allowLoopback: boolean;
}

/** Why a URL may not be asked, as a sentence for the one who wrote it; undefined when it may be tried. Never repeats the URL. */
export function urlProblem(url: string, policy: UrlPolicy): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return 'is not an absolute URL';
  if (parsed.protocol !== 'https:' && !(policy.allowHttp && parsed.protocol === 'http:'))
    return policy.allowHttp
      ? 'must begin with https:// or http://'
      : 'must begin with https://; to try things out with plain http, set outbound.allowHttp';
  if (parsed.username !== '' || parsed.password !== '') return 'must not hold a user name or password';
  const host = hostOf(parsed);
  if (isIP(host) === 0 || !refusedAddresses(policy)(host)) return undefined;
  return refusedAddresses({ allowLoopback: true })(host)
    ? 'leads to an address that is never dialled'
    : 'leads to this machine; to try things out here, set outbound.allowLoopback';
}

/** The host of a URL as name or address: an IPv6 address without its brackets, a name without its closing dot. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, '');
}
