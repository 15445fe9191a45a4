// What the hub and its followers need from the rooms around them. Implemented by `catalog` and `outbound`, passed in by app.ts.

import type { Change, SourcePosition, TravellingKeyManager } from '../../domain/change.ts';
import type { Revocation } from '../../domain/revocation.ts';

/** The history of a catalog as text, read and written out where it holds up no decision. */
export interface ChangeTexts {
  /** At once, and of this moment. */
  position(): SourcePosition;
  /**
   * All that changed after a position, up to now: what is between is left out, so that every step leads from one state that was to
   * another. `gone` for a position that is not of this history, that it does not reach back to, or with too much after it.
   */
  after(position: SourcePosition): Promise<BatchText | 'current' | 'gone'>;
  /** All there is at one moment, as one group, in parts. What it keeps open is closed when it is not read on. */
  everything(): AsyncIterable<string>;
}

/** A batch as a group. */
export interface BatchText {
  readonly text: string;
  /** Where who has applied it stands. */
  readonly to: SourcePosition;
}

/** The copy that a follower keeps. */
export interface ChangeSink {
  /** Undefined until a first snapshot is there. */
  position(): SourcePosition | undefined;
  /** Begins to take changes up to `to`: after `from`, or, where that is null, everything anew. What is there goes on being used. */
  stage(from: SourcePosition | null, to: SourcePosition): Promise<StagedChanges | 'busy'>;
}

/** Changes that came, and are not in force. */
export interface StagedChanges {
  /** False where they cannot be kept. */
  add(changes: readonly Change[]): Promise<boolean>;
  /**
   * Puts all of them in force with their position, in one transaction, or none. `unfit` does not fit what is here; `held_back` would
   * leave suspiciously much less, and `allowShrink` takes it all the same.
   */
  commit(allowShrink: boolean): Promise<'committed' | 'unfit' | 'held_back' | 'busy'>;
  discard(): Promise<void>;
}

/** A reply of the hub whose body may never end. */
export interface HubReply {
  readonly status: number;
  /** Throws an error whose message is a short code when the connection breaks or nothing comes for too long. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Asks the hub, with the follower's credential; never rejects. The code of a problem holds nothing that the hub sent. */
export type AskHub = (
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string },
  signal: AbortSignal,
) => Promise<HubReply | { readonly problem: string }>;

/** True when every secret of a key manager on its way opens here. */
export type OpensSecrets = (keyManager: TravellingKeyManager) => boolean;

/** Revocations that were made here and that the hub does not have yet. Kept in the catalog until it does. */
export interface OwnRevocations {
  /** The next few with a mark of how far they reach; empty when there is none. */
  next(limit: number): { readonly revocations: readonly Revocation[]; readonly mark: string };
  /** They were delivered up to a mark. */
  delivered(mark: string): Promise<void>;
}
