// Writes of single applications, inside a transaction that the caller holds.

import type { ApplicationFacts, EntityKey, ExistingKey, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Application } from '../../domain/subscriber.ts';
import type { Ended } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, expected, refused, written } from './expected-entity.ts';

/** How applications are found. */
export function applicationAccess({ applications }: WriterTables): EntityAccess<Application> {
  return {
    noun: 'application',
    find: (id) => applications.get(id),
    organizationOf: ({ organization }) => organization,
    versionOf: ({ version }) => version,
  };
}

/** Writes an application, new or anew; its owner has no other of its name, and none is renamed to leave a deny policy behind. */
export function putApplication(
  tables: WriterTables,
  key: EntityKey,
  write: ApplicationFacts,
): Ended<Application | WriteRefusal> {
  const found = expected(applicationAccess(tables), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  const { organization } = key;
  const same = tables.applications.find(organization, write.name, write.owner);
  if (same !== undefined && same.owner === write.owner && same.id !== stored?.id) {
    const message = `"${write.owner}" has an application "${write.name}"; choose another name`;
    return refused('exists', { field: 'name', message });
  }
  const isRenamed = stored !== undefined && (stored.name !== write.name || stored.owner !== write.owner);
  const value = `${stored?.owner}:${stored?.name}`;
  // It names the application by what whoever it keeps out could change.
  if (isRenamed && tables.denyPolicies.find(organization, { type: 'APPLICATION', value, invert: false })?.enabled) {
    const message = 'cannot be changed while a deny policy names the application; remove that first';
    return refused('immutable', { field: stored.name === write.name ? 'owner' : 'name', message });
  }
  const application: Application = {
    ...write,
    organization,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? tables.nextNumber(),
    version: (stored?.version ?? 0) + 1,
  };
  tables.applications.put(application);
  return written(application, stored);
}

/** Deletes an application with its keys and subscriptions. */
export function deleteApplication(tables: WriterTables, key: ExistingKey): Ended<Deleted<Application> | WriteRefusal> {
  const found = existing(applicationAccess(tables), key);
  if ('refusal' in found) return found.refusal;
  tables.applications.delete(key.id);
  return deleted(found.stored);
}
