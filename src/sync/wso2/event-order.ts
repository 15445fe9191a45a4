// Which of two events about one thing is the newer, by the control plane's own time: messages may come late, twice and in any order.

/** What an event of this time means for the copy. */
export type EventAge =
  | 'news'
  /** A newer one about the same thing was taken already. */
  | 'older'
  /** One of the very same millisecond was taken already: which came first nobody can tell. */
  | 'same'
  /** It happened before everything was read last; what was read may be newer. */
  | 'before_image';

/** Things whose newest event is remembered; beyond, the oldest are forgotten and only the image counts. */
const MAX_REMEMBERED = 200_000;

/** Remembers the newest event of each thing. */
export class EventOrder {
  readonly #newest = new Map<string, number>();
  #imageMs = 0;

  /** The age of an event about a thing. An event that says no time is news. */
  ageOf(thing: string, timeMs: number | null): EventAge {
    if (timeMs === null) return 'news';
    const newest = this.#newest.get(thing) ?? 0;
    if (timeMs < newest) return 'older';
    if (timeMs < this.#imageMs) return 'before_image';
    return timeMs === newest ? 'same' : 'news';
  }

  /** An event was taken. */
  note(thing: string, timeMs: number | null): void {
    if (timeMs === null) return;
    const newest = Math.max(timeMs, this.#newest.get(thing) ?? 0);
    this.#newest.delete(thing);
    this.#newest.set(thing, newest);
    const [oldest] = this.#newest.keys();
    if (this.#newest.size > MAX_REMEMBERED && oldest !== undefined) this.#newest.delete(oldest);
  }

  /** Everything was read, not before this time, and is the copy now. */
  noteImage(timeMs: number): void {
    this.#imageMs = timeMs;
    for (const [thing, newest] of this.#newest) if (newest < timeMs) this.#newest.delete(thing);
  }
}
