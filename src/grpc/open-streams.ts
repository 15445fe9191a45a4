// Gives an HTTP/2 session of Node's other tables for its open streams. V8's Map and Set leave each former table behind, with the streams
// that were open then and linked to the next: once one has grown old, no young collection frees what any later one held, and full ones,
// for which every caller waits, have to. Nothing but Node's bookkeeping changes, and only where it is as it was when this was written.

import type { ServerHttp2Session } from 'node:http2';
import { types } from 'node:util';

/** Streams of a connection that are usually open at one time, and many more. A power of two. */
const SLOTS = 1024;

/** Changes a session that has no streams yet. False where Node keeps them in another way: then it stays as it is. */
export function keepStreamsApart(session: ServerHttp2Session): boolean {
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  const state = key && (session as unknown as Record<symbol, { streams?: unknown; pendingStreams?: unknown }>)[key];
  if (!types.isMap(state?.streams) || !types.isSet(state.pendingStreams)) return false;
  if (state.streams.size > 0 || state.pendingStreams.size > 0) return false;
  state.streams = new StreamTable();
  state.pendingStreams = new PendingStreams();
  return true;
}

/** As much of a Map of streams by id as Node uses. Ids rise, so streams that are open together are in different slots but for few. */
export class StreamTable<T> {
  readonly #ids = new Uint32Array(SLOTS);
  readonly #slots: (T | undefined)[] = new Array<T | undefined>(SLOTS).fill(undefined);
  /** Of slots that another stream has for longer than a thousand others take. */
  readonly #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slot = slotOf(id);
    return this.#ids[slot] === id ? this.#slots[slot] : this.#others.get(id);
  }

  set(id: number, stream: T): this {
    const slot = slotOf(id);
    const isNew = this.get(id) === undefined;
    if (this.#ids[slot] === id || (this.#slots[slot] === undefined && isNew)) {
      this.#ids[slot] = id;
      this.#slots[slot] = stream;
    } else this.#others.set(id, stream);
    if (isNew) this.#size += 1;
    return this;
  }

  delete(id: number): boolean {
    const slot = slotOf(id);
    const isHere = this.#ids[slot] === id && this.#slots[slot] !== undefined;
    if (isHere) {
      this.#ids[slot] = 0;
      this.#slots[slot] = undefined;
    } else if (!this.#others.delete(id)) return false;
    this.#size -= 1;
    return true;
  }

  /** What is closed meanwhile is not visited any more. */
  forEach(visit: (stream: T, id: number) => void): void {
    for (const [slot, stream] of this.#slots.entries()) if (stream !== undefined) visit(stream, this.#ids[slot] ?? 0);
    this.#others.forEach(visit);
  }
}

/** A client's streams have odd ids. */
function slotOf(id: number): number {
  return (id >>> 1) & (SLOTS - 1);
}

/** As much of a Set of streams without an id as Node uses. A server's have one at once. */
class PendingStreams<T> {
  readonly #streams: T[] = [];

  get size(): number {
    return this.#streams.length;
  }

  add(stream: T): this {
    if (!this.#streams.includes(stream)) this.#streams.push(stream);
    return this;
  }

  delete(stream: T): boolean {
    const at = this.#streams.lastIndexOf(stream);
    if (at < 0) return false;
    this.#streams.splice(at, 1);
    return true;
  }

  forEach(visit: (stream: T) => void): void {
    for (const stream of [...this.#streams]) visit(stream);
  }
}
