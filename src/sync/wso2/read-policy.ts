// Throttling policies, scopes and deny policies from WSO2's rows and events. None of them has an id there that tells it from all others.

import { DEFAULT_ORGANIZATION } from '../../domain/api.ts';
import type { DenyPolicy, DenyPolicyType, Policy, PolicyKind, Scope } from '../../domain/policy.ts';
import { type Json, Row, type UnusableRow } from './row.ts';
import { stableId, stableNumber } from './stable-id.ts';

/** The lists of policies, by what the policies are for. */
export const POLICY_LISTS: Readonly<Record<PolicyKind, string>> = {
  SUBSCRIPTION: 'subscription-policies',
  APPLICATION: 'application-policies',
  API: 'api-policies',
};

/** The id of a policy of this name. */
export function policyId(kind: PolicyKind, organization: string, name: string): string {
  return stableId('policy', kind, organization, name);
}

/** A row of one of the lists of policies. */
export function readPolicy(json: unknown, kind: PolicyKind, tenant: string): Policy | UnusableRow {
  const row = new Row(json);
  const organization = row.optionalText('tenantDomain') || tenant;
  const name = row.text('name');
  const id = policyId(kind, organization, name);
  return row.done<Policy>({
    id,
    // WSO2 counts each kind by itself.
    number: stableNumber(id),
    organization,
    kind,
    name,
    displayName: row.optionalText('displayName') || name,
    description: row.optionalText('description'),
    limits: row.rest(['tenantId', 'tenantDomain', 'name', 'displayName', 'description']),
    version: 1,
  });
}

/** The id of a scope of this name. */
export function scopeId(organization: string, name: string): string {
  return stableId('scope', organization, name);
}

/** A row of `/scopes`, or a SCOPE_CREATE or SCOPE_UPDATE event. */
export function readScope(json: unknown, organization: string): Scope | UnusableRow {
  const row = new Row(json);
  const name = row.text('name');
  return row.done<Scope>({
    id: scopeId(organization, name),
    organization,
    name,
    displayName: row.optionalText('displayName') || name,
    description: row.optionalText('description'),
    roles: row.texts('roles'),
    version: 1,
  });
}

/** The members of `/block` that are lists of values, by what they name. */
const BLOCK_LISTS: Readonly<Record<string, DenyPolicyType>> = {
  api: 'API',
  application: 'APPLICATION',
  user: 'USER',
  subscription: 'SUBSCRIPTION',
};

/**
 * The deny policies of `/block`, which lists what is on. One that cannot be read makes all of it unusable: whoever it keeps out would
 * come in without it, while without a new list the policies that are here go on ruling.
 */
export function readBlockList(json: unknown): readonly DenyPolicy[] | UnusableRow {
  const row = new Row(json);
  const found: DenyPolicy[] = [];
  const itemsOf = (member: string): readonly unknown[] => {
    const value = row.raw(member) ?? [];
    if (!Array.isArray(value)) row.refuse(member);
    return Array.isArray(value) ? value : [];
  };
  for (const [member, type] of Object.entries(BLOCK_LISTS))
    for (const value of itemsOf(member))
      if (typeof value === 'string' && value !== '')
        found.push(denyPolicy(type, value, organizationOf(type, value), null));
      else row.refuse(member);
  for (const item of itemsOf('ip')) {
    const address = readAddresses(new Row(item));
    if ('wrong' in address) row.refuse(`ip.${address.wrong}`);
    else found.push(address);
  }
  return row.done(found);
}

/** The blocking condition of a `throttleData` event; null where the event is about something else. */
export function readBlockingCondition(
  event: Json,
): { readonly policy: DenyPolicy; readonly isOn: boolean } | UnusableRow | null {
  const type = event['blockingCondition'];
  if (type === undefined || type === 'CUSTOM') return null;
  const row = new Row(event);
  const isOn = row.flag('state', false);
  if (type === 'IP' || type === 'IPRANGE') {
    const value = parsed(row.text('conditionValue'));
    const described = typeof value === 'string' ? { fixedIp: value } : value;
    const policy = readAddresses(
      new Row({ ...(described as Json | undefined), type, tenantDomain: event['tenantDomain'], id: event['id'] }),
    );
    return 'wrong' in policy ? policy : { policy, isOn };
  }
  const kind = Object.values(BLOCK_LISTS).find((known) => known === type);
  if (kind === undefined) row.refuse('blockingCondition');
  const value = row.text('conditionValue');
  return row.done({ policy: denyPolicy(kind ?? 'API', value, organizationOf(kind ?? 'API', value), null), isOn });
}

function readAddresses(row: Row): DenyPolicy | UnusableRow {
  const organization = row.optionalText('tenantDomain') || DEFAULT_ORGANIZATION;
  const number = row.whole('id');
  const invert = row.flag('invert', false);
  const isRange = row.optionalText('startingIp') !== '';
  const value = isRange ? `${row.text('startingIp')}-${row.text('endingIp')}` : row.text('fixedIp');
  return row.done<DenyPolicy>({
    ...denyPolicy(isRange ? 'IPRANGE' : 'IP', value, organization, number),
    invert,
  });
}

/** WSO2 tells conditions on addresses apart by number, and all others by what they name. */
function denyPolicy(type: DenyPolicyType, value: string, organization: string, number: number | null): DenyPolicy {
  const id = number === null ? stableId('deny_policy', type, value) : stableId('deny_policy', 'IP', String(number));
  return {
    id,
    number: number ?? stableNumber(id),
    organization,
    type,
    value,
    invert: false,
    enabled: true,
    version: 1,
  };
}

/** `/block` lists all tenants' conditions without saying whose they are; contexts and user names do. */
function organizationOf(type: DenyPolicyType, value: string): string {
  if (type === 'API' || type === 'SUBSCRIPTION') return /^\/t\/([^/]+)\//.exec(value)?.[1] ?? DEFAULT_ORGANIZATION;
  const user = type === 'APPLICATION' ? (value.split(':')[0] ?? '') : value;
  return user.includes('@') ? user.slice(user.lastIndexOf('@') + 1) : DEFAULT_ORGANIZATION;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
