// A whole copy as a source has it at one time: every entity of every kind by its id. In memory, made to be compared and dropped.

import type { EntityKind } from '../../domain/change.ts';
import type { SourceEntities } from '../../domain/source-change.ts';

/** All entities of a source. */
export type Image = { readonly [K in EntityKind]: Map<string, SourceEntities[K]> };

/** An image without anything in it. */
export function emptyImage(): Image {
  return {
    key_manager: new Map(),
    policy: new Map(),
    scope: new Map(),
    api: new Map(),
    application: new Map(),
    key_mapping: new Map(),
    subscription: new Map(),
    deny_policy: new Map(),
    revocation: new Map(),
  };
}
