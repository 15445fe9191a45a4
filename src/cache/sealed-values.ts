// JSON values in Redis under a seal: bound to purpose, full key and time of issue, limited in size and in life. Whatever is not one
// of ours comes back as nothing, and is counted. It never reads more of a value than one of ours could be long.

import type { RedisCommands } from './redis-commands.ts';
import type { RedisObserver, SharedKind } from './redis-observer.ts';
import { MAX_AHEAD_MS, type Sealer } from './sealer.ts';

/** Of seals, keys and values; others of the fleet on another version see nothing of ours, nor we of theirs. */
export const SEALED_FORMAT = '1';

/** What sealed values are kept with. */
export interface SealedValuesOptions {
  readonly redis: RedisCommands;
  readonly sealer: Sealer;
  readonly observer: Pick<RedisObserver, 'shared'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Before every key; the format's version follows it. */
  readonly keyPrefix: string;
  /** What they are; a value of one kind is none of another. */
  readonly kind: SharedKind;
  /** Sealed and all. */
  readonly maxBytes: number;
}

/** A value and when it ends. */
export interface DatedValue {
  readonly value: unknown;
  readonly expiresAtMs: number;
}

/** One kind of values. Never rejects. */
export class SealedValues {
  readonly #options: SealedValuesOptions;

  constructor(options: SealedValuesOptions) {
    this.#options = options;
  }

  async get(name: string): Promise<DatedValue | undefined> {
    const { redis, maxBytes, observer, kind } = this.#options;
    const key = this.#keyOf(name);
    // One byte more than ours may have: a longer one shows, and the rest of it never travels.
    const reply = await redis.run('GETRANGE', [key, 0, maxBytes]);
    if (reply.kind === 'failed' || !Buffer.isBuffer(reply.value)) {
      observer.shared(kind, 'error');
      return undefined;
    }
    if (reply.value.length === 0) {
      observer.shared(kind, 'miss');
      return undefined;
    }
    const found = reply.value.length > maxBytes ? undefined : this.#open(key, reply.value);
    if (found === undefined) observer.shared(kind, 'sealed_mismatch');
    else observer.shared(kind, found.expiresAtMs > this.#options.clock() ? 'hit' : 'miss');
    return found !== undefined && found.expiresAtMs > this.#options.clock() ? found : undefined;
  }

  /** Best effort; a value that is too large or has run out is not kept. */
  set(name: string, value: unknown, expiresAtMs: number): void {
    void this.#write(name, value, expiresAtMs, []);
  }

  /** Keeps it only where there is none: true when it was kept, false when there was one, undefined when it cannot be told. */
  async setIfAbsent(name: string, value: unknown, expiresAtMs: number): Promise<boolean | undefined> {
    return this.#write(name, value, expiresAtMs, ['NX']);
  }

  async #write(
    name: string,
    value: unknown,
    expiresAtMs: number,
    condition: readonly string[],
  ): Promise<boolean | undefined> {
    const { clock, maxBytes, observer, kind, redis } = this.#options;
    const leftMs = Math.floor(expiresAtMs - clock());
    if (!(leftMs > 0)) return undefined;
    const key = this.#keyOf(name);
    const sealed = this.#seal(key, { e: expiresAtMs, v: value });
    if (sealed.length > maxBytes) return undefined;
    const reply = await redis.run('SET', [key, sealed, 'PX', leftMs, ...condition]);
    if (reply.kind === 'reply') return reply.value !== null;
    observer.shared(kind, 'error');
    return undefined;
  }

  #seal(key: string, content: object): string {
    const { clock, sealer } = this.#options;
    return sealer.seal(key, JSON.stringify(content), clock());
  }

  #open(key: string, sealed: Buffer): DatedValue | undefined {
    const { clock, sealer } = this.#options;
    const opened = sealer.open(key, sealed.toString('latin1'), 0);
    if (opened === undefined || opened.issuedAtMs > clock() + MAX_AHEAD_MS) return undefined;
    try {
      const { e, v } = JSON.parse(opened.value.toString()) as { e: unknown; v: unknown };
      return typeof e === 'number' ? { value: v, expiresAtMs: e } : undefined;
    } catch {
      return undefined;
    }
  }

  #keyOf(name: string): string {
    return `${this.#options.keyPrefix}${SEALED_FORMAT}:${this.#options.kind}:${name}`;
  }
}
