// May this proved client call this resource of this API now? Small checks on local facts, recomputed on every request.

import { isAllowedTo, visibleOrganizationsOf } from '../domain/allowed-organizations.ts';
import type { Api, KeyType, Resource } from '../domain/api.ts';
import { statesNoAudience } from '../domain/audience-gaps.ts';
import { deny, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { AccessRequest } from '../domain/request.ts';
import type { CallingApplication, Subscriber, Subscription } from '../domain/subscriber.ts';
import type { TokenFacts } from '../domain/token.ts';

/** Mandatory schemes that a bearer token satisfies; WSO2's long one means: one of the three must be there. */
const MET_BY_OAUTH2 = new Set(['oauth2_mandatory', 'oauth_basic_auth_api_key_mandatory']);

/** WSO2 security schemes: a mandatory one that nobody checks here denies public resources too; else they ask for nothing. */
export function checkSecurityScheme(api: Api, resource: Resource): Refusal | 'passed' {
  const schemes = api.securityScheme;
  const unmet = schemes.some((scheme) => scheme.endsWith('_mandatory') && !MET_BY_OAUTH2.has(scheme));
  if (unmet) return deny('security_scheme_unsupported', { api: api.name, schemes });
  if (resource.authType === 'None') return 'passed';
  if (schemes.length > 0 && !schemes.includes('oauth2'))
    return deny('security_scheme_unsupported', { api: api.name, schemes });
  // The scopes of a GraphQL operation hide in the body.
  if (api.type === 'GRAPHQL' && api.resources.some(({ scopes }) => scopes.length > 0))
    return deny('api_type_unsupported', { api: api.name, type: api.type });
  return 'passed';
}

/** RFC 8705 §3: a certificate-bound token counts only with that certificate on the connection, never as a plain bearer token. */
export function checkBinding(token: TokenFacts, request: AccessRequest): Refusal | 'passed' {
  if (token.certificateThumbprint === undefined) return 'passed';
  const presented = request.peerCertificateThumbprint();
  if (presented === undefined) return deny('sender_constrained_unsupported', { cnf: 'x5t#S256', certificate: 'none' });
  return presented === token.certificateThumbprint ? 'passed' : deny('certificate_mismatch');
}

/** The audiences for this API and key manager, else the API's, else the key manager's; WSO2's `all` on an API states none. */
export function checkAudience(
  token: TokenFacts,
  api: Api,
  keyManager: KeyManager,
  requireAudience: boolean,
): Refusal | 'passed' {
  const ofPair = Object.hasOwn(api.audiencesByKeyManager, keyManager.id)
    ? (api.audiencesByKeyManager[keyManager.id] ?? [])
    : [];
  const ofApi = statedAudiences(ofPair) ?? statedAudiences(api.audiences) ?? [];
  const expected = ofApi.length > 0 ? ofApi : keyManager.audiences;
  if (expected.length === 0)
    return requireAudience
      ? deny('audience_not_configured', { api: api.name, key_manager: keyManager.name })
      : 'passed';
  if (expected.some((audience) => token.audiences.includes(audience))) return 'passed';
  const evidence = { expected, got: token.audiences };
  return ofApi.length > 0 ? deny('audience_not_accepted', evidence) : deny('key_manager_audience_mismatch', evidence);
}

function statedAudiences(audiences: readonly string[]): readonly string[] | undefined {
  return audiences.length === 0 || statesNoAudience({ audiences }) ? undefined : audiences;
}

/** The application behind the client, and the key type it calls with. */
export interface Caller {
  readonly application: CallingApplication | undefined;
  readonly keyType: KeyType;
  readonly subscription: Subscription | undefined;
}

/** Key mapping → application → subscription; an API without subscription validation takes unknown clients as PRODUCTION. */
export function identifyCaller(
  token: TokenFacts,
  api: Api,
  keyManager: KeyManager,
  subscriber: Subscriber | undefined,
): Caller | Refusal {
  const mapping = subscriber?.mapping ?? undefined;
  const application = subscriber?.application ?? undefined;
  const subscription = subscriber?.subscription ?? undefined;
  // A prototype has one environment; authentication and subscription are asked for as usual.
  const keyType = api.lifecycle === 'PROTOTYPED' ? 'PRODUCTION' : (mapping?.keyType ?? 'PRODUCTION');
  if (application !== undefined && application.state !== 'APPROVED')
    return deny('application_not_approved', { application: application.name, state: application.state });
  // Who has no application counts to the organization that is asked.
  const organization = application?.organization ?? api.organization;
  if (!isAllowedTo(organization, keyManager.allowedOrganizations, keyManager.organization))
    return deny('organization_not_allowed', { organization, by: 'key_manager', key_manager: keyManager.name });
  if (!isAllowedTo(organization, visibleOrganizationsOf(api), api.organization))
    return deny('organization_not_allowed', { organization, by: 'api', api: api.name });
  if (!api.subscriptionValidation) return { application, keyType, subscription };
  if (token.consumerKey === undefined) return deny('client_unknown');
  if (mapping === undefined || application === undefined)
    return deny('application_not_found', { consumer_key: token.consumerKey, dangling: mapping !== undefined });
  if (subscription === undefined)
    return deny('subscription_not_found', { application: application.name, api: api.name, version: api.version });
  return { application, keyType, subscription };
}

/**
 * The route's environment, else that of the API's only kind of endpoint, else production; the key type must be that.
 * A hybrid route takes each key type, unless the API states endpoints and none of its kind.
 */
export function checkEnvironment(request: AccessRequest, api: Api, keyType: KeyType): Refusal | 'passed' {
  const [only, ...more] = api.endpoints;
  const fromRoute = request.environment;
  if (fromRoute === 'HYBRID')
    return only === undefined || api.endpoints.includes(keyType)
      ? 'passed'
      : deny('key_type_without_endpoint', { key_type: keyType, environment: fromRoute });
  const environment = fromRoute ?? (only !== undefined && more.length === 0 ? only : 'PRODUCTION');
  if (environment === keyType) return 'passed';
  const evidence = { key_type: keyType, environment };
  return fromRoute === undefined && only !== undefined && more.length === 0
    ? deny('key_type_without_endpoint', evidence)
    : deny('key_type_not_for_environment', evidence);
}

/** WSO2 subscription states: only the blocked and the inactive ones stop a call. */
export function checkSubscription(caller: Caller, api: Api): Refusal | 'passed' {
  if (!api.subscriptionValidation) return 'passed';
  const { application, subscription } = caller;
  const evidence = { application: application?.name, state: subscription?.state };
  switch (subscription?.state) {
    case 'BLOCKED':
      return deny('subscription_blocked', evidence);
    case 'PROD_ONLY_BLOCKED':
      return caller.keyType === 'SANDBOX' ? 'passed' : deny('subscription_blocked', evidence);
    case 'ON_HOLD':
    case 'REJECTED':
      return deny('subscription_inactive', evidence);
    case 'UNBLOCKED':
    case 'TIER_UPDATE_PENDING':
    case 'DELETE_PENDING':
      return 'passed';
    default:
      return deny('subscription_inactive', evidence);
  }
}

/** Any one of the resource's scopes suffices; of one that names several, all. */
export function checkScopes(token: TokenFacts, resource: Resource): Refusal | 'passed' {
  const has = (needed: string) => needed.split(' ').every((scope) => token.scopes.includes(scope));
  if (resource.scopes.length === 0 || resource.scopes.some(has)) return 'passed';
  return deny('scope_missing', { required: resource.scopes, got: token.scopes });
}
