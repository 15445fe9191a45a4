// The applications of a catalog document, with their keys and subscriptions. Each key and each subscription is an entry of
// its own, so that blocking one subscription over HTTP disputes nothing else.

import type { ApplicationWrite } from '../../domain/catalog-facts.ts';
import type { Application } from '../../domain/subscriber.ts';
import type { Fields } from '../tables/field-digester.ts';
import { keyEntry, type PlannedKey, planKey, writeKeys } from './apply-keys.ts';
import type { ApplySession, Entry } from './apply-session.ts';
import { applySubscription, subscriptionEntry } from './apply-subscriptions.ts';

/** What a document need not say of a new application. */
const BARE = { description: '', attributes: {}, groups: [], state: 'APPROVED', extra: {} } as const;

/** Writes them; names that cannot be resolved and clients that belong to another application refuse the document. */
export function applyApplications(writes: readonly ApplicationWrite[], session: ApplySession): void {
  const { applications } = session.tables;
  const plannedKeys: PlannedKey[] = [];
  const shared = repeatedNames(writes);
  for (const [index, write] of writes.entries()) {
    const { organization, name, keys: _keys, subscriptions: _subscriptions, ...fields } = write;
    // One of several of its name is told by its owner, who cannot change then.
    const isShared = shared.has(name);
    const found = applications.find(organization, name, write.owner);
    const stored = isShared && found?.owner !== write.owner ? undefined : found;
    const entry: Entry = {
      key: ['application', organization, name, ...(isShared ? [write.owner] : [])],
      label: `applications[${isShared ? `${name} of ${write.owner}` : name}]`,
      at: `applications[${index}]`,
      fields,
      bare: BARE,
    };
    const keys = write.keys.map((key, at) => ({ key, entry: keyEntry(entry, key, at) }));
    const subscriptions = write.subscriptions.map((subscription, at) => {
      return { subscription, entry: subscriptionEntry(entry, subscription, at) };
    });
    const parts = [...keys, ...subscriptions].map((part) => part.entry);
    const partsChanged = parts.some((part) => session.isNews(part));
    const merge = session.merge(entry, stored && fieldsOf(stored), { partsChanged });
    const anew = merge.kind === 'insert';
    if (stored === undefined && !anew) {
      // Deleted by an admin: its keys and subscriptions stay deleted with it.
      for (const part of parts) session.remember(part);
      continue;
    }
    const id = stored?.id ?? crypto.randomUUID();
    if (anew)
      applications.put({ ...BARE, ...fields, id, number: session.tables.nextNumber(), organization, name, version: 1 });
    if (merge.kind === 'update' && stored !== undefined)
      applications.put({
        ...{ ...BARE, ...(merge.fields as typeof fields) },
        ...{ id, number: stored.number, organization, name, version: stored.version + 1 },
      });
    const parent = { id, organization, anew };
    plannedKeys.push(...keys.flatMap(({ key, entry: part }) => planKey(key, part, parent, session)));
    for (const { subscription, entry: part } of subscriptions) applySubscription(subscription, part, parent, session);
  }
  writeKeys(plannedKeys, session);
}

function repeatedNames(writes: readonly ApplicationWrite[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(writes.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])));
}

function fieldsOf(application: Application): Fields {
  const {
    id: _id,
    number: _number,
    organization: _organization,
    name: _name,
    version: _version,
    ...fields
  } = application;
  return fields;
}
