// Writes of single subscriptions, inside a transaction that the caller holds. They rule the next request and rebuild nothing.

import type { EntityKey, ExistingKey, SubscriptionWrite, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Subscription, SubscriptionState } from '../../domain/subscriber.ts';
import type { Ended } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, expected, refused, written } from './expected-entity.ts';

/** Writes a subscription, new or anew; an application has one to an API. */
export function putSubscription(
  tables: WriterTables,
  key: EntityKey,
  write: SubscriptionWrite,
): Ended<Subscription | WriteRefusal> {
  const { applications, apis, subscriptions, nextNumber } = tables;
  const found = expected(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  if (applications.get(write.applicationId)?.organization !== key.organization)
    return refused('unresolved', { field: 'applicationId', message: 'the organization has no such application' });
  if (apis.organizationOf(write.apiId) !== key.organization)
    return refused('unresolved', { field: 'apiId', message: 'the organization has no such API' });
  if (stored !== undefined && (stored.applicationId !== write.applicationId || stored.apiId !== write.apiId)) {
    const message = 'a subscription stays with its application and its API; create another one';
    return refused('immutable', { field: stored.apiId === write.apiId ? 'applicationId' : 'apiId', message });
  }
  if (stored === undefined && subscriptions.at(write.applicationId, write.apiId) !== undefined)
    return refused('exists', { field: 'apiId', message: 'the application is subscribed to this API' });
  const subscription: Subscription = {
    ...write,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? nextNumber(),
    version: (stored?.version ?? 0) + 1,
  };
  subscriptions.put(subscription);
  return written(subscription, stored);
}

/** Blocks, unblocks, holds or ends a subscription. */
export function setSubscriptionState(
  tables: WriterTables,
  key: ExistingKey,
  state: SubscriptionState,
): Ended<Subscription | WriteRefusal> {
  const found = existing(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  const subscription: Subscription = { ...stored, state, version: stored.version + 1 };
  tables.subscriptions.put(subscription);
  return written(subscription, stored);
}

/** Deletes a subscription. */
export function deleteSubscription(
  tables: WriterTables,
  key: ExistingKey,
): Ended<Deleted<Subscription> | WriteRefusal> {
  const found = existing(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  tables.subscriptions.delete(key.id);
  return deleted(found.stored);
}

/** A subscription is of its application's organization. */
function accessOf({ applications, subscriptions }: WriterTables): EntityAccess<Subscription> {
  return {
    noun: 'subscription',
    find: (id) => subscriptions.get(id),
    organizationOf: ({ applicationId }) => applications.get(applicationId)?.organization,
    versionOf: ({ version }) => version,
  };
}
