// Compares the local copy with a source's image of it: the changes that make the copy equal, in an order that denies first and allows
// last, and how much of each kind would go.

import { canonicalJson } from '../../domain/canonical-json.ts';
import { ENTITY_KINDS, type EntityKind } from '../../domain/change.ts';
import type { SourceChange, SourceEntities } from '../../domain/source-change.ts';
import type { Image } from './image.ts';
import type { LocalCopy } from './local-copy.ts';

/** How one kind differs. */
export interface KindDifference {
  readonly here: number;
  readonly there: number;
  readonly removed: number;
  readonly written: number;
}

/** What makes the copy equal to the image. */
export interface Comparison {
  readonly changes: readonly SourceChange[];
  readonly byKind: Readonly<Record<EntityKind, KindDifference>>;
}

/** Changes that add to what is refused come before those that allow more: in slices too, nothing is allowed that neither side allows. */
const REMOVALS: readonly EntityKind[] = ENTITY_KINDS.filter(
  (kind) => kind !== 'deny_policy' && kind !== 'revocation',
).toReversed();
const WRITES: readonly EntityKind[] = ['revocation', 'deny_policy', ...ENTITY_KINDS.slice(0, -2)];

/**
 * Compares. `owns` says of which organizations the source speaks; what belongs to others stays. Revocations are only ever added: a source
 * forgets them when their time is over, and some are made here. `pause` is awaited now and then, so that others get their turn.
 */
export async function compareCopy(
  copy: LocalCopy,
  image: Image,
  owns: (organization: string) => boolean,
  pause: () => Promise<void>,
): Promise<Comparison> {
  const found = new Map<EntityKind, { removals: SourceChange[]; writes: SourceChange[]; difference: KindDifference }>();
  const foreignApplications = new Set<string>();
  for (const kind of ENTITY_KINDS)
    found.set(kind, await compareKind(kind, { copy, image, owns, pause, foreignApplications }));
  const removals = (kind: EntityKind) => found.get(kind)?.removals ?? [];
  return {
    changes: [
      ...REMOVALS.flatMap(removals),
      ...WRITES.flatMap((kind) => found.get(kind)?.writes ?? []),
      ...removals('deny_policy'),
    ],
    byKind: Object.fromEntries([...found].map(([kind, { difference }]) => [kind, difference])) as Comparison['byKind'],
  };
}

interface Sides {
  readonly copy: LocalCopy;
  readonly image: Image;
  readonly owns: (organization: string) => boolean;
  readonly pause: () => Promise<void>;
  /** Keys and subscriptions have no organization of their own. */
  readonly foreignApplications: Set<string>;
}

async function compareKind<K extends EntityKind>(kind: K, sides: Sides) {
  const { copy, image, owns, pause, foreignApplications } = sides;
  const wanted = image[kind] as Map<string, SourceEntities[K]>;
  const known = new Set<string>();
  const removals: SourceChange[] = [];
  const writes: SourceChange[] = [];
  let here = 0;
  for (const page of copy.pages(kind)) {
    for (const entity of page) {
      if ('organization' in entity && !owns(entity.organization)) {
        if (kind === 'application') foreignApplications.add(entity.id);
        continue;
      }
      if ('applicationId' in entity && foreignApplications.has(entity.applicationId)) continue;
      here += 1;
      known.add(entity.id);
      const there = wanted.get(entity.id);
      if (there === undefined) {
        if (kind !== 'revocation') removals.push({ kind, id: entity.id, entity: null } as SourceChange);
      } else if (kind !== 'revocation' && !sameEntity(entity, there))
        writes.push({ kind, id: entity.id, entity: risen(there, entity) } as SourceChange);
    }
    await pause();
  }
  let count = 0;
  for (const [id, entity] of wanted) {
    if (!known.has(id)) writes.push({ kind, id, entity } as SourceChange);
    count += 1;
    if (count % PAUSE_ROWS === 0) await pause();
  }
  const difference = { here, there: wanted.size, removed: removals.length, written: writes.length };
  return { removals, writes, difference };
}

/** Rows between two pauses: about a millisecond. */
const PAUSE_ROWS = 500;

type Entity = SourceEntities[EntityKind];

/** Equal in all but what only counts writes. */
export function sameEntity(one: Entity, other: Entity): boolean {
  return (
    canonicalJson({ ...one, version: 0, ...REVISION(one) }) ===
    canonicalJson({ ...other, version: 0, ...REVISION(other) })
  );
}

/** APIs count their writes in `revision`, and have a `version` that is theirs. */
const REVISION = (entity: Entity) => ('revision' in entity ? { version: entity.version, revision: 0 } : {});

/** The new entity with the count of writes going on from the old one. */
export function risen<T extends Entity>(entity: T, before: Entity | undefined): T {
  if ('revision' in entity)
    return { ...entity, revision: (before !== undefined && 'revision' in before ? before.revision : 0) + 1 };
  if (!('version' in entity)) return entity;
  return { ...entity, version: (before !== undefined && 'version' in before ? Number(before.version) : 0) + 1 };
}
