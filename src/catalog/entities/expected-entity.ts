// Finds the entity that a write is about and compares it with what its writer believes it to be.

import type { EntityKey, ExistingKey, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { refuse } from '../outcome/refuse.ts';
import type { Ended } from '../tables/write-transaction.ts';

/** The entity as it is, undefined for a new one, or why nothing is written. */
export type Expected<T> = { readonly stored: T | undefined } | { readonly refusal: Ended<WriteRefusal> };

/** What a kind of entity is called, and how one is found. */
export interface EntityAccess<T> {
  readonly noun: string;
  find(id: string): T | undefined;
  organizationOf(entity: T): string | undefined;
  versionOf(entity: T): number;
}

/** The entity to write, or undefined where the key asks for a new one. */
export function expected<T>(access: EntityAccess<T>, key: EntityKey): Expected<T> {
  return key.id === null ? { stored: undefined } : existing(access, { ...key, id: key.id });
}

/** The entity to change or delete, which must be there. */
export function existing<T>(
  { noun, find, organizationOf, versionOf }: EntityAccess<T>,
  { organization, id, expectedVersion }: ExistingKey,
): { readonly stored: T } | { readonly refusal: Ended<WriteRefusal> } {
  const stored = find(id);
  if (stored === undefined || organizationOf(stored) !== organization) {
    const message = `no ${noun} of this organization has this id; list them first`;
    return { refusal: refused('not_found', { field: 'id', message }) };
  }
  const version = versionOf(stored);
  if (expectedVersion !== null && expectedVersion !== version) {
    const message = `is at version ${version}, not at ${expectedVersion}; read it again and repeat the change`;
    return { refusal: refused('stale', { field: 'If-Match', message }) };
  }
  return { stored };
}

/** A transaction that ends without a trace. */
export function refused(why: WriteRefusal['why'], ...fields: readonly FieldProblem[]): Ended<WriteRefusal> {
  return { commit: false, result: refuse(why, ...fields) };
}

/** An entity is gone, and with it what hung on it. */
export interface Deleted<T> {
  readonly kind: 'deleted';
  readonly entity: T;
}

/** A transaction that wrote an entity. */
export function written<T extends { readonly id: string }>(after: T, before: T | undefined): Ended<T> {
  const change =
    before === undefined ? { target: after.id, status: 201, after } : { target: after.id, status: 200, before, after };
  return { commit: true, result: after, changes: [change] };
}

/** A transaction that deleted an entity. */
export function deleted<T extends { readonly id: string }>(before: T): Ended<Deleted<T>> {
  return {
    commit: true,
    result: { kind: 'deleted', entity: before },
    changes: [{ target: before.id, status: 200, before }],
  };
}
