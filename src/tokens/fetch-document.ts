// Fetches a small public document of a key manager. The one outbound door of this room: it checks the address at dial time,
// follows no redirect, and is bounded in bytes and time. Failures are values; nothing of a reply gets into them.

import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { refusedAddresses } from './refused-address.ts';

/** Which URLs may be fetched. Off means: the safe default. */
export interface OutboundPolicy {
  /** Plain http, for development. */
  readonly allowHttp: boolean;
  /** Servers on this machine. */
  readonly allowLoopback: boolean;
}

/** How much of a server is put up with. */
export interface OutboundLimits {
  /** Whole exchange, name look-up included: a longer wait would outlast every caller's budget. */
  readonly totalMs: number;
  /** The largest key sets of real servers, certificates included, stay below 50 KiB. */
  readonly maxBytes: number;
}

/** A document, or a short code of what went wrong: `timeout`, `too_large`, `status_404`, `address_refused`, `econnrefused`, … */
export type FetchedDocument = { readonly text: string } | { readonly problem: string };

/** The door, and how to close it. */
export interface DocumentFetcher {
  /** Never rejects. */
  fetch(url: string): Promise<FetchedDocument>;
  close(): Promise<void>;
}

/** Why a URL may not be fetched, as a sentence for the one who wrote it; undefined when it may be tried. */
export function urlProblem(url: string, policy: OutboundPolicy): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return 'is not an absolute URL';
  if (parsed.protocol !== 'https:' && !(policy.allowHttp && parsed.protocol === 'http:'))
    return policy.allowHttp
      ? 'must begin with https:// or http://'
      : 'must begin with https://; to try things out with plain http, set outbound.allowHttp';
  if (parsed.username !== '' || parsed.password !== '') return 'must not hold a user name or password';
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0 || !refusedAddresses(policy)(host)) return undefined;
  return refusedAddresses({ ...policy, allowLoopback: true })(host)
    ? 'leads to an address that is never dialled'
    : 'leads to this machine; to try things out here, set outbound.allowLoopback';
}

/** A door with its own connections. */
export function documentFetcher(policy: OutboundPolicy, { totalMs, maxBytes }: OutboundLimits): DocumentFetcher {
  const isRefused = refusedAddresses(policy);
  const agent = new Agent({
    connect: { lookup: guardedLookup(isRefused), timeout: totalMs },
    connections: 2,
    maxResponseSize: maxBytes,
    headersTimeout: totalMs,
    bodyTimeout: totalMs,
  });
  const fetch = async (url: string): Promise<FetchedDocument> => {
    if (urlProblem(url, policy) !== undefined) return { problem: 'url_refused' };
    try {
      const { statusCode, body } = await request(url, {
        dispatcher: agent,
        headers: {
          accept: 'application/jwk-set+json, application/json',
          'accept-encoding': 'identity',
          'user-agent': 'gatehouse',
        },
        signal: AbortSignal.timeout(totalMs),
      });
      if (statusCode !== 200) {
        body.on('error', () => undefined).destroy();
        return { problem: `status_${statusCode}` };
      }
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(await body.arrayBuffer()) };
    } catch (error) {
      return { problem: codeOf(error) };
    }
  };
  return { fetch, close: () => agent.destroy() };
}

/** A name with one refused address is refused as a whole: such a name is an attack or a mistake (DNS rebinding). */
function guardedLookup(isRefused: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error ?? refusal('ENOTFOUND'), '', 0);
      else if (addresses.some(({ address }) => isRefused(address))) callback(refusal('ADDRESS_REFUSED'), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

/** Error codes are a closed vocabulary (of Node and undici), unlike messages, which may quote what the server sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'timeout';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  return /TIMEOUT/.test(code) ? 'timeout' : code.toLowerCase();
}
