// Writes what an organization has as a catalog document: sorted, without ids and without what is a default, so that two exports of one
// content are one text. Secrets are not known here; where one is, the document refers to a variable.

import { stringify } from 'yaml';
import { type Api, UNLIMITED_POLICY } from '../../domain/api.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import type { DenyPolicy, Policy, Scope } from '../../domain/policy.ts';
import type { Application, ApplicationKeyMapping, Subscription } from '../../domain/subscriber.ts';
import { contextsOf } from './api-document.ts';
import { type NamedSecret, referToSecrets } from './refer-to-secrets.ts';

/** Everything of one organization, in any order. */
export interface OrganizationContent {
  readonly organization: string;
  /** With masks where secrets are; opaque tokens are shown to them in the order of their sequence. */
  readonly keyManagers: readonly { readonly id: string; readonly sequence: number; readonly dto: KeyManagerDto }[];
  /** Names of the Global key managers, by id. */
  readonly globalKeyManagers: ReadonlyMap<string, string>;
  readonly policies: readonly Policy[];
  readonly scopes: readonly Scope[];
  readonly apis: readonly Api[];
  readonly applications: readonly Application[];
  readonly keyMappings: readonly ApplicationKeyMapping[];
  readonly subscriptions: readonly Subscription[];
  readonly denyPolicies: readonly DenyPolicy[];
}

/** A document, and the variables that it takes secrets from. */
export interface WrittenCatalog {
  readonly document: Readonly<Record<string, unknown>>;
  readonly secrets: readonly NamedSecret[];
}

/** What a key manager need not say. */
const KEY_MANAGER_DEFAULTS = {
  endpoints: [],
  availableGrantTypes: [],
  enableTokenEncryption: false,
  enableTokenHashing: false,
  enableMapOAuthConsumerApps: false,
  enableOAuthAppCreation: false,
  enableSelfValidationJWT: true,
  claimMapping: [],
  tokenValidation: [],
  enabled: true,
  permissions: { permissionType: 'PUBLIC', roles: [] },
  tokenType: 'DIRECT',
  allowedOrganizations: [],
};

/** What an API need not say. */
const API_DEFAULTS = {
  isDefaultVersion: false,
  hosts: [],
  lifeCycleStatus: 'PUBLISHED',
  type: 'HTTP',
  securityScheme: ['oauth2'],
  audiences: [],
  audiencesByKeyManager: {},
  subscriptionValidation: true,
  authorizationHeader: 'authorization',
  endpoints: [],
  path: { encodedSlash: 'reject', matrixParameters: 'reject' },
  provider: '',
  policy: '',
  extra: {},
};
const OPERATION_DEFAULTS = { authType: 'Any', scopes: [], policy: UNLIMITED_POLICY };
const POLICY_DEFAULTS = { displayName: '', description: '', limits: {}, roles: [] };
const DENY_POLICY_DEFAULTS = { invert: false, enabled: true };
const APPLICATION_DEFAULTS = {
  policy: UNLIMITED_POLICY,
  description: '',
  state: 'APPROVED',
  attributes: {},
  groups: [],
  extra: {},
  keys: [],
  subscriptions: [],
};
const KEY_DEFAULTS = { keyType: 'PRODUCTION', mode: 'MAPPED', extra: {} };
const SUBSCRIPTION_DEFAULTS = { policy: UNLIMITED_POLICY, state: 'UNBLOCKED' };

/** The document of this content. */
export function writeCatalog(content: OrganizationContent): WrittenCatalog {
  const nameOf = keyManagerNames(content);
  const inOrder = content.keyManagers.toSorted((a, b) => a.sequence - b.sequence);
  const { secrets, keyManagers } = referToSecrets(inOrder.map(({ dto }) => dto));
  const document = {
    organization: content.organization,
    policies: sorted(content.policies, ({ kind, name }) => [kind, name]).map(policyOf),
    scopes: sorted(content.scopes, ({ name }) => [name]).map(scopeOf),
    keyManagers: keyManagers.map((keyManager) => without(KEY_MANAGER_DEFAULTS, keyManager)),
    apis: sorted(content.apis, ({ name, version }) => [name, version]).map((api) => apiOf(api, nameOf)),
    applications: applicationsOf(content, nameOf),
    denyPolicies: denyPoliciesOf(content),
  };
  return { document, secrets };
}

