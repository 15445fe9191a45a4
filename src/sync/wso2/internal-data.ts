// The client of a WSO2 control plane's internal data API: whole lists, page by page where the server pages, bounded in bytes and time.
// Nothing of a reply or a credential gets into a problem.

import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { SendOutbound } from '../../domain/outbound.ts';

/** How the control plane is asked. */
export interface InternalDataOptions {
  readonly send: SendOutbound;
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

/** What is asked beside a list. */
export type Query = Readonly<Record<string, string>>;

/** Longest time for a question behind which events wait. */
const BRIEF_MS = 3_000;
/** How long nobody is asked hastily after such a question found nobody. */
const ALONE_MS = 3_000;
/** More pages are a server that never ends. */
const MAX_PAGES = 10_000;

/** The client. */
export class InternalData {
  readonly #options: InternalDataOptions;
  readonly #brief: Pick<InternalData, 'rows' | 'document'>;
  #dateMs: number | undefined;
  #aloneUntilMs = 0;

  constructor(options: InternalDataOptions) {
    this.#options = options;
    this.#brief = {
      rows: (list, query = {}) => this.#rows((path, question) => this.#hasty(path, question), list, query),
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
  brief(): Pick<InternalData, 'rows' | 'document'> {
    return this.#brief;
  }

  /** All rows of a list. A list that changes its total while it is read is no list of one time. */
  rows(list: string, query: Query = {}): Promise<Answer<readonly unknown[]>> {
    return this.#rows((path, question) => this.document(path, question), list, query);
  }

  /** One JSON document. */
  document(path: string, query: Query = {}): Promise<Answer<unknown>> {
    return this.#document(path, query, this.#options.timeoutMs);
  }

  async #rows(
    ask: (path: string, query: Query) => Promise<Answer<unknown>>,
    list: string,
    query: Query,
  ): Promise<Answer<readonly unknown[]>> {
    const rows: unknown[] = [];
    let total: number | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await ask(list, page === 0 ? query : { ...query, offset: String(rows.length) });
      if ('problem' in answer) return answer;
      const found = isJsonObject(answer.value) ? answer.value['list'] : answer.value;
      if (!Array.isArray(found)) return { problem: 'not_a_list' };
      for (const row of found) rows.push(row);
      const said = isJsonObject(answer.value) ? totalOf(answer.value) : undefined;
      if (said === undefined || rows.length >= said) return { value: rows };
      if (found.length === 0 || (total !== undefined && total !== said)) return { problem: 'changed_while_read' };
      total = said;
    }
    return { problem: 'too_many_pages' };
  }

  async #hasty(path: string, query: Query): Promise<Answer<unknown>> {
    const { clock, timeoutMs } = this.#options;
    if (clock() < this.#aloneUntilMs) return { problem: 'left_alone' };
    const answer = await this.#document(path, query, Math.min(timeoutMs, BRIEF_MS));
    if ('problem' in answer && !answer.problem.startsWith('status_')) this.#aloneUntilMs = clock() + ALONE_MS;
    return answer;
  }

  async #document(path: string, query: Query, timeoutMs: number): Promise<Answer<unknown>> {
    const { send, peer, url, username, password, tenant, maxListBytes } = this.#options;
    const secret = password();
    if (secret === undefined) return { problem: 'password_unreadable' };
    const search = new URLSearchParams(query).toString();
    const reply = await send({
      keyManager: peer,
      method: 'GET',
      url: `${url.replace(/\/$/, '')}/internal/data/v1/${path}${search === '' ? '' : `?${search}`}`,
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
        xWSO2Tenant: tenant,
      },
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
}

/** How many rows there are in all; undefined where the server does not page. */
function totalOf({ pagination }: Readonly<Record<string, unknown>>): number | undefined {
  const total = isJsonObject(pagination) ? pagination['total'] : undefined;
  return typeof total === 'number' && Number.isSafeInteger(total) ? total : undefined;
}
