// What the routes of a fleet need from the rooms behind them. Owned here, wired by `app.ts`.

import type { AuditContext } from '../../domain/audit.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { EntityByKind, EntityKind, SourcePosition } from '../../domain/change.ts';
import type { FleetProgress } from '../../domain/fleet-progress.ts';
import type { Revocation } from '../../domain/revocation.ts';

/** What a catalog holds, in one number: two that are equal hold the same, revocations aside. */
export interface StateDigest {
  /** Where in the hub's history it stands. */
  readonly epoch: string;
  readonly sequence: number;
  readonly digest: string;
}

/** A hub's side of its fleet. */
export interface Hub {
  /** NDJSON; ends early when the signal comes. */
  snapshot(signal: AbortSignal): AsyncIterable<string>;
  /** NDJSON; ends after `pollMs` at the latest where that is given. */
  follow(
    from: SourcePosition,
    options: { readonly pollMs?: number; readonly signal: AbortSignal },
  ): AsyncIterable<string>;
  /** A follower is connected until the returned function is called, and for `keptMs` more. Without a position it takes a whole copy. */
  connect(follower: string, position: SourcePosition | undefined, keptMs: number): () => void;
  acknowledge(follower: string, position: SourcePosition): void;
  /** Revocations that were made at a follower; a known one changes nothing. */
  takeRevocations(
    entries: readonly Revocation[],
    audit: AuditContext,
  ): Promise<{ readonly kind: 'written' } | WriteRefusal>;
  /** Waits for all followers that are connected to have what is written by now. */
  waitForFleet(timeoutMs: number): Promise<FleetProgress>;
}

/** The fleet as this member of it sees it. */
export interface FleetStore {
  /** Undefined on a follower. */
  readonly hub: Hub | undefined;
  /** Of a follower the URL of its hub or control plane, where its catalog is written. */
  readonly sourceUrl: string | undefined;
  /** Where this member stands. */
  status(): object;
  digest(): Promise<StateDigest>;
  /** Takes what is held back; false where nothing is. */
  confirm(): boolean;
  /** Every entity of a kind, in parts, all of one moment; ends early when the signal comes. */
  entities<K extends EntityKind>(kind: K, signal: AbortSignal): AsyncIterable<readonly EntityByKind[K][]>;
}
