// What of a source is not here, since it cannot stand beside the rest.

import type { EntityKind } from '../../domain/change.ts';

/** An entity, or a part of it, that is not here although its source has it. */
export interface LeftOut {
  readonly kind: EntityKind;
  readonly id: string;
  readonly why: string;
}
