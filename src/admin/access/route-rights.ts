// The one table of routes and the right that each needs. A route that is not in it cannot be registered.

import type { AdminRight } from '../../documents/settings/settings-document.ts';
import type { AdminCaller } from './admin-caller.ts';

/** What a route asks of its caller; `public` asks nothing, `metrics` nothing when the settings say so and else `read`. */
export interface RouteNeed {
  readonly right: AdminRight | 'public' | 'metrics';
  /** Callers with an access token also need one of these scopes, where WSO2 is stricter than the right. */
  readonly scopes?: readonly string[];
  /** Callers with this right may use it too. */
  readonly also?: AdminRight;
  /** It may be used on a follower, which refuses all other writes. */
  readonly onFollowers?: true;
  /** Only for callers of the super tenant. */
  readonly superTenant?: true;
  /** The credential may come by HTTP Basic too, as WSO2's key managers send it. */
  readonly basic?: true;
}

/** Where WSO2's admin API lives. */
export const ADMIN = '/api/am/admin/v4';
/** Where WSO2's Publisher API lives. */
export const PUBLISHER = '/api/am/publisher/v4';
/** Where WSO2's developer portal API lives. */
export const PORTAL = '/api/am/devportal/v3';
/** WSO2's data API for its own parts; key managers post their events there. */
export const INTERNAL_DATA = '/internal/data/v1';

/** WSO2's scopes of the operations that are not for whoever only manages key managers. */
const ADMIN_SCOPES = ['apim:admin', 'apim:admin_operations'] as const;

const MANAGE_KEY_MANAGERS = [...ADMIN_SCOPES, 'apim:keymanagers_manage'];
const VIEW_APIS = [...ADMIN_SCOPES, 'apim:api_view', 'apim:api_create', 'apim:api_publish', 'apim:api_manage'];
const CREATE_APIS = [...ADMIN_SCOPES, 'apim:api_create', 'apim:api_manage'];
const CHANGE_APIS = [...CREATE_APIS, 'apim:api_publish'];
/** WSO2's scopes of who may change an API's lifecycle. */
export const PUBLISH_APIS: readonly string[] = [...ADMIN_SCOPES, 'apim:api_publish', 'apim:api_manage'];
const DELETE_APIS = [...ADMIN_SCOPES, 'apim:api_delete', 'apim:api_manage'];
const IMPORT_APIS = [...CREATE_APIS, 'apim:api_import_export'];
const SHARE_SCOPES = [...ADMIN_SCOPES, 'apim:shared_scope_manage'];
const BLOCK_SUBSCRIPTIONS = [...ADMIN_SCOPES, 'apim:subscription_block', 'apim:subscription_manage'];
const VIEW_SUBSCRIPTIONS = [...BLOCK_SUBSCRIPTIONS, 'apim:subscription_view'];
const USE_PORTAL = [...ADMIN_SCOPES, 'apim:subscribe'];
const APPLICATIONS = [...USE_PORTAL, 'apim:app_manage'];
const SUBSCRIPTIONS = [...USE_PORTAL, 'apim:sub_manage'];
const MANAGE_DENIALS = [...ADMIN_SCOPES, 'apim:bl_manage'];
const VIEW_DENIALS = [...MANAGE_DENIALS, 'apim:bl_view'];
const MANAGE_TIERS = [...ADMIN_SCOPES, 'apim:tier_manage'];
const VIEW_TIERS = [...MANAGE_TIERS, 'apim:tier_view'];

/** The five routes of a collection of WSO2's, at a path. */
function collection<const P extends string>(path: P, view: RouteNeed, manage: RouteNeed, remove: RouteNeed = manage) {
  return {
    [`GET ${path}`]: view,
    [`POST ${path}`]: manage,
    [`GET ${path}/:id`]: view,
    [`PUT ${path}/:id`]: manage,
    [`DELETE ${path}/:id`]: remove,
  };
}

