// Entities in the form of WSO2's internal data API, for gateways that know nothing of this program: WSO2's names and types to the
// letter, numbers where it has numbers, texts with commas where it has those. No secret is in any of them.

import { type Api, DEFAULT_ORGANIZATION } from '../../domain/api.ts';
import type { TravellingKeyManager } from '../../domain/change.ts';
import { ENDPOINT_NAMES } from '../../domain/key-manager-endpoints.ts';
import type { DenyPolicy, Policy, Scope } from '../../domain/policy.ts';
import { SECRET_MASK } from '../../domain/secret-fields.ts';
import type { Application, ApplicationKeyMapping, Subscription } from '../../domain/subscriber.ts';

/** WSO2's `tenantId` of the super tenant, and of one whose number nothing here knows. */
const SUPER_TENANT_ID = -1234;
const UNKNOWN_TENANT_ID = -1;

/** A row of `/apis`. */
export function apiItem(api: Api) {
  const { id, number, provider, name, version, context, policy, type, lifecycle, organization } = api;
  return {
    ...api.extra,
    uuid: id,
    apiId: number,
    provider,
    name,
    version,
    context,
    contextTemplate: context.endsWith(`/${version}`) ? `${context.slice(0, -version.length)}{version}` : context,
    policy,
    apiType: type,
    status: lifecycle,
    organization,
    isDefaultVersion: api.defaultVersionContext !== null,
    securityScheme: api.securityScheme.join(','),
    isSubscriptionValidationDisabled: !api.subscriptionValidation,
    urlMappings: api.resources.map((resource) => ({
      authScheme: resource.authType,
      throttlingPolicy: resource.policy,
      httpMethod: resource.verb,
      urlPattern: resource.template,
      scopes: resource.scopes,
    })),
  };
}

/** A row of `/applications`. Owners have no number here. */
export function applicationItem(application: Application) {
  const { id, number, name, owner, policy, organization, attributes, groups, extra } = application;
  return {
    tokenType: 'JWT',
    ...extra,
    id: number,
    uuid: id,
    name,
    subId: 0,
    subName: owner,
    policy,
    organization,
    groupIds: groups.map((groupId) => ({ groupId, applicationId: number })),
    attributes,
  };
}

/** A row of `/application-key-mappings`. */
export function keyMappingItem(
  { consumerKey, keyType }: ApplicationKeyMapping,
  keyManager: string,
  application: { readonly id: string; readonly number: number },
) {
  return {
    consumerKey,
    keyType,
    keyManager,
    applicationId: application.number,
    applicationUUID: application.id,
  };
}

/** What a row of `/subscriptions` says of its API. */
export type SubscribedApi = Pick<Api, 'id' | 'number' | 'name' | 'version' | 'organization'>;
/** What it says of its application. */
export type SubscribingApplication = Pick<Application, 'id' | 'number' | 'organization'>;

/** A row of `/subscriptions`. An event about it, whenever it was made, is younger. */
export function subscriptionItem(
  { id, number, policy, state }: Subscription,
  api: SubscribedApi,
  application: SubscribingApplication,
) {
  return {
    subscriptionId: number,
    subscriptionUUID: id,
    policyId: policy,
    apiId: api.number,
    apiUUID: api.id,
    apiName: api.name,
    apiVersion: api.version,
    apiOrganization: api.organization,
    appId: application.number,
    applicationUUID: application.id,
    applicationOrganization: application.organization,
    subscriptionState: state,
    timeStamp: 0,
  };
}

/** A row of one of the lists of policies. */
export function policyItem({ number, organization, name, displayName, description, limits }: Policy) {
  const tenantId = organization === DEFAULT_ORGANIZATION ? SUPER_TENANT_ID : UNKNOWN_TENANT_ID;
  return { ...limits, id: number, tenantId, tenantDomain: organization, name, displayName, description };
}

/** A row of `/scopes`. */
export function scopeItem({ name, displayName, description, roles }: Scope) {
  return { name, displayName, description, roles };
}

/** A row of `/keymanagers`: everything but a few members lies in `additionalProperties`, under the names that WSO2 stores it by. */
export function keyManagerItem({ id, organization, enabled, dto }: TravellingKeyManager) {
  const stored: Record<string, unknown> = Object.fromEntries(
    Object.entries(dto.additionalProperties ?? {}).filter(([, value]) => value !== SECRET_MASK),
  );
  const put = (name: string, value: unknown) => {
    if (value !== undefined && value !== null) stored[name] = value;
  };
  for (const [field, name] of Object.entries(ENDPOINT_NAMES)) put(name, dto[field as keyof typeof ENDPOINT_NAMES]);
  put('well_known_endpoint', dto.wellKnownEndpoint);
  put('issuer', dto.issuer);
  put('consumer_key_claim', dto.consumerKeyClaim);
  put('scopes_claim', dto.scopesClaim);
  put('enable_token_generation', dto.enableTokenGeneration);
  put('enable_token_encryption', dto.enableTokenEncryption);
  put('enable_token_hash', dto.enableTokenHashing);
  put('enable_map_oauth_consumer_apps', dto.enableMapOAuthConsumerApps);
  put('enable_oauth_app_creation', dto.enableOAuthAppCreation);
  put('self_validate_jwt', dto.enableSelfValidationJWT);
  put('certificate_type', dto.certificates?.type);
  put('certificate_value', dto.certificates?.value);
  put('claim_mappings', dto.claimMapping);
  put('grant_types', dto.availableGrantTypes);
  if (dto.tokenValidation !== undefined) put('token_format_string', JSON.stringify(dto.tokenValidation));
  return {
    uuid: id,
    name: dto.name,
    displayName: dto.displayName,
    description: dto.description,
    type: dto.type,
    enabled,
    organization,
    alias: dto.alias,
    permissions: dto.permissions,
    allowedOrganizations: dto.allowedOrganizations,
    tokenType: dto.tokenType ?? 'DIRECT',
    additionalProperties: stored,
  };
}

/** `/block`, of the deny policies that are on. */
export function blockList(policies: readonly DenyPolicy[]) {
  const on = policies.filter(({ enabled }) => enabled);
  const valuesOf = (type: DenyPolicy['type']) => on.flatMap((one) => (one.type === type ? [one.value] : []));
  return {
    api: valuesOf('API'),
    application: valuesOf('APPLICATION'),
    user: valuesOf('USER'),
    subscription: valuesOf('SUBSCRIPTION'),
    custom: [],
    ip: on.flatMap(({ type, value, invert, number, organization }) => {
      if (type !== 'IP' && type !== 'IPRANGE') return [];
      const [startingIp, endingIp] = value.split('-');
      const addresses = type === 'IP' ? { fixedIp: value } : { startingIp, endingIp };
      return [{ type, ...addresses, invert, id: number, tenantDomain: organization }];
    }),
  };
}
