// A Redis stream whose entries are sealed: appended by any of the fleet, read by all. An entry that is not one of ours is told as
// such and never ends the reading. What the entries mean is the reader's business.

import type { RedisCommands } from './redis-commands.ts';
import type { RedisObserver } from './redis-observer.ts';
import { SEALED_FORMAT } from './sealed-values.ts';
import { MAX_AHEAD_MS, type Sealer } from './sealer.ts';

const FIELD = 'v';
/** Longest sealed entry. */
const MAX_ENTRY_BYTES = 65_536;

/** What the way to the server and back may take beside a wait there. */
const WAIT_MARGIN_MS = 1_000;

/** What the stream is kept with. */
export interface SealedStreamOptions {
  /** For appending. */
  readonly writer: RedisCommands;
  /** For reading; a connection of its own, since it waits at the server. */
  readonly reader: RedisCommands;
  readonly sealer: Sealer;
  readonly observer: Pick<RedisObserver, 'shared'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Before every key; the hash tag keeps all keys of the stream on one node of a cluster. */
  readonly keyPrefix: string;
  /** The oldest beyond this number go, roughly. */
  readonly maxEntries: number;
  /** An older entry is worth nothing: it comes from an old dump, or was copied. */
  readonly maxAgeMs: number;
  /** How long a wait for new entries lasts at the server. */
  readonly waitMs: number;
}

/** Codes of Redis for a key that an entry of ours cannot be added to; `ERR` is that of an id that cannot be the next one. */
const TAKES_NO_ENTRY: ReadonlySet<string> = new Set(['WRONGTYPE', 'ERR']);

/** One entry; without content where nobody of the fleet made it. */
export interface SealedEntry {
  /** Redis' id: `milliseconds-number`, rising. */
  readonly id: string;
  readonly content: { readonly text: string; readonly issuedAtMs: number } | undefined;
}

/** Never rejects; undefined is "cannot be told now". */
export class SealedStream {
  readonly #options: SealedStreamOptions;
  readonly #key: string;

  constructor(options: SealedStreamOptions) {
    this.#options = options;
    this.#key = `${options.keyPrefix}${SEALED_FORMAT}:{revocation}:stream`;
  }

  /**
   * The new entry's id. What lies at the key and takes no entry (no stream, or one with the last of all ids) goes first: it would keep
   * entries out for ever, while a stream that is lost is filled again.
   */
  async append(text: string): Promise<string | undefined> {
    const { clock, maxEntries, sealer, writer } = this.#options;
    const sealed = sealer.seal(this.#key, text, clock());
    if (sealed.length > MAX_ENTRY_BYTES) return undefined;
    const add = () => writer.run('XADD', [this.#key, 'MAXLEN', '~', maxEntries, '*', FIELD, sealed]);
    let reply = await add();
    if (reply.kind === 'failed' && TAKES_NO_ENTRY.has(reply.code ?? '')) {
      await writer.run('DEL', [this.#key]);
      reply = await add();
    }
    return reply.kind === 'reply' && Buffer.isBuffer(reply.value) ? reply.value.toString() : undefined;
  }

  /** Entries from an id on, itself included; `-` is the first there is. */
  async readFrom(id: string, count: number): Promise<readonly SealedEntry[] | undefined> {
    const reply = await this.#options.reader.run('XRANGE', [this.#key, id, '+', 'COUNT', count]);
    return reply.kind === 'reply' ? this.#entriesOf(reply.value) : undefined;
  }

  /** Entries after an id (`0-0`: all): at once where there are some, else as soon as there are; none after a while. */
  async waitAfter(id: string, count: number): Promise<readonly SealedEntry[] | undefined> {
    const { reader, waitMs } = this.#options;
    const args = ['COUNT', count, 'BLOCK', waitMs, 'STREAMS', this.#key, id];
    const reply = await reader.run('XREAD', args, waitMs + WAIT_MARGIN_MS);
    if (reply.kind === 'failed') return undefined;
    if (reply.value === null) return [];
    const [stream] = listOf(reply.value);
    return this.#entriesOf(listOf(stream)[1]);
  }

  /** Drops what is older than a moment of Redis' clock, roughly. */
  async trimBefore(ms: number): Promise<void> {
    await this.#options.writer.run('XTRIM', [this.#key, 'MINID', '~', Math.max(0, Math.floor(ms))]);
  }

  #entriesOf(reply: unknown): readonly SealedEntry[] {
    return listOf(reply).flatMap((entry) => {
      const [id, fields] = listOf(entry);
      return Buffer.isBuffer(id) ? [{ id: id.toString(), content: this.#open(fields) }] : [];
    });
  }

  #open(fields: unknown): SealedEntry['content'] {
    const { clock, maxAgeMs, observer, sealer } = this.#options;
    const [name, sealed, ...more] = listOf(fields);
    const fits = Buffer.isBuffer(name) && name.toString() === FIELD && Buffer.isBuffer(sealed) && more.length === 0;
    const opened =
      fits && sealed.length <= MAX_ENTRY_BYTES
        ? sealer.open(this.#key, sealed.toString('latin1'), clock() - maxAgeMs)
        : undefined;
    const ours = opened !== undefined && opened.issuedAtMs <= clock() + MAX_AHEAD_MS;
    observer.shared('revocation', ours ? 'hit' : 'sealed_mismatch');
    return ours ? { text: opened.value.toString(), issuedAtMs: opened.issuedAtMs } : undefined;
  }
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}
