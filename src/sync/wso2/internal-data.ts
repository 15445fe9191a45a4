// The client of a WSO2 control plane's internal data API: whole lists, page by page where the server pages, bounded in bytes and time.
// Nothing of a reply or a credential gets into a problem.

import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { OpenOutboundStream, SendOutbound } from '../../domain/outbound.ts';
import { RowSplitter } from './row-splitter.ts';

/** How the control plane is asked. */
export interface InternalDataOptions {
  readonly send: SendOutbound;
  /** For lists, which are too long to be held in memory as a text. */
  readonly open: OpenOutboundStream;
  /** Whose connection settings and limits count for these requests. */
  readonly peer: Pick<KeyManager, 'id' | 'connection'>;
  /** The control plane, without `/internal/data/v1`. */
  readonly url: string;
  readonly username: string;
  /** Read anew for each request, so that a changed password counts; undefined where it cannot be read. */
  readonly password: () => string | undefined;
  /** WSO2 `xWSO2Tenant`. */
  readonly tenant: string;
  readonly timeoutMs: number;
  readonly maxListBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What was read, or a short code of why not. */
export type Answer<T> = { readonly value: T } | { readonly problem: string };

/** Asks with little patience. */
export interface Brief {
  rows(list: string, query?: Query): Promise<Answer<readonly unknown[]>>;
  document(path: string, query?: Query): Promise<Answer<unknown>>;
}

/** What is asked beside a list. */
export type Query = Readonly<Record<string, string>>;

/** Longest time for a question behind which events wait. */
const BRIEF_MS = 3_000;
/** How long nobody is asked hastily after such a question found nobody. */
const ALONE_MS = 3_000;
/** Longest silence within a list. */
const IDLE_MS = 30_000;
/** Taken apart at once: less than a millisecond. */
const PIECE_BYTES = 32_768;
/** More pages are a server that never ends. */
const MAX_PAGES = 10_000;

/** The client. */
export class InternalData {
  readonly #options: InternalDataOptions;
  readonly #brief: Brief;
  #dateMs: number | undefined;
  #aloneUntilMs = 0;

  constructor(options: InternalDataOptions) {
    this.#options = options;
    this.#brief = {
      rows: (list, query = {}) => this.#hastyRows(list, query),
      document: (path, query = {}) => this.#hasty(path, query),
    };
  }

  /** The time of the newest reply by the control plane's own clock, in whole seconds; undefined where it never said one. */
  get dateMs(): number | undefined {
    return this.#dateMs;
  }

  /**
   * Short of patience, for questions that an event asks and behind which other events wait. After one that found nobody there, others
   * are not even asked for a moment.
   */
  brief(): Brief {
    return this.#brief;
  }

  /**
   * Hands over all rows of a list as they arrive, and awaits `pause` between two pieces of the reply. Rows that were handed over before a
   * problem are to be forgotten; a list that changes its total while it is read is no list of one time.
   */
  async each(
    list: string,
    query: Query,
    take: (row: unknown) => void,
    pause: () => Promise<void>,
  ): Promise<{ readonly problem: string } | undefined> {
    let rows = 0;
    let total: number | undefined;
    const counted = (row: unknown) => {
      rows += 1;
      take(row);
    };
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const before = rows;
      const answer = await this.#page(list, page === 0 ? query : { ...query, offset: String(rows) }, counted, pause);
      if ('problem' in answer) return answer;
      const said = isJsonObject(answer.value) ? totalOf(answer.value) : undefined;
      if (said === undefined || rows >= said) return undefined;
      if (rows === before || (total !== undefined && total !== said)) return { problem: 'changed_while_read' };
      total = said;
    }
    return { problem: 'too_many_pages' };
  }

  /** One JSON document. */
  document(path: string, query: Query = {}): Promise<Answer<unknown>> {
    return this.#document(path, query, this.#options.timeoutMs);
  }

  /** One page; what stands around its rows. */
  async #page(
    list: string,
    query: Query,
    take: (row: unknown) => void,
    pause: () => Promise<void>,
  ): Promise<Answer<unknown>> {
    const { maxListBytes, open, peer, timeoutMs } = this.#options;
    const request = this.#request(list, query);
    if (request === undefined) return { problem: 'password_unreadable' };
    const signal = AbortSignal.timeout(timeoutMs);
    const reply = await open({ to: peer, method: 'GET', ...request, idleMs: Math.min(timeoutMs, IDLE_MS) }, signal);
    if ('problem' in reply) return reply;
    if (reply.status !== 200) return { problem: `status_${reply.status}` };
    const splitter = new RowSplitter(take);
    const text = new TextDecoder('utf-8', { fatal: true });
    let bytes = 0;
    try {
      for await (const chunk of reply.body) {
        bytes += chunk.length;
        if (bytes > maxListBytes) return { problem: 'too_large' };
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          splitter.push(text.decode(chunk.subarray(at, at + PIECE_BYTES), { stream: true }));
          await pause();
        }
      }
      splitter.push(text.decode());
      return { value: splitter.end() };
    } catch (error) {
      return { problem: error instanceof TypeError ? 'not_utf8' : error instanceof Error ? error.message : 'failed' };
    }
  }

  async #hastyRows(list: string, query: Query): Promise<Answer<readonly unknown[]>> {
    const answer = await this.#hasty(list, query);
    if ('problem' in answer) return answer;
    const found = isJsonObject(answer.value) ? answer.value['list'] : answer.value;
    return Array.isArray(found) ? { value: found } : { problem: 'not_a_list' };
  }

  async #hasty(path: string, query: Query): Promise<Answer<unknown>> {
    const { clock, timeoutMs } = this.#options;
    if (clock() < this.#aloneUntilMs) return { problem: 'left_alone' };
    const answer = await this.#document(path, query, Math.min(timeoutMs, BRIEF_MS));
    if ('problem' in answer && !answer.problem.startsWith('status_')) this.#aloneUntilMs = clock() + ALONE_MS;
    return answer;
  }

  async #document(path: string, query: Query, timeoutMs: number): Promise<Answer<unknown>> {
    const { maxListBytes, peer, send } = this.#options;
    const request = this.#request(path, query);
    if (request === undefined) return { problem: 'password_unreadable' };
    const reply = await send({
      keyManager: peer,
      method: 'GET',
      ...request,
      maxBytes: maxListBytes,
      timeoutMs,
    });
    if ('problem' in reply) return reply;
    const dateMs = Date.parse(reply.header('date') ?? '');
    if (!Number.isNaN(dateMs)) this.#dateMs = dateMs;
    if (reply.status !== 200) return { problem: `status_${reply.status}` };
    try {
      return { value: JSON.parse(reply.text) };
    } catch {
      return { problem: 'not_json' };
    }
  }

  /** Undefined where the password cannot be read. */
  #request(path: string, query: Query) {
    const { password, tenant, url, username } = this.#options;
    const secret = password();
    if (secret === undefined) return undefined;
    const search = new URLSearchParams(query).toString();
    return {
      url: `${url.replace(/\/$/, '')}/internal/data/v1/${path}${search === '' ? '' : `?${search}`}`,
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
        xWSO2Tenant: tenant,
      },
    };
  }
}

/** How many rows there are in all; undefined where the server does not page. */
function totalOf({ pagination }: Readonly<Record<string, unknown>>): number | undefined {
  const total = isJsonObject(pagination) ? pagination['total'] : undefined;
  return typeof total === 'number' && Number.isSafeInteger(total) ? total : undefined;
}
