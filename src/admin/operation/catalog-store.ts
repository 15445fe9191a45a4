// What the routes of the catalog as a whole need from the rooms behind them. Owned here, wired by `app.ts`.

import type { CatalogDocument } from '../../documents/catalog/catalog-document.ts';
import type { AuditContext } from '../../domain/audit.ts';
import type { CatalogChanges, CatalogSection, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { EntityByKind } from '../../domain/change.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';

/** A kind of which a document would remove so much that somebody must allow it. */
export interface ShrunkKind {
  readonly kind: string;
  readonly present: number;
  readonly removed: number;
}

/** One entity of an organization; key managers masked, Global ones by name only. Parents come before children. */
export type ExportedEntity =
  | {
      readonly kind: 'key_manager';
      readonly entity: { readonly id: string; readonly sequence: number; readonly dto: KeyManagerDto };
    }
  | { readonly kind: 'global_key_manager'; readonly entity: { readonly id: string; readonly name: string } }
  | {
      readonly [K in Exclude<keyof EntityByKind, 'key_manager' | 'revocation'>]: {
        readonly kind: K;
        readonly entity: EntityByKind[K];
      };
    }[Exclude<keyof EntityByKind, 'key_manager' | 'revocation'>];

/** How a document is to be applied. */
export interface CatalogApplication {
  readonly prune: boolean;
  readonly allowShrink: boolean;
  readonly dryRun: boolean;
  readonly expectedRevision: string | null;
}

/** What became of a document. */
export type CatalogApplied =
  | (CatalogChanges & { readonly kind: 'applied' | 'planned' | 'unchanged'; readonly revision: string })
  | { readonly kind: 'held_back'; readonly counts: readonly ShrunkKind[] }
  | WriteRefusal;

/** The catalog as a whole, organization by organization. */
export interface CatalogStore {
  /** Everything of one moment, in parts; `revision` is of before it, so that what is newer is never taken for older. */
  read(organization: string): { readonly revision: string; readonly parts: AsyncIterable<readonly ExportedEntity[]> };
  /** Keeps a part of a document until {@link apply} names its stage; undefined when it was kept. */
  stage(
    stage: string,
    document: CatalogDocument & { readonly organization: string },
    sections: readonly CatalogSection[],
  ): Promise<readonly FieldProblem[] | WriteRefusal | undefined>;
  /** Applies what was staged, in one transaction. */
  apply(stage: string, how: CatalogApplication, audit: AuditContext): Promise<CatalogApplied>;
}
