// What the writer's thread and the thread that owns it say to each other. Plain data: it crosses threads by copy.

import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { OpenWritableOptions } from '../database/open-writable.ts';
import type { SourceTransactions } from '../source/source-transactions.ts';
import type { CatalogTransactions } from './catalog-transactions.ts';

/** All writes there are. */
export type Writes = Pick<CatalogTransactions, keyof CatalogTransactions> &
  Pick<SourceTransactions, keyof SourceTransactions>;

/** Names of the writes. */
export type WriteName = keyof Writes;

/** Sends a write to the writer's thread and waits for its outcome. */
export type SendWrite = <N extends WriteName>(
  name: N,
  ...args: Parameters<Writes[N]>
) => Promise<ReturnType<Writes[N]> | WriteRefusal>;

/** What the writer's thread is started with. A write waits `busyTimeoutMs` for another program's lock before it is refused. */
export interface WriterOptions extends OpenWritableOptions {
  /** How often revocations are looked through for those whose time is over. */
  readonly sweepIntervalMs: number;
  /** When the full check that a clean start leaves out is made. */
  readonly fullCheckDelayMs: number;
}

/** To the writer: a write, or the wish to stop after all writes before it. */
export type ToWriter =
  | { readonly kind: 'write'; readonly id: number; readonly name: WriteName; readonly args: readonly unknown[] }
  | { readonly kind: 'close' };

/** From the writer. */
export type FromWriter =
  | { readonly kind: 'ready'; readonly file: string }
  | { readonly kind: 'unusable'; readonly file: string; readonly problem: string; readonly fix: string }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly refusal: WriteRefusal }
  | { readonly kind: 'checked'; readonly problems: readonly string[] };
