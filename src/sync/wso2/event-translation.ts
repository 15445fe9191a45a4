// What an event of WSO2's hub changes in the copy. Subscriptions, applications, keys and scopes come whole in their events; APIs, policies
// and key managers are asked for anew. What forbids is taken at its word, what allows only if it is newer than all that is known.

import type { Api, Lifecycle } from '../../domain/api.ts';
import { POLICY_KINDS } from '../../domain/policy.ts';
import type { SourceChange } from '../../domain/source-change.ts';
import { sameEntity } from '../comparison/compare-copy.ts';
import type { LocalCopy } from '../comparison/local-copy.ts';
import { allOf, type ControlPlane, keyManagerIds } from './control-plane.ts';
import type { EventOrder } from './event-order.ts';
import type { HubEvent } from './hub-message.ts';
import { policyId, readBlockingCondition, readScope, scopeId } from './read-policy.ts';
import { type RevocationReading, readTokenRevocation } from './read-revocations.ts';
import { keyMappingId, readApplicationEvent, readKeyMapping, readSubscription } from './read-subscriber.ts';
import { type Json, Row } from './row.ts';

/** What an event came to. `reconcile`: everything should be compared soon, since the event alone does not tell. */
export interface Translation {
  readonly changes: readonly SourceChange[];
  readonly reconcile?: boolean;
  /** A short code for an event that cannot be understood; nothing of its content. */
  readonly poison?: string;
}

/** What translating needs. */
export interface TranslationOptions {
  readonly controlPlane: ControlPlane;
  readonly copy: LocalCopy;
  readonly order: EventOrder;
  readonly organization: string;
  readonly gatewayLabels: readonly string[];
  readonly revocations: () => RevocationReading;
}

const NOTHING: Translation = { changes: [] };
const UNCLEAR: Translation = { changes: [], reconcile: true };

type Translate = (hub: HubEvent, options: TranslationOptions) => Translation | Promise<Translation>;

/** By WSO2 `eventType`; others are none of ours. */
const NOTIFICATIONS: Readonly<Record<string, Translate>> = {
  APPLICATION_CREATE: writeApplication,
  APPLICATION_UPDATE: writeApplication,
  APPLICATION_DELETE: remove('application', 'uuid'),
  SUBSCRIPTIONS_CREATE: writeSubscription,
  SUBSCRIPTIONS_UPDATE: writeSubscription,
  SUBSCRIPTIONS_DELETE: remove('subscription', 'subscriptionUUID'),
  APPLICATION_REGISTRATION_CREATE: writeKeyMapping,
  REMOVE_APPLICATION_KEYMAPPING: removeKeyMapping,
  API_CREATE: readApiAnew,
  API_UPDATE: readApiAnew,
  API_LIFECYCLE_CHANGE: readApiAnew,
  API_DELETE: remove('api', 'uuid'),
  DEPLOY_API_IN_GATEWAY: readApiAnew,
  REMOVE_API_FROM_GATEWAY: undeployApi,
  POLICY_CREATE: readPolicyAnew,
  POLICY_UPDATE: readPolicyAnew,
  POLICY_DELETE: readPolicyAnew,
  SCOPE_CREATE: writeScopes,
  SCOPE_UPDATE: writeScopes,
  SCOPES_UPDATE: writeScopes,
  SCOPE_DELETE: writeScopes,
};

/** The changes of an event. Only events of organizations that the control plane speaks for get here. */
export function translateEvent(hub: HubEvent, options: TranslationOptions): Translation | Promise<Translation> {
  switch (hub.topic) {
    case 'keyManager':
      return readKeyManagerAnew(hub, options);
    case 'tokenRevocation':
      return revoke(hub, options);
    case 'throttleData':
      return block(hub, options);
    case 'notification':
      return Object.hasOwn(NOTIFICATIONS, hub.type) ? (NOTIFICATIONS[hub.type]?.(hub, options) ?? NOTHING) : NOTHING;
  }
}

/** Takes a change if its event is newer than what is known of the thing; one that forbids also if only the image may be newer. */
function inOrder(
  change: SourceChange,
  hub: HubEvent,
  { copy, order }: TranslationOptions,
  forbids: boolean,
): Translation {
  const thing = `${change.kind} ${change.id}`;
  const age = order.ageOf(thing, hub.timeMs);
  // The clocks of two control planes differ: what forbids is looked for even where it seems to be undone already.
  if (age === 'older') return forbids ? UNCLEAR : NOTHING;
  if (age === 'before_image' && !forbids) return UNCLEAR;
  if (age === 'same' && !forbids && change.kind === 'subscription') {
    const here = copy.find('subscription', change.id);
    return here !== undefined && change.entity !== null && sameEntity(here, change.entity) ? NOTHING : UNCLEAR;
  }
  order.note(thing, hub.timeMs);
  return { changes: [change], ...(age === 'before_image' ? { reconcile: true } : {}) };
}

