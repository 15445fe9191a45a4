// What the fan-out of revocations needs from the rooms around it. Implemented by `cache` and `catalog`, passed in by app.ts.

import type { Revocation } from '../../domain/revocation.ts';

/** One entry of the shared stream. */
export interface StreamEntry {
  /** Rises within one stream; another stream may use it again. */
  readonly id: string;
  /** Undefined where nobody of the fleet made it. */
  readonly content: { readonly text: string; readonly issuedAtMs: number } | undefined;
}

/** A stream that the fleet shares. Bounded in time, never rejects; undefined is "cannot be told now". */
export interface SharedStream {
  append(text: string): Promise<string | undefined>;
  /** Entries from an id on, itself included; `-` is the first there is. */
  readFrom(id: string, count: number): Promise<readonly StreamEntry[] | undefined>;
  /** Entries after an id (`0-0`: all), as soon as there are some; none after a few seconds. */
  waitAfter(id: string, count: number): Promise<readonly StreamEntry[] | undefined>;
  /** Drops what is older than a moment of the stream's own clock, roughly. */
  trimBefore(ms: number): Promise<void>;
}

/** The revocations of this installation, lifts among them. */
export interface RevocationRows {
  /** True when they are kept and in force; a known id again changes nothing, and what was lifted stays lifted. */
  save(revocations: readonly Revocation[], position: string): Promise<boolean>;
  /** Those written after a sequence, in order. A lift takes a new sequence. */
  since(sequence: number, limit: number): readonly KeptRevocation[];
}

/** A revocation with its place in the order of this installation. */
export interface KeptRevocation {
  readonly sequence: number;
  readonly revocation: Revocation;
}

/** The key managers of this installation. Ids are its own; organization and name mean the same in all. */
export interface KeyManagerNames {
  nameOf(id: string): KeyManagerName | undefined;
  idOf(name: KeyManagerName): string | undefined;
}

/** How a key manager is called across installations. */
export interface KeyManagerName {
  readonly organization: string;
  readonly name: string;
}

/** Gets told; must not throw. */
export interface FeedObserver {
  /** Revocations of others that were saved here. */
  applied(count: number): void;
  /** An entry of the fleet that this version cannot read. */
  unreadable(): void;
  /** Revocations that wait, for their key manager to exist here or for the catalog to take them. */
  waiting(count: number): void;
  /** The stream is not the one that was read before: emptied, replaced, or back from an old dump. */
  lost(): void;
  /** Revocations that the stream did not have any more and that were put back. */
  refilled(count: number): void;
}
