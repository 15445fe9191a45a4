// Applications, their keys and their subscriptions from WSO2's rows and events, whose members differ in name.

import { KEY_TYPES } from '../../domain/api.ts';
import {
  type Application,
  type ApplicationKeyMapping,
  SUBSCRIPTION_STATES,
  type Subscription,
} from '../../domain/subscriber.ts';
import { type Json, Row, type UnusableRow } from './row.ts';
import { stableId } from './stable-id.ts';

/** WSO2's default for what has no policy. */
const UNLIMITED = 'Unlimited';

/** A row of `/applications`. */
export function readApplication(json: unknown, tenant: string): Application | UnusableRow {
  const row = new Row(json);
  return row.done<Application>({
    ...application(row, {
      organization: row.optionalText('organization') || tenant,
      attributes: row.map('attributes'),
    }),
    number: row.whole('id'),
    name: row.text('name'),
    owner: row.optionalText('subName'),
    policy: row.optionalText('policy') || UNLIMITED,
    groups: row.list('groupIds').flatMap((group) => {
      const { groupId } = (group ?? {}) as Json;
      return typeof groupId === 'string' && groupId !== '' ? [groupId] : [];
    }),
    extra: row.rest(['uuid', 'id', 'name', 'subName', 'policy', 'organization', 'groupIds', 'attributes', 'subId']),
  });
}

/** APPLICATION_CREATE and APPLICATION_UPDATE. */
export function readApplicationEvent(
  event: Json,
  organization: string,
  before: Application | undefined,
): Application | UnusableRow {
  const row = new Row(event);
  const tokenType = row.optionalText('tokenType');
  return row.done<Application>({
    ...application(row, { organization, attributes: row.map('attributes') }),
    number: row.whole('applicationId'),
    name: row.text('applicationName'),
    owner: row.optionalText('subscriber') || (before?.owner ?? ''),
    policy: row.optionalText('applicationPolicy') || UNLIMITED,
    // A text with commas here, a list of objects in the list.
    groups:
      typeof event['groupId'] === 'string'
        ? event['groupId'].split(',').filter((group) => group !== '')
        : (before?.groups ?? []),
    extra: { ...before?.extra, ...(tokenType === '' ? {} : { tokenType }) },
  });
}

/** WSO2 hands on only applications that may call, and says no state. */
function application(row: Row, more: Pick<Application, 'organization' | 'attributes'>) {
  return { id: row.text('uuid'), description: '', state: 'APPROVED' as const, version: 1, ...more };
}

/** A row of `/application-key-mappings`, or an APPLICATION_REGISTRATION_CREATE event; key managers are named in both. */
export function readKeyMapping(
  json: unknown,
  keyManagerIdOf: (applicationId: string, name: string) => string | undefined,
): ApplicationKeyMapping | UnusableRow {
  const row = new Row(json);
  const applicationId = row.text('applicationUUID');
  const consumerKey = row.text('consumerKey');
  const keyManagerId = keyManagerIdOf(applicationId, row.text('keyManager'));
  if (keyManagerId === undefined) row.refuse('keyManager');
  return row.done<ApplicationKeyMapping>({
    id: keyMappingId(keyManagerId ?? '', consumerKey),
    consumerKey,
    keyManagerId: keyManagerId ?? '',
    applicationId,
    keyType: row.choice('keyType', KEY_TYPES),
    mode: 'MAPPED',
    extra: {},
  });
}

/** WSO2 gives keys no id of their own: a client belongs to one application only. */
export function keyMappingId(keyManagerId: string, consumerKey: string): string {
  return stableId('key_mapping', keyManagerId, consumerKey);
}

/** A row of `/subscriptions`, or a SUBSCRIPTIONS_CREATE or SUBSCRIPTIONS_UPDATE event. */
export function readSubscription(json: unknown): Subscription | UnusableRow {
  const row = new Row(json);
  return row.done<Subscription>({
    id: row.text('subscriptionUUID'),
    number: row.whole('subscriptionId'),
    apiId: row.text('apiUUID'),
    applicationId: row.text('applicationUUID'),
    policy: row.optionalText('policyId') || UNLIMITED,
    state: row.choice('subscriptionState', SUBSCRIPTION_STATES),
    version: 1,
  });
}
