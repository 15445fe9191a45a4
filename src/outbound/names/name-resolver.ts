// The addresses of a host: from /etc/hosts, from memory, or from name servers, with one look-up in flight for each name and a limit
// of time. An address that was good a while ago stays in use while a look-up hangs or fails; "there is none" is an answer and rules.

import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { OutboundError } from '../problem/outbound-problem.ts';
import { type Addresses, askForAddresses } from './dns-question.ts';
import { localAddresses, readHosts } from './hosts-file.ts';
import { fullNames, readSearchList } from './search-list.ts';

/** How names are resolved. */
export interface NameResolverOptions {
  /** `address` or `address:port`; empty takes those of resolv.conf. */
  readonly nameServers: readonly string[];
  readonly timeoutMs: number;
  /** Milliseconds that only rise: a name must not stay because a clock was set back. */
  readonly clock: () => number;
  readonly hostsFile?: string;
  readonly resolvConf?: string;
}

/** TTLs are believed within these bounds: one of 0 must not cost a look-up a request, one of a week must not hide a move. */
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 300_000;
/** How long addresses stay in use beyond their TTL while name servers are silent. TLS still tells whether it is the right server. */
const MAX_STALE_MS = 3_600_000;
/** How long one who has an address to fall back on waits for a better one. */
const PATIENCE_MS = 50;
/** How long "no such name" and a failure are remembered, so that a flood of requests is not a flood of look-ups. */
const PAUSE_MS = 1_000;
/** How often the machine's own files are looked at. */
const FILES_MS = 5_000;
/** Names remembered; each key manager has one to three. */
const MAX_NAMES = 20_000;

interface Entry {
  addresses: readonly string[];
  freshUntilMs: number;
  usableUntilMs: number;
  /** After an answer of nothing or a failure: no look-up before this. */
  pauseUntilMs: number;
  failed: boolean;
  flight: { readonly promise: Promise<void>; readonly sinceMs: number } | undefined;
}

/** Resolves names for one process. */
export class NameResolver {
  readonly #options: NameResolverOptions;
  readonly #entries = new Map<string, Entry>();
  #files = { readAtMs: Number.NEGATIVE_INFINITY, resolvConf: '', hosts: readHosts(''), search: readSearchList('') };
  #resolver: Resolver | undefined;

  constructor(options: NameResolverOptions) {
    this.#options = options;
  }

  /** At least one address. Rejects with an {@link OutboundError}. */
  async resolve(hostname: string): Promise<readonly string[]> {
    const name = hostname.toLowerCase();
    const nowMs = this.#options.clock();
    this.#readFiles(nowMs);
    const local = localAddresses(this.#files.hosts, name.replace(/\.$/, ''));
    if (local !== undefined) return local;
    const entry = this.#entryOf(name);
    if (nowMs < entry.freshUntilMs) return entry.addresses;
    if (entry.flight === undefined && nowMs >= entry.pauseUntilMs) this.#lookUp(name, entry, nowMs);
    if (entry.flight !== undefined) {
      const isUsable = nowMs < entry.usableUntilMs;
      const waitMs = isUsable ? entry.flight.sinceMs + PATIENCE_MS - nowMs : Number.POSITIVE_INFINITY;
      if (waitMs > 0) await (isUsable ? Promise.race([entry.flight.promise, delay(waitMs)]) : entry.flight.promise);
    }
    if (this.#options.clock() < entry.usableUntilMs) return entry.addresses;
    throw new OutboundError(entry.failed ? 'name_lookup_failed' : 'name_not_found');
  }

  #entryOf(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const [oldest] = this.#entries.size >= MAX_NAMES ? this.#entries.keys() : [];
    if (oldest !== undefined) this.#entries.delete(oldest);
    const never = Number.NEGATIVE_INFINITY;
    const times = { freshUntilMs: never, usableUntilMs: never, pauseUntilMs: never };
    const entry: Entry = { addresses: [], ...times, failed: false, flight: undefined };
    this.#entries.set(name, entry);
    return entry;
  }

  #lookUp(name: string, entry: Entry, nowMs: number): void {
    const promise = this.#ask(name)
      .then((found) => this.#note(entry, found))
      .finally(() => {
        entry.flight = undefined;
      });
    entry.flight = { promise, sinceMs: nowMs };
  }

  #note(entry: Entry, found: Addresses | undefined): void {
    const nowMs = this.#options.clock();
    entry.failed = found === undefined;
    entry.pauseUntilMs = nowMs + PAUSE_MS;
    if (found === undefined) return;
    const { addresses, ttlSeconds } = found;
    const isNothing = addresses.length === 0;
    entry.addresses = addresses;
    entry.freshUntilMs = isNothing ? 0 : nowMs + Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttlSeconds * 1000));
    entry.usableUntilMs = isNothing ? Number.NEGATIVE_INFINITY : entry.freshUntilMs + MAX_STALE_MS;
  }

  /** Undefined when the name servers did not say in time; never rejects. */
  async #ask(name: string): Promise<Addresses | undefined> {
    return Promise.race([this.#askInTurn(name).catch(() => undefined), delay(this.#options.timeoutMs)]);
  }

  async #askInTurn(name: string): Promise<Addresses> {
    const resolver = this.#resolverNow();
    let answer: Addresses = { addresses: [], ttlSeconds: 0 };
    for (const full of fullNames(name, this.#files.search)) {
      answer = await askForAddresses(resolver, full);
      if (answer.addresses.length > 0) break;
    }
    return answer;
  }

  /** Takes the name servers of the machine, or those of the settings; a lost datagram is sent once more within the time. */
  #resolverNow(): Resolver {
    const { nameServers, timeoutMs } = this.#options;
    if (this.#resolver === undefined) {
      this.#resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 });
      if (nameServers.length > 0) this.#resolver.setServers(nameServers);
    }
    return this.#resolver;
  }

  #readFiles(nowMs: number): void {
    if (nowMs - this.#files.readAtMs < FILES_MS) return;
    const { hostsFile = '/etc/hosts', resolvConf = '/etc/resolv.conf' } = this.#options;
    const text = readOrEmpty(resolvConf);
    if (text !== this.#files.resolvConf) this.#resolver = undefined;
    const hosts = readHosts(readOrEmpty(hostsFile));
    this.#files = { readAtMs: nowMs, resolvConf: text, hosts, search: readSearchList(text) };
  }
}

/** Two short local files, seldom: reading them at once is cheaper than a thread. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function delay(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}