function remove(kind: 'application' | 'subscription' | 'api', member: string): Translate {
  return (hub, options) => {
    const row = new Row(hub.event);
    const id = row.text(member);
    return row.wrong === undefined ? inOrder({ kind, id, entity: null }, hub, options, true) : poisoned(row.wrong);
  };
}

function writeApplication(hub: HubEvent, options: TranslationOptions): Translation {
  const id = new Row(hub.event).optionalText('uuid');
  const entity = readApplicationEvent(
    hub.event,
    hub.organization ?? options.organization,
    options.copy.find('application', id),
  );
  return 'wrong' in entity ? poisoned(entity.wrong) : inOrder({ kind: 'application', id, entity }, hub, options, false);
}

/** States in which a subscription never allows a call. */
const FORBIDDING: ReadonlySet<string> = new Set(['BLOCKED', 'ON_HOLD', 'REJECTED']);

function writeSubscription(hub: HubEvent, options: TranslationOptions): Translation {
  const { copy } = options;
  const entity = readSubscription(hub.event);
  if ('wrong' in entity) return poisoned(entity.wrong);
  const { id, apiId, applicationId, state } = entity;
  // Subscriptions of APIs that are not served here come with the API, once it is.
  if (copy.find('api', apiId) === undefined) return NOTHING;
  if (copy.find('application', applicationId) === undefined) return UNCLEAR;
  return inOrder({ kind: 'subscription', id, entity }, hub, options, FORBIDDING.has(state));
}

function writeKeyMapping(hub: HubEvent, options: TranslationOptions): Translation {
  const entity = readKeyMapping(hub.event, keyManagerIdOf(options));
  // Its application or key manager may be on its way.
  if ('wrong' in entity) return entity.wrong === 'keyManager' ? UNCLEAR : poisoned(entity.wrong);
  return inOrder({ kind: 'key_mapping', id: entity.id, entity }, hub, options, false);
}

function removeKeyMapping(hub: HubEvent, options: TranslationOptions): Translation {
  const row = new Row(hub.event);
  const consumerKey = row.text('consumerKey');
  const keyManagerId = keyManagerIdOf(options)(row.text('applicationUUID'), row.text('keyManager'));
  if (row.wrong !== undefined) return poisoned(row.wrong);
  if (keyManagerId === undefined) return UNCLEAR;
  const id = keyMappingId(keyManagerId, consumerKey);
  return inOrder({ kind: 'key_mapping', id, entity: null }, hub, options, true);
}

function keyManagerIdOf({ copy }: TranslationOptions) {
  const idOf = keyManagerIds(allOf(copy, 'key_manager'));
  return (applicationId: string, name: string) => {
    const owner = copy.find('application', applicationId)?.organization;
    return owner === undefined ? undefined : idOf(owner, name);
  };
}

/** Lifecycle states that an event is believed without asking. */
const CLOSING: ReadonlySet<unknown> = new Set(['BLOCKED', 'RETIRED', 'CREATED']);

async function readApiAnew(hub: HubEvent, { controlPlane, copy }: TranslationOptions): Promise<Translation> {
  const row = new Row(hub.event);
  const id = row.text('uuid');
  if (row.wrong !== undefined) return poisoned(row.wrong);
  const before = copy.find('api', id);
  const api = await controlPlane.api(id);
  if ('problem' in api) {
    const status = hub.event['apiStatus'];
    const closed: readonly SourceChange[] =
      before !== undefined && CLOSING.has(status) ? [write({ ...before, lifecycle: status as Lifecycle })] : [];
    return { changes: closed, reconcile: true };
  }
  if (api.value === 'gone') return { changes: before === undefined ? [] : [{ kind: 'api', id, entity: null }] };
  // Subscriptions of an API that is new here are known to nobody yet.
  return { changes: [write(api.value)], reconcile: before === undefined };
}

function undeployApi(hub: HubEvent, options: TranslationOptions): Translation | Promise<Translation> {
  const row = new Row(hub.event);
  const id = row.text('uuid');
  const labels = row.texts('gatewayLabels');
  if (row.wrong !== undefined) return poisoned(row.wrong);
  const isGone = options.gatewayLabels.every((label) => labels.includes(label));
  return isGone ? { changes: [{ kind: 'api', id, entity: null }] } : readApiAnew(hub, options);
}

function write(api: Api): SourceChange {
  return { kind: 'api', id: api.id, entity: api };
}

