// What the revocation routes need from the rooms behind them. Owned here, wired by `app.ts`.

import type { AuditContext } from '../../domain/audit.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Revocation } from '../../domain/revocation.ts';
import type { Page } from '../http/page.ts';

/** A key manager as a revocation names it. */
export interface NamedKeyManager {
  readonly id: string;
  readonly name: string;
}

/** Revocations, each in its organization. */
export interface RevocationStore {
  /** Entries, or lifts of entries. Committed, with their audit, and in force on this host when the promise is fulfilled. */
  write(entries: readonly Revocation[], audit: AuditContext): Promise<{ readonly kind: 'written' } | WriteRefusal>;
  /** Not lifted and not expired, the latest first. */
  list(organization: string, page: Page): Promise<{ readonly total: number; readonly list: readonly Revocation[] }>;
  /** All of those, a part at a time and in order of their coming; other work gets its turn in between. */
  all(organization: string): AsyncIterable<readonly Revocation[]>;
  /** The entry of this id, if it is of the organization and in force, and those whose id begins with `<id>.`. */
  find(organization: string, id: string): Promise<readonly Revocation[]>;
  /** By id or name: the organization's own, else the Global one. */
  findKeyManager(organization: string, idOrName: string): Promise<NamedKeyManager | undefined>;
  /** RFC 7638 thumbprints of the keys that are known under a `kid` at the key managers that the organization may use, or at one of them. */
  keysNamed(kid: string, organization: string, keyManagerId: string | null): Promise<readonly string[]>;
  /** WSO2 type ids of the key managers that the organization may use. */
  typesInUse(organization: string): Promise<readonly string[]>;
}
