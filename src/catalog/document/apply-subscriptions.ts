// The subscriptions of a catalog document.

import type { ApplicationWrite } from '../../domain/catalog-facts.ts';
import type { SubscriptionState } from '../../domain/subscriber.ts';
import type { ParentApplication } from './apply-keys.ts';
import type { ApplySession, Entry } from './apply-session.ts';

type SubscriptionWrite = ApplicationWrite['subscriptions'][number];

/** A subscription as an entry of the document. */
export function subscriptionEntry(parent: Entry, subscription: SubscriptionWrite, index: number): Entry {
  const { api, version, policy, state } = subscription;
  return {
    key: ['subscription', ...parent.key.slice(1), api, version],
    label: `${parent.label}.subscriptions[${api}:${version}]`,
    at: `${parent.at}.subscriptions[${index}]`,
    fields: { policy, state },
  };
}

/** Writes a subscription; one to an API that does not exist refuses the document. */
export function applySubscription(
  write: SubscriptionWrite,
  entry: Entry,
  parent: ParentApplication,
  session: ApplySession,
): void {
  const { apis, subscriptions, nextNumber } = session.tables;
  const { api, version, policy, state } = write;
  const apiId = apis.idOf(parent.organization, api, version);
  const held = apiId === undefined ? undefined : subscriptions.at(parent.id, apiId);
  const merge = session.merge(entry, held && { policy: held.policy, state: held.state }, parent);
  if (merge.kind !== 'insert' && merge.kind !== 'update') return;
  if (apiId === undefined) {
    const message = `the organization has no API "${api}" of version "${version}"; add it under apis, or correct the name`;
    session.refuse('unresolved', `${entry.at}.api`, message);
    return;
  }
  const merged =
    merge.kind === 'insert' ? { policy, state } : (merge.fields as { policy: string; state: SubscriptionState });
  subscriptions.put({
    id: held?.id ?? crypto.randomUUID(),
    number: held?.number ?? nextNumber(),
    version: (held?.version ?? 0) + 1,
    applicationId: parent.id,
    apiId,
    ...merged,
  });
}