/** The document as YAML that reads as the same document. */
export function printCatalog(document: WrittenCatalog['document']): string {
  return stringify(document, { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}

/** A name where it leads to this key manager, else the id. */
function keyManagerNames({ keyManagers, globalKeyManagers }: OrganizationContent): (id: string) => string {
  const own = new Map(keyManagers.map(({ id, dto }) => [id, dto.name]));
  const taken = new Set(own.values());
  return (id) => {
    const global = globalKeyManagers.get(id);
    const name = own.get(id) ?? (global !== undefined && taken.has(global) ? undefined : global) ?? id;
    return name === 'all' ? id : name;
  };
}

function policyOf({ kind, name, displayName, description, limits }: Policy) {
  return { kind, name, ...without(POLICY_DEFAULTS, { displayName, description, limits }) };
}

function scopeOf({ name, displayName, description, roles }: Scope) {
  return { name, ...without(POLICY_DEFAULTS, { displayName, description, roles }) };
}

function apiOf(api: Api, nameOf: (id: string) => string) {
  const { name, version, lifecycle, keyManagers, resources, audiencesByKeyManager } = api;
  const { hosts, type, securityScheme, audiences, subscriptionValidation, authorizationHeader, endpoints, path } = api;
  const { provider, policy, extra } = api;
  const expected = Object.entries(audiencesByKeyManager).map(([id, list]) => [nameOf(id), list] as const);
  const rest = {
    ...{ hosts, lifeCycleStatus: lifecycle, type, securityScheme, audiences },
    audiencesByKeyManager: Object.fromEntries(sorted(expected, ([at]) => [at])),
    ...{ subscriptionValidation, authorizationHeader, endpoints, path, provider, policy, extra },
  };
  return {
    name,
    version,
    ...contextOf(api),
    keyManagers: keyManagers === 'all' ? ['all'] : keyManagers.map(nameOf),
    ...without(API_DEFAULTS, rest),
    operations: resources.map(({ verb, template, ...operation }) => {
      const { authType, scopes, policy: ofOperation } = operation;
      return { verb, target: template, ...without(OPERATION_DEFAULTS, { authType, scopes, policy: ofOperation }) };
    }),
  };
}

/** The context as Publisher would write it, where there is such a one. */
function contextOf({ context, version, defaultVersionContext }: Api) {
  const segments = context.split('/');
  const written = [
    ...(segments.at(-1) === version ? [segments.slice(0, -1).join('/') || '/'] : []),
    segments.map((segment) => (segment === version ? '{version}' : segment)).join('/'),
  ];
  const isDefaultVersion = defaultVersionContext !== null;
  const reads = (candidate: string, wholeContext: boolean) =>
    contextsOf({ context: candidate, version, wholeContext, isDefaultVersion });
  const textOf = (read: ReturnType<typeof contextsOf>['inDefault']) => (read && 'text' in read ? read.text : undefined);
  const found = written.find((candidate) => textOf(reads(candidate, false).inContext) === context);
  const { inDefault } = reads(found ?? context, found === undefined);
  return {
    context: found ?? context,
    ...(found === undefined && { wholeContext: true }),
    ...(isDefaultVersion && { isDefaultVersion }),
    ...(isDefaultVersion && textOf(inDefault) !== defaultVersionContext && { defaultVersionContext }),
  };
}

function applicationsOf(content: OrganizationContent, nameOf: (id: string) => string) {
  const apis = new Map(content.apis.map((api) => [api.id, api]));
  const keys = Map.groupBy(content.keyMappings, ({ applicationId }) => applicationId);
  const subscriptions = Map.groupBy(content.subscriptions, ({ applicationId }) => applicationId);
  return sorted(content.applications, ({ name, owner }) => [name, owner]).map((application) => {
    const { id, name, owner, policy, description, state, attributes, groups, extra } = application;
    const ownKeys = (keys.get(id) ?? []).map(({ keyManagerId, consumerKey, keyType, mode, extra: ofKey }) => ({
      keyManager: nameOf(keyManagerId),
      consumerKey,
      ...without(KEY_DEFAULTS, { keyType, mode, extra: ofKey }),
    }));
    const own = (subscriptions.get(id) ?? []).flatMap(({ apiId, policy: ofApi, state: at }) => {
      const api = apis.get(apiId);
      const fields = without(SUBSCRIPTION_DEFAULTS, { policy: ofApi, state: at });
      return api === undefined ? [] : [{ api: api.name, version: api.version, ...fields }];
    });
    const whole = { policy, description, state, attributes, groups, extra };
    return {
      name,
      owner,
      ...without(APPLICATION_DEFAULTS, {
        ...whole,
        keys: sorted(ownKeys, ({ keyManager, consumerKey }) => [keyManager, consumerKey]),
        subscriptions: sorted(own, ({ api, version }) => [api, version]),
      }),
    };
  });
}

/** An id of a subscription means nothing elsewhere: what it stands for is written, for both key types. */
function denyPoliciesOf({ denyPolicies, subscriptions, applications, apis }: OrganizationContent) {
  const byId = new Map(subscriptions.map((subscription) => [subscription.id, subscription]));
  const values = ({ type, value }: DenyPolicy): readonly string[] => {
    const subscription = type === 'SUBSCRIPTION' ? byId.get(value) : undefined;
    const api = apis.find(({ id }) => id === subscription?.apiId);
    const application = applications.find(({ id }) => id === subscription?.applicationId);
    if (api === undefined || application === undefined) return [value];
    const name = `${api.context}:${api.version}:${application.owner}-${application.name}`;
    return [`${name}:PRODUCTION`, `${name}:SANDBOX`];
  };
  const written = denyPolicies.flatMap((policy) => {
    const { type, invert, enabled } = policy;
    return values(policy).map((value) => ({ type, value, ...without(DENY_POLICY_DEFAULTS, { invert, enabled }) }));
  });
  return sorted(written, (policy) => [policy.type, policy.value, String('invert' in policy)]);
}

/** The members that say something, in the order of the fields. */
function without<T extends object>(defaults: object, fields: T): Partial<T> {
  const standard = new Map(Object.entries(defaults));
  const said = Object.entries(fields).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(standard.get(name)),
  );
  return Object.fromEntries(said) as Partial<T>;
}

/** By code units, which are the same everywhere. */
function sorted<T>(items: readonly T[], keyOf: (item: T) => readonly string[]): readonly T[] {
  const keyed = items.map((item) => ({ item, key: JSON.stringify(keyOf(item)) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ item }) => item);
}
