// What a source that is no Gatehouse gives: entities whole, secrets in the clear for the writer to seal. Plain data.

import type { JudgedKeyManager } from './catalog-facts.ts';
import type { EntityByKind, EntityKind } from './change.ts';

/** A key manager as another product's control plane gives it. Its secrets are in the clear: never log it. */
export interface SourceKeyManager extends JudgedKeyManager {
  readonly id: string;
  readonly organization: string;
}

/** An entity of such a source by its kind. */
export type SourceEntities = Omit<EntityByKind, 'key_manager'> & { readonly key_manager: SourceKeyManager };

/** An entity as the source has it, or that it is gone. Applying it twice changes nothing more. */
export type SourceChange = {
  readonly [K in EntityKind]: { readonly kind: K; readonly id: string; readonly entity: SourceEntities[K] | null };
}[EntityKind];
