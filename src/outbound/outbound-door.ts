// The one outbound door to key managers: guarded by URL and address, without redirects and compression, bounded in bytes, in the
// time of the whole exchange, in requests under way and in sockets. Failures are values; nothing of a reply gets into them.

import type { Connection } from '../domain/key-manager.ts';
import type { OpenOutboundStream, OutboundReply, OutboundRequest, SendOutbound } from '../domain/outbound.ts';
import { Dispatchers } from './dispatchers.ts';
import { guardedLookup } from './guard/guarded-lookup.ts';
import { type ProxyEnvironment, proxyPlan } from './guard/proxy-plan.ts';
import { refusedAddresses } from './guard/refused-address.ts';
import { type UrlPolicy, urlProblem } from './guard/url-problem.ts';
import { NameResolver } from './names/name-resolver.ts';
import { passedOn } from './passed-on.ts';
import { type ProbedTls, probeTls } from './probe-tls.ts';
import { OutboundError, type OutboundProblem, problemOf } from './problem/outbound-problem.ts';
import { streamOpener } from './stream-door.ts';
import { trustedAuthorities } from './trusted-authorities.ts';

/** How the door is guarded; the settings `outbound` and `keyManagers.limits`. */
export interface OutboundDoorOptions extends UrlPolicy {
  readonly caFile: string | null;
  readonly proxyHosts: readonly string[];
  readonly nameServers: readonly string[];
  readonly lookupTimeoutMs: number;
  /** Sockets, and requests under way, of one key manager. */
  readonly maxConnections: number;
  /** Requests under way to all key managers together. */
  readonly maxFlights: number;
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly environment: ProxyEnvironment;
  /** Hears of the end of each request. `problem` is undefined for a reply, whatever its status. */
  readonly onReply?: (keyManagerId: string, problem: OutboundProblem | undefined) => void;
}

/** The door, and how it is kept. */
export interface OutboundDoor {
  readonly send: SendOutbound;
  /** For replies that may never end; guarded in the same way, and not counted among requests to key managers. */
  readonly openStream: OpenOutboundStream;
  /** Looks at the certificate of an https URL's server; undefined where a proxy stands before it. */
  readonly probeTls: (
    url: string,
    connection: Connection,
    timeoutMs: number,
  ) => Promise<ProbedTls | { readonly problem: OutboundProblem } | undefined>;
  /** What the operator should know at a start. */
  readonly notice: string | undefined;
  /** Requests under way. */
  readonly flights: () => number;
  /** Closes the connections of all other key managers. */
  readonly retain: (keyManagerIds: ReadonlySet<string>) => void;
  readonly close: () => Promise<void>;
}

/** How often unused connections are looked for. */
const SWEEP_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Opens the door. Throws, in a sentence, where the settings cannot be followed. */
export function openOutboundDoor(options: OutboundDoorOptions): OutboundDoor {
  const monotonic = () => performance.now();
  const plan = proxyPlan(options.environment, options.proxyHosts);
  const resolver = new NameResolver({
    nameServers: options.nameServers,
    timeoutMs: options.lookupTimeoutMs,
    clock: monotonic,
  });
  const lookup = guardedLookup((name) => resolver.resolve(name), refusedAddresses(options));
  const authorities = trustedAuthorities(options.caFile);
  const proxyLookup = guardedLookup(
    (name) => resolver.resolve(name),
    () => false,
  );
  const { maxConnections } = options;
  const dispatchers = new Dispatchers({ lookup, proxyLookup, authorities, maxConnections });
  // Pools of their own: they belong to no key manager that could come or go.
  const streams = new Dispatchers({ lookup, proxyLookup, authorities, maxConnections });
  const flightsOf = new Map<string, number>();
  let flights = 0;
  let isClosed = false;
  const sweeper = setInterval(() => dispatchers.sweep(monotonic()), SWEEP_MS).unref();

  const exchange = async (request: OutboundRequest, signal: AbortSignal): Promise<OutboundReply> => {
    if (isClosed) throw new OutboundError('closed');
    if (urlProblem(request.url, options) !== undefined) throw new OutboundError('url_refused');
    const url = new URL(request.url);
    const { id, connection } = request.keyManager;
    const dispatcher = dispatchers.of(id, connection, plan.proxyFor(url), monotonic());
    const reply = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: passedOn(request.headers),
      body: request.body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
      signal,
    });
    const { statusCode: status, headers, body } = reply;
    const encoding = headers['content-encoding'] ?? 'identity';
    const refused: OutboundProblem | undefined = REDIRECTS.has(status)
      ? 'redirect_refused'
      : encoding !== 'identity' && encoding !== ''
        ? 'encoding_refused'
        : Number(headers['content-length'] ?? 0) > request.maxBytes
          ? 'too_large'
          : undefined;
    if (refused !== undefined) {
      body.on('error', () => undefined).destroy();
      return { problem: refused };
    }
    const text = await readText(body, request.maxBytes);
    return { status, header: (name) => headerText(headers[name.toLowerCase()]), text };
  };

  const send: SendOutbound = async (request) => {
    const { id } = request.keyManager;
    const own = flightsOf.get(id) ?? 0;
    const isFull = flights >= options.maxFlights || own >= options.maxConnections;
    let reply: OutboundReply;
    if (isFull) reply = { problem: 'too_many_flights' satisfies OutboundProblem };
    else {
      flights += 1;
      flightsOf.set(id, own + 1);
      // One limit of time for all of it: name, connection, TLS, request, reply.
      const signal = AbortSignal.timeout(request.timeoutMs);
      const attempt = () => inTime(exchange(request, signal), signal).catch((error) => ({ problem: problemOf(error) }));
      reply = await attempt();
      // A server may close a kept connection just as it is used again; neither keys nor tokens are changed by asking twice.
      if ('problem' in reply && reply.problem === 'connection_closed') reply = await attempt();
      flights -= 1;
      const left = (flightsOf.get(id) ?? 1) - 1;
      if (left === 0) flightsOf.delete(id);
      else flightsOf.set(id, left);
    }
    options.onReply?.(id, 'problem' in reply ? (reply.problem as OutboundProblem) : undefined);
    return reply;
  };

  return {
    send,
    openStream: streamOpener({
      dispatcherFor: (url, { id, connection }) => {
        if (isClosed) throw new OutboundError('closed');
        if (urlProblem(url.href, options) !== undefined) throw new OutboundError('url_refused');
        return streams.of(id, connection, plan.proxyFor(url), monotonic());
      },
    }),
    async probeTls(text, connection, timeoutMs) {
      if (urlProblem(text, options) !== undefined) return { problem: 'url_refused' };
      const url = new URL(text);
      try {
        if (plan.proxyFor(url) !== undefined) return undefined;
      } catch (error) {
        return { problem: problemOf(error) };
      }
      return probeTls(url, connection, { lookup, authorities }, timeoutMs);
    },
    notice: plan.notice,
    flights: () => flights,
    retain: (keyManagerIds) => dispatchers.retain(keyManagerIds),
    close: async () => {
      isClosed = true;
      clearInterval(sweeper);
      await Promise.all([dispatchers.close(), streams.close()]);
    },
  };
}

/** undici hears of a signal only once it has a connection; one that is still being made must not hold the asker longer. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = Promise.withResolvers<never>();
  const end = () => over.reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Counts while bytes arrive; a server may announce less than it sends, or nothing. */
async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OutboundError('too_large');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new OutboundError('not_utf8');
  }
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(', ');
}