/** Method and path pattern of every route. */
export const ROUTE_RIGHTS: Readonly<Record<string, RouteNeed>> = {
  ...collection(
    `${ADMIN}/key-managers`,
    { right: 'read', scopes: MANAGE_KEY_MANAGERS },
    { right: 'write', scopes: MANAGE_KEY_MANAGERS },
    { right: 'write', scopes: ADMIN_SCOPES },
  ),
  [`POST ${ADMIN}/key-managers/discover`]: { right: 'write', scopes: MANAGE_KEY_MANAGERS, onFollowers: true },
  [`GET ${ADMIN}/key-managers/:id/api-usages`]: { right: 'read', scopes: ADMIN_SCOPES },
  [`GET ${ADMIN}/key-managers/:id/app-usages`]: { right: 'read', scopes: ADMIN_SCOPES },
  [`POST ${ADMIN}/key-managers/:id/test`]: { right: 'write', scopes: MANAGE_KEY_MANAGERS, onFollowers: true },
  [`GET ${ADMIN}/key-manager-types`]: { right: 'read', scopes: MANAGE_KEY_MANAGERS },
  ...collection(
    `${ADMIN}/global-key-managers`,
    { right: 'read', superTenant: true, scopes: MANAGE_KEY_MANAGERS },
    { right: 'write', superTenant: true, scopes: MANAGE_KEY_MANAGERS },
    { right: 'write', superTenant: true, scopes: ADMIN_SCOPES },
  ),
  ...collection(
    `${PUBLISHER}/apis`,
    { right: 'read', scopes: VIEW_APIS },
    { right: 'write', scopes: CREATE_APIS },
    { right: 'write', scopes: DELETE_APIS },
  ),
  [`PUT ${PUBLISHER}/apis/:id`]: { right: 'write', scopes: CHANGE_APIS },
  [`GET ${PUBLISHER}/apis/:id/lifecycle-state`]: { right: 'read', scopes: VIEW_APIS },
  [`POST ${PUBLISHER}/apis/change-lifecycle`]: { right: 'write', scopes: PUBLISH_APIS },
  [`POST ${PUBLISHER}/apis/import-openapi`]: { right: 'write', scopes: IMPORT_APIS },
  ...collection(
    `${PUBLISHER}/scopes`,
    { right: 'read', scopes: [...VIEW_APIS, ...SHARE_SCOPES] },
    { right: 'write', scopes: SHARE_SCOPES },
  ),
  [`GET ${PUBLISHER}/subscriptions`]: { right: 'read', scopes: VIEW_SUBSCRIPTIONS },
  [`POST ${PUBLISHER}/subscriptions/block-subscription`]: { right: 'write', scopes: BLOCK_SUBSCRIPTIONS },
  [`POST ${PUBLISHER}/subscriptions/unblock-subscription`]: { right: 'write', scopes: BLOCK_SUBSCRIPTIONS },
  [`GET ${PORTAL}/apis`]: { right: 'keys', scopes: USE_PORTAL },
  [`GET ${PORTAL}/apis/:id`]: { right: 'keys', scopes: USE_PORTAL },
  [`GET ${PORTAL}/key-managers`]: { right: 'keys', scopes: APPLICATIONS },
  [`GET ${PORTAL}/throttling-policies/:id`]: { right: 'keys', scopes: USE_PORTAL },
  ...collection(
    `${PORTAL}/applications`,
    { right: 'keys', scopes: APPLICATIONS },
    { right: 'keys', scopes: APPLICATIONS },
  ),
  [`POST ${PORTAL}/applications/:id/map-keys`]: { right: 'keys', scopes: APPLICATIONS },
  [`POST ${PORTAL}/applications/:id/generate-keys`]: { right: 'keys', scopes: APPLICATIONS },
  [`GET ${PORTAL}/applications/:id/oauth-keys`]: { right: 'keys', scopes: APPLICATIONS },
  [`GET ${PORTAL}/applications/:id/oauth-keys/:keyMappingId`]: { right: 'keys', scopes: APPLICATIONS },
  [`PUT ${PORTAL}/applications/:id/oauth-keys/:keyMappingId`]: { right: 'keys', scopes: APPLICATIONS },
  [`DELETE ${PORTAL}/applications/:id/oauth-keys/:keyMappingId`]: { right: 'keys', scopes: APPLICATIONS },
  ...collection(
    `${PORTAL}/subscriptions`,
    { right: 'keys', scopes: SUBSCRIPTIONS },
    { right: 'keys', scopes: SUBSCRIPTIONS },
  ),
  [`GET ${ADMIN}/throttling/deny-policies`]: { right: 'read', scopes: VIEW_DENIALS },
  [`POST ${ADMIN}/throttling/deny-policies`]: { right: 'write', scopes: MANAGE_DENIALS },
  [`GET ${ADMIN}/throttling/deny-policy/:id`]: { right: 'read', scopes: VIEW_DENIALS },
  [`PATCH ${ADMIN}/throttling/deny-policy/:id`]: { right: 'write', scopes: MANAGE_DENIALS },
  [`DELETE ${ADMIN}/throttling/deny-policy/:id`]: { right: 'write', scopes: MANAGE_DENIALS },
  ...Object.assign(
    {},
    ...['application', 'subscription', 'advanced'].map((kind) =>
      collection(
        `${ADMIN}/throttling/policies/${kind}`,
        { right: 'read', scopes: VIEW_TIERS },
        { right: 'write', scopes: MANAGE_TIERS },
      ),
    ),
  ),
  'GET /revocations': { right: 'revoke' },
  'POST /revocations': { right: 'revoke' },
  'GET /revocations/:id': { right: 'revoke' },
  'DELETE /revocations/:id': { right: 'revoke' },
  [`POST ${INTERNAL_DATA}/notify`]: { right: 'revoke', basic: true },
  [`GET ${INTERNAL_DATA}/revokedjwt`]: { right: 'revoke', also: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/apis`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/applications`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/subscriptions`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/application-key-mappings`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/subscription-policies`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/application-policies`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/api-policies`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/scopes`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/keymanagers`]: { right: 'sync', basic: true },
  [`GET ${INTERNAL_DATA}/block`]: { right: 'sync', basic: true },
  'GET /sync/snapshot': { right: 'sync', superTenant: true },
  'GET /sync/changes': { right: 'sync', superTenant: true },
  'POST /sync/position': { right: 'sync', superTenant: true },
  'POST /sync/revocations': { right: 'sync', superTenant: true },
  'GET /sync/digest': { right: 'sync', superTenant: true },
  'GET /sync/status': { right: 'read', also: 'sync', scopes: ADMIN_SCOPES },
  'POST /sync/confirm': { right: 'write', onFollowers: true, superTenant: true, scopes: ADMIN_SCOPES },
  'GET /jwks': { right: 'public' },
  'GET /backend-jwt-keys': { right: 'keys', superTenant: true, scopes: ADMIN_SCOPES },
  'POST /backend-jwt-keys': { right: 'keys', superTenant: true, scopes: ADMIN_SCOPES, onFollowers: true },
  'GET /catalog': { right: 'read', scopes: ADMIN_SCOPES },
  'POST /catalog': { right: 'write', scopes: ADMIN_SCOPES },
  'GET /audit': { right: 'read', scopes: ADMIN_SCOPES },
  'GET /metrics': { right: 'metrics', scopes: MANAGE_KEY_MANAGERS },
  'GET /healthz': { right: 'public' },
  'GET /readyz': { right: 'public' },
};

/** What the route needs; undefined for a route that is not in the table. */
export function needOf(method: string, pattern: string): RouteNeed | undefined {
  const key = `${method} ${pattern}`;
  return Object.hasOwn(ROUTE_RIGHTS, key) ? ROUTE_RIGHTS[key] : undefined;
}

/** Throws for a route without a row: it would be open to everyone. */
export function demandRow(method: string | readonly string[], pattern: string): void {
  for (const one of [method].flat())
    if (needOf(one, pattern) === undefined) throw new Error(`${one} ${pattern} has no row in ROUTE_RIGHTS`);
}

/** True when the caller may use the route. */
export function mayUse(caller: AdminCaller, need: RouteNeed, superTenant: string): boolean {
  if (need.right === 'public') return true;
  const right = need.right === 'metrics' ? 'read' : need.right;
  if (!caller.rights.some((one) => one === right || one === need.also)) return false;
  if (need.superTenant === true && caller.organization !== superTenant) return false;
  const { scopes } = caller;
  return need.scopes === undefined || scopes === undefined || need.scopes.some((scope) => scopes.includes(scope));
}

/** Methods that the table has for a concrete path, for `Allow`. */
export function methodsFor(path: string): readonly string[] {
  const methods = Object.keys(ROUTE_RIGHTS).flatMap((key) => {
    const [method = '', pattern = ''] = key.split(' ');
    return matches(pattern, path) ? [method] : [];
  });
  return [...new Set(methods)];
}

function matches(pattern: string, path: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return (
    wanted.length === parts.length &&
    wanted.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}
