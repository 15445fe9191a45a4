// Writes of single throttling policies and scopes, inside a transaction that the caller holds. Both are told by name: it stays.

import type { EntityKey, ExistingKey, PolicyWrite, ScopeWrite, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Policy, Scope } from '../../domain/policy.ts';
import type { Ended } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, expected, refused, written } from './expected-entity.ts';

/** Writes a policy, new or anew. */
export function putPolicy(tables: WriterTables, key: EntityKey, write: PolicyWrite): Ended<Policy | WriteRefusal> {
  const found = expected(accessOf('policy', tables.policies), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  if (stored !== undefined && (stored.name !== write.name || stored.kind !== write.kind)) return renamed(stored.name);
  if (stored === undefined && tables.policies.find(key.organization, write.kind, write.name) !== undefined)
    return taken('policy', write.name);
  const policy: Policy = {
    ...write,
    organization: key.organization,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? tables.nextNumber(),
    version: (stored?.version ?? 0) + 1,
  };
  tables.policies.put(policy);
  return written(policy, stored);
}

/** Deletes a policy that nobody has. */
export function deletePolicy({ policies }: WriterTables, key: ExistingKey): Ended<Deleted<Policy> | WriteRefusal> {
  const found = existing(accessOf('policy', policies), key);
  if ('refusal' in found) return found.refusal;
  const users = policies.usersOf(found.stored);
  if (users.length > 0) return inUse(users);
  policies.delete(key.id);
  return deleted(found.stored);
}

/** Writes a scope, new or anew. */
export function putScope({ scopes }: WriterTables, key: EntityKey, write: ScopeWrite): Ended<Scope | WriteRefusal> {
  const found = expected(accessOf('scope', scopes), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  if (stored !== undefined && stored.name !== write.name) return renamed(stored.name);
  if (stored === undefined && scopes.find(key.organization, write.name) !== undefined)
    return taken('scope', write.name);
  const scope: Scope = {
    ...write,
    organization: key.organization,
    id: stored?.id ?? crypto.randomUUID(),
    version: (stored?.version ?? 0) + 1,
  };
  scopes.put(scope);
  return written(scope, stored);
}

/** Deletes a scope that no API asks for. */
export function deleteScope({ scopes }: WriterTables, key: ExistingKey): Ended<Deleted<Scope> | WriteRefusal> {
  const found = existing(accessOf('scope', scopes), key);
  if ('refusal' in found) return found.refusal;
  const users = scopes.usersOf(found.stored);
  if (users.length > 0) return inUse(users);
  scopes.delete(key.id);
  return deleted(found.stored);
}

function accessOf<T extends { readonly organization: string; readonly version: number }>(
  noun: string,
  table: { get(id: string): T | undefined },
): EntityAccess<T> {
  return {
    noun,
    find: (id) => table.get(id),
    organizationOf: ({ organization }) => organization,
    versionOf: ({ version }) => version,
  };
}

function renamed(name: string): Ended<WriteRefusal> {
  const message = `is "${name}" and stays so; it is told by its name, create another one instead`;
  return refused('immutable', { field: 'name', message });
}

function taken(noun: string, name: string): Ended<WriteRefusal> {
  return refused('exists', { field: 'name', message: `a ${noun} "${name}" exists; choose another name` });
}

function inUse(users: readonly string[]): Ended<WriteRefusal> {
  return refused('in_use', { field: 'id', message: `it is in use by ${users.join(', ')}; change those first` });
}
