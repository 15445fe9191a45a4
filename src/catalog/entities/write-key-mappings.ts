// Writes of single key mappings, inside a transaction that the caller holds. A client has one application and one key type.

import type { KeyMappingWrite, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { ApplicationKeyMapping } from '../../domain/subscriber.ts';
import type { Ended } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, refused, written } from './expected-entity.ts';
import { applicationAccess } from './write-applications.ts';

/** How a client is mapped. */
export interface MapKeyOptions {
  /** Takes the client from the application that has it, which an admin may do where the wrong one claimed it. */
  readonly move: boolean;
}

/** Maps a client of a key manager to an application. Refused (WSO2 901409) where the place or the client is taken. */
export function mapKey(
  tables: WriterTables,
  organization: string,
  { keyManager, ...write }: KeyMappingWrite,
  { move }: MapKeyOptions,
): Ended<ApplicationKeyMapping | WriteRefusal> {
  const { keyManagers, keyMappings } = tables;
  const found = existing(applicationAccess(tables), { organization, id: write.applicationId, expectedVersion: null });
  if ('refusal' in found) return found.refusal;
  const keyManagerId = keyManagers.resolveReference(organization, keyManager);
  if (keyManagerId === undefined) {
    const message = `no key manager of the organization is named "${keyManager}"; correct the name`;
    return refused('unresolved', { field: 'keyManager', message });
  }
  const place = keyMappings.at(write.applicationId, write.keyType, keyManagerId);
  if (place !== undefined) {
    const message = `the application has a ${write.keyType} key of this key manager; remove that one first`;
    return refused('exists', { field: 'keyType', message });
  }
  const holder = keyMappings.holderOf(write.consumerKey, keyManagerId);
  if (holder !== undefined && !move) {
    const message = 'an application has this client already; one client has one application and one key type';
    return refused('conflict', { field: 'consumerKey', message });
  }
  // Clients of the Global key manager may be another organization's, whose admins alone give them away.
  if (holder !== undefined && tables.applications.get(holder.mapping.applicationId)?.organization !== organization) {
    const message = 'another organization has this client; have it removed there first';
    return refused('conflict', { field: 'consumerKey', message });
  }
  if (holder !== undefined) keyMappings.delete(holder.mapping.id);
  const mapping: ApplicationKeyMapping = { ...write, id: crypto.randomUUID(), keyManagerId };
  if (!keyMappings.insert(mapping)) throw new Error('a free place for a key mapping is taken');
  const change = { target: mapping.id, status: 201, ...(holder && { before: holder.mapping }), after: mapping };
  return { commit: true, result: mapping, changes: [change] };
}

/** Writes anew what is kept of a mapping and used by nothing. */
export function describeKey(
  tables: WriterTables,
  organization: string,
  id: string,
  extra: ApplicationKeyMapping['extra'],
): Ended<ApplicationKeyMapping | WriteRefusal> {
  const found = existing(mappingAccess(tables), { organization, id, expectedVersion: null });
  if ('refusal' in found) return found.refusal;
  const mapping = { ...found.stored, extra };
  tables.keyMappings.delete(id);
  if (!tables.keyMappings.insert(mapping)) throw new Error('the place that a key mapping left is taken');
  return written(mapping, found.stored);
}

/** Removes a mapping of an application of the organization. */
export function unmapKey(
  tables: WriterTables,
  organization: string,
  id: string,
): Ended<Deleted<ApplicationKeyMapping> | WriteRefusal> {
  const found = existing(mappingAccess(tables), { organization, id, expectedVersion: null });
  if ('refusal' in found) return found.refusal;
  tables.keyMappings.delete(id);
  return deleted(found.stored);
}

function mappingAccess({ keyMappings, applications }: WriterTables): EntityAccess<ApplicationKeyMapping> {
  return {
    noun: 'key mapping',
    find: (wanted) => keyMappings.get(wanted),
    organizationOf: ({ applicationId }) => applications.get(applicationId)?.organization,
    versionOf: () => 1,
  };
}