async function readPolicyAnew(hub: HubEvent, { controlPlane, organization }: TranslationOptions): Promise<Translation> {
  const row = new Row(hub.event);
  const name = row.text('policyName');
  const kind = row.choice('policyType', POLICY_KINDS);
  if (row.wrong !== undefined) return poisoned(row.wrong);
  const found = await controlPlane.policies(kind, name);
  if ('problem' in found) return UNCLEAR;
  const id = policyId(kind, hub.organization ?? organization, name);
  const entity = found.value.find((policy) => policy.id === id) ?? null;
  return { changes: [{ kind: 'policy', id, entity }] };
}

function writeScopes(hub: HubEvent, options: TranslationOptions): Translation {
  const organization = hub.organization ?? options.organization;
  const rows: readonly unknown[] = hub.type === 'SCOPES_UPDATE' ? new Row(hub.event).list('scopes') : [hub.event];
  const changes: SourceChange[] = [];
  let reconcile = false;
  for (const row of rows) {
    const scope = readScope(row, organization);
    if ('wrong' in scope) return poisoned(scope.wrong);
    const isGone = hub.type === 'SCOPE_DELETE';
    const change: SourceChange = {
      kind: 'scope',
      id: scopeId(organization, scope.name),
      entity: isGone ? null : scope,
    };
    const taken = inOrder(change, hub, options, isGone);
    changes.push(...taken.changes);
    reconcile ||= taken.reconcile === true;
  }
  return { changes, reconcile };
}

/** The event carries the key manager, but no time; what is there now is read instead, and only its end is taken at its word. */
async function readKeyManagerAnew(
  hub: HubEvent,
  { controlPlane, copy, organization }: TranslationOptions,
): Promise<Translation> {
  const row = new Row(hub.event);
  const name = row.text('name');
  if (row.wrong !== undefined) return poisoned(row.wrong);
  const owner = hub.organization ?? organization;
  const isMeant = (one: { organization: string; dto: { name: string } }) =>
    one.organization === owner && one.dto.name === name;
  const before = [...allOf(copy, 'key_manager')].filter(isMeant);
  const found = await controlPlane.keyManagers();
  if ('problem' in found) {
    if (hub.type === 'delete')
      return { changes: before.map(({ id }) => ({ kind: 'key_manager', id, entity: null })), reconcile: true };
    const disabled = row.flag('enabled', true) ? [] : before;
    return {
      changes: disabled.map((one) => ({
        kind: 'key_manager',
        id: one.id,
        entity: { ...one, enabled: false, dto: { ...one.dto, enabled: false } },
      })),
      reconcile: true,
    };
  }
  const now = found.value.filter(isMeant);
  const gone = before.filter(({ id }) => !now.some((one) => one.id === id));
  return {
    changes: [
      ...gone.map(({ id }): SourceChange => ({ kind: 'key_manager', id, entity: null })),
      ...now.map((entity): SourceChange => ({ kind: 'key_manager', id: entity.id, entity })),
    ],
    // APIs and keys name key managers; those that named it in vain so far get it now.
    reconcile: now.some(({ id }) => !before.some((one) => one.id === id)),
  };
}

async function revoke({ event }: HubEvent, options: TranslationOptions): Promise<Translation> {
  const { controlPlane, copy, organization, revocations } = options;
  const organizations = [...new Set([organization, ...[...allOf(copy, 'key_manager')].map((one) => one.organization)])];
  const read = readTokenRevocation(event, organizations, revocations());
  if (read.kind === 'other') return NOTHING;
  if (read.kind === 'incomplete') return poisoned(read.field);
  if (read.kind === 'revocations') return { changes: read.entries.map(written) };
  const listed = await controlPlane.revoked(organizations, revocations());
  return 'problem' in listed ? UNCLEAR : { changes: listed.value.map(written) };
}

function written(entity: { readonly id: string }): SourceChange {
  return { kind: 'revocation', id: entity.id, entity } as SourceChange;
}

/** What blocks is taken at its word; that nobody is blocked any more is asked for. */
async function block({ event }: HubEvent, { controlPlane }: TranslationOptions): Promise<Translation> {
  const read = readBlockingCondition(event as Json);
  if (read === null) return NOTHING;
  if ('wrong' in read) return poisoned(read.wrong);
  const { isOn, policy } = read;
  if (!controlPlane.owns(policy.organization)) return NOTHING;
  if (isOn) return { changes: [{ kind: 'deny_policy', id: policy.id, entity: policy }] };
  const listed = await controlPlane.denyPolicies();
  if ('problem' in listed) return UNCLEAR;
  const entity = listed.value.find(({ id }) => id === policy.id) ?? null;
  return { changes: [{ kind: 'deny_policy', id: policy.id, entity }] };
}

function poisoned(wrong: string): Translation {
  return { changes: [], reconcile: true, poison: wrong };
}
