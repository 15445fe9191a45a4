// What the catalog has to tell an operator outside of any request.

import type { LeftOut } from './left-out.ts';
import type { ShrinkCount } from './shrink-guard.ts';

/** One event; none of them holds a secret. */
export type CatalogEvent =
  /** Reads fail, so nothing can be decided; told once until they succeed again. */
  | { readonly kind: 'unreadable'; readonly message: string }
  /** A key manager that its type cannot read any more: it vouches for nothing until it is written anew. */
  | { readonly kind: 'key_manager_skipped'; readonly id: string; readonly name: string; readonly organization: string }
  /** A secret of a key manager does not open (damaged, moved, or of another key): it vouches for nothing until it is written anew. */
  | { readonly kind: 'secret_unreadable'; readonly id: string; readonly name: string; readonly organization: string }
  /** A write failed for a reason other than its content. */
  | { readonly kind: 'write_failed'; readonly message: string }
  /** The writer's thread is gone: decisions go on, writes are refused until a restart. */
  | { readonly kind: 'writer_lost'; readonly message: string }
  /** Entities of the source cannot stand beside the others here: they are left out, and so denied. The first few are named. */
  | { readonly kind: 'left_out'; readonly count: number; readonly first: readonly LeftOut[] }
  /** The source has much less than what is here; nothing was changed. */
  | { readonly kind: 'held_back'; readonly counts: readonly ShrinkCount[] }
  /** The full check that a clean start leaves for later was made, or failed; no problems means a sound file. */
  | { readonly kind: 'checked'; readonly problems: readonly string[] };

/** Takes the events; must not throw. */
export type ReportCatalogEvent = (event: CatalogEvent) => void;

/** How loud an event is, and what to say. */
export function describeCatalogEvent(event: CatalogEvent): {
  readonly level: 'debug' | 'error' | 'fatal';
  readonly message: string;
} {
  switch (event.kind) {
    case 'key_manager_skipped':
      return { level: 'error', message: 'a key manager cannot be read any more and vouches for nothing' };
    case 'secret_unreadable':
      return {
        level: 'error',
        message: 'a secret of a key manager does not open; it vouches for nothing until it is written anew',
      };
    case 'unreadable':
      return { level: 'error', message: 'the catalog cannot be read; nothing can be decided' };
    case 'write_failed':
      return { level: 'error', message: 'a catalog write failed and left nothing behind' };
    case 'writer_lost':
      return { level: 'fatal', message: 'the catalog writer is gone; decisions go on, writes need a restart' };
    case 'left_out':
      return { level: 'error', message: 'entities of the source cannot stand beside the others and are left out' };
    case 'held_back':
      return {
        level: 'error',
        message: 'the source has much less than this copy; it is held back until it is confirmed',
      };
    case 'checked':
      return event.problems.length > 0
        ? {
            level: 'error',
            message: 'the catalog file is damaged, or cannot be checked; see its disk, and restore a copy',
          }
        : { level: 'debug', message: 'the catalog file was checked and is sound' };
  }
}
