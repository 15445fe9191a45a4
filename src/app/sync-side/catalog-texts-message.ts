// What the deciding thread and the thread that reads the catalog for others say to each other. Plain data: it crosses threads by copy.

import type { EntityKind, SourcePosition } from '../../domain/change.ts';
import type { BatchText } from '../../sync/changes/change-ports.ts';

/** What the thread is started with. */
export interface CatalogTextsOptions {
  /** The catalog's database. */
  readonly file: string;
  /** Longer batches are left to a snapshot, which goes in parts: a batch is one text, sent and kept as a whole. */
  readonly maxBatchCharacters: number;
}

/** A question; each has one answer. */
export type CatalogQuestion =
  | { readonly ask: 'batch'; readonly from: SourcePosition }
  | { readonly ask: 'digest' }
  /** Opens a read at one moment; the answer is null. */
  | { readonly ask: 'snapshot'; readonly read: number }
  | { readonly ask: 'entities'; readonly read: number; readonly kind: EntityKind }
  /** The next part of a read, null at its end. */
  | { readonly ask: 'next'; readonly read: number }
  | { readonly ask: 'close'; readonly read: number };

/** The digest of a catalog's content, and where its history stood. */
export interface DigestAnswer {
  readonly position: SourcePosition;
  readonly digest: string;
}

/** An answer; `failed` is a message for the log. */
export type CatalogAnswer =
  | {
      readonly id: number;
      readonly value: BatchText | 'current' | 'gone' | DigestAnswer | string | readonly unknown[] | null;
    }
  | { readonly id: number; readonly failed: string };
