// The question of every request in one statement: client → key mapping → application → subscription, with the revision.

import type { KeyType } from '../../domain/api.ts';
import type { ApplicationState, CallingApplication, Subscriber, SubscriptionState } from '../../domain/subscriber.ts';

/**
 * Parameters: consumer key, key manager, API. Always one row. The casts change nothing but SQLite's mind: for a bare
 * parameter in a join it plans the statement anew on every call, which costs six times the look-ups themselves.
 */
export const findSubscriberSql = `
  SELECT meta.structure_revision AS structureRevision,
    m.application_id AS mappedTo, m.key_type AS keyType,
    a.id AS applicationId, a.number AS applicationNumber, a.organization, a.name, a.owner, a.policy AS applicationPolicy,
    a.attributes, a.state AS applicationState, a.version AS applicationVersion,
    s.id AS subscriptionId, s.number, s.policy AS subscriptionPolicy, s.state, s.version
  FROM meta
  LEFT JOIN application_key_mapping m ON m.consumer_key = CAST(? AS TEXT) AND m.key_manager_id = CAST(? AS TEXT)
  LEFT JOIN application a ON a.id = m.application_id
  LEFT JOIN subscription s ON s.application_id = a.id AND s.api_id = CAST(? AS TEXT)`;

/** What is asked: parameters of {@link findSubscriberSql}, in its order. */
export type Question = readonly [consumerKey: string, keyManagerId: string, apiId: string];

/** That row; a table's columns are all null where it has no match. */
export interface SubscriberRow {
  readonly structureRevision: number;
  readonly mappedTo: string | null;
  readonly keyType: KeyType;
  readonly applicationId: string | null;
  readonly applicationNumber: number;
  readonly organization: string;
  readonly name: string;
  readonly owner: string;
  readonly applicationPolicy: string;
  readonly attributes: string;
  readonly applicationState: ApplicationState;
  readonly applicationVersion: number;
  readonly subscriptionId: string | null;
  readonly number: number;
  readonly subscriptionPolicy: string;
  readonly state: SubscriptionState;
  readonly version: number;
}

/** The row of this question as plain facts, frozen: decisions share them. */
export function toSubscriber(row: SubscriberRow, [consumerKey, keyManagerId, apiId]: Question): Subscriber {
  const { mappedTo, keyType, applicationId } = row;
  return Object.freeze({
    mapping:
      mappedTo === null
        ? null
        : Object.freeze({ consumerKey, keyManagerId, applicationId: applicationId ?? mappedTo, keyType }),
    application:
      applicationId === null
        ? null
        : Object.freeze({
            id: applicationId,
            number: row.applicationNumber,
            organization: row.organization,
            name: row.name,
            owner: row.owner,
            policy: row.applicationPolicy,
            attributes: attributesOf(row.attributes),
            state: row.applicationState,
            version: row.applicationVersion,
          }),
    subscription:
      row.subscriptionId === null || applicationId === null
        ? null
        : Object.freeze({
            id: row.subscriptionId,
            number: row.number,
            apiId,
            applicationId,
            policy: row.subscriptionPolicy,
            state: row.state,
            version: row.version,
          }),
  });
}

const NO_ATTRIBUTES: CallingApplication['attributes'] = Object.freeze({});

function attributesOf(json: string): CallingApplication['attributes'] {
  return json === '{}' ? NO_ATTRIBUTES : Object.freeze(JSON.parse(json) as CallingApplication['attributes']);
}
