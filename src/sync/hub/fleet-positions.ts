// Which followers are connected to this hub and how far each has come, so that who wrote something can wait until all have it. Kept
// in memory: a follower tells its position again when it connects.

import type { SourcePosition } from '../../domain/change.ts';
import type { FleetProgress } from '../../domain/fleet-progress.ts';

/** A follower as the hub sees it. */
export interface FollowerSeen {
  readonly name: string;
  readonly position: SourcePosition | undefined;
  readonly connected: boolean;
  readonly seenAtMs: number;
}

interface Entry {
  position: SourcePosition | undefined;
  connections: number;
  /** A follower that asks again and again counts as connected in between. */
  keptUntilMs: number;
  seenAtMs: number;
}

/** Those that are gone for longer are forgotten. */
const FORGOTTEN_AFTER_MS = 3_600_000;
/** More names than any hub has followers; a caller that makes up names gets no more room, and takes none from who is connected. */
const MAX_FOLLOWERS = 1536;

/** The followers of this hub. */
export class FleetPositions {
  readonly #followers = new Map<string, Entry>();
  readonly #waiting = new Set<() => void>();
  /** Connections for whose names there was no room: nothing is known of them, so nothing is complete. */
  #unnamed = 0;
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * A follower reads on from a position, and so has all before it, or takes a whole copy, and so may have nothing. Returns how to tell
   * that it is gone; it counts as connected for `keptMs` more.
   */
  connect(name: string, position: SourcePosition | undefined, keptMs: number): () => void {
    const entry = this.#entry(name);
    if (entry === undefined) this.#unnamed += 1;
    else {
      entry.connections += 1;
      entry.seenAtMs = this.#clock();
      if (position !== undefined) this.acknowledge(name, position);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (entry === undefined) {
        this.#unnamed -= 1;
        return;
      }
      entry.connections -= 1;
      entry.seenAtMs = this.#clock();
      entry.keptUntilMs = entry.seenAtMs + keptMs;
      this.#tell();
    };
  }

  /** A follower, which is or was connected, has applied everything up to a position. */
  acknowledge(name: string, position: SourcePosition): void {
    const entry = this.#followers.get(name);
    if (entry === undefined) return;
    entry.position = position;
    entry.seenAtMs = this.#clock();
    this.#tell();
  }

  /** All that were seen of late. */
  list(): readonly FollowerSeen[] {
    const nowMs = this.#clock();
    return [...this.#followers].map(([name, { position, connections, keptUntilMs, seenAtMs }]) => {
      return { name, position, connected: connections > 0 || nowMs < keptUntilMs, seenAtMs };
    });
  }

  /** Waits until those that are connected now have a position, `timeoutMs` at most. One that disconnects meanwhile is lagging. */
  async waitFor(target: SourcePosition, timeoutMs: number): Promise<FleetProgress> {
    const [present = [], away = []] = [true, false].map((wanted) =>
      this.list().flatMap(({ name, connected }) => (connected === wanted ? [name] : [])),
    );
    const hasUnnamed = this.#unnamed > 0;
    const lagging = () => present.filter((name) => !hasReached(this.#followers.get(name)?.position, target));
    const wakeUp = Promise.withResolvers<void>();
    const look = () => {
      if (lagging().length === 0) wakeUp.resolve();
    };
    this.#waiting.add(look);
    const timer = setTimeout(wakeUp.resolve, timeoutMs);
    look();
    await wakeUp.promise;
    clearTimeout(timer);
    this.#waiting.delete(look);
    const late = lagging();
    return {
      complete: late.length === 0 && !hasUnnamed,
      sequence: target.sequence,
      acknowledged: present.filter((name) => !late.includes(name)),
      lagging: late,
      absent: away,
    };
  }

  #entry(name: string): Entry | undefined {
    const known = this.#followers.get(name);
    if (known !== undefined) return known;
    const nowMs = this.#clock();
    for (const [other, { connections, seenAtMs }] of this.#followers)
      if (connections === 0 && nowMs - seenAtMs > FORGOTTEN_AFTER_MS) this.#followers.delete(other);
    if (this.#followers.size >= MAX_FOLLOWERS && !this.#forgetLongestAway()) return undefined;
    const entry: Entry = { position: undefined, connections: 0, keptUntilMs: 0, seenAtMs: nowMs };
    this.#followers.set(name, entry);
    return entry;
  }

  /** Makes room for who is there now; false where all are. */
  #forgetLongestAway(): boolean {
    const nowMs = this.#clock();
    let oldest: { readonly name: string; readonly seenAtMs: number } | undefined;
    for (const [name, { connections, keptUntilMs, seenAtMs }] of this.#followers)
      if (connections === 0 && keptUntilMs <= nowMs && seenAtMs < (oldest?.seenAtMs ?? Number.POSITIVE_INFINITY))
        oldest = { name, seenAtMs };
    return oldest !== undefined && this.#followers.delete(oldest.name);
  }

  #tell(): void {
    for (const look of this.#waiting) look();
  }
}

function hasReached(position: SourcePosition | undefined, target: SourcePosition): boolean {
  return position !== undefined && position.epoch === target.epoch && position.sequence >= target.sequence;
}
