// The one table of routes and the right that each needs. A route that is not in it cannot be registered.

import type { AdminRight } from '../documents/settings-document.ts';
import type { AdminCaller } from './admin-caller.ts';

/** What a route asks of its caller; `public` asks nothing, `metrics` nothing when the settings say so and else `read`. */
export interface RouteNeed {
  readonly right: AdminRight | 'public' | 'metrics';
  /** Callers with an access token also need one of these scopes, where WSO2 is stricter than the right. */
  readonly scopes?: readonly string[];
  /** Only for callers of the super tenant. */
  readonly superTenant?: true;
  /** The credential may come by HTTP Basic too, as WSO2's key managers send it. */
  readonly basic?: true;
}

const ADMIN = '/api/am/admin/v4';
/** WSO2's data API for its own parts; key managers post their events there. */
export const INTERNAL_DATA = '/internal/data/v1';

/** WSO2's scopes of the operations that are not for whoever only manages key managers. */
const ADMIN_SCOPES = ['apim:admin', 'apim:admin_operations'] as const;

/** Method and path pattern of every route. */
export const ROUTE_RIGHTS = {
  [`GET ${ADMIN}/key-managers`]: { right: 'read' },
  [`POST ${ADMIN}/key-managers`]: { right: 'write' },
  [`POST ${ADMIN}/key-managers/discover`]: { right: 'write' },
  [`GET ${ADMIN}/key-managers/:id`]: { right: 'read' },
  [`PUT ${ADMIN}/key-managers/:id`]: { right: 'write' },
  [`DELETE ${ADMIN}/key-managers/:id`]: { right: 'write', scopes: ADMIN_SCOPES },
  [`GET ${ADMIN}/key-managers/:id/api-usages`]: { right: 'read', scopes: ADMIN_SCOPES },
  [`GET ${ADMIN}/key-managers/:id/app-usages`]: { right: 'read', scopes: ADMIN_SCOPES },
  [`POST ${ADMIN}/key-managers/:id/test`]: { right: 'write' },
  [`GET ${ADMIN}/key-manager-types`]: { right: 'read' },
  [`GET ${ADMIN}/global-key-managers`]: { right: 'read', superTenant: true },
  [`POST ${ADMIN}/global-key-managers`]: { right: 'write', superTenant: true },
  [`GET ${ADMIN}/global-key-managers/:id`]: { right: 'read', superTenant: true },
  [`PUT ${ADMIN}/global-key-managers/:id`]: { right: 'write', superTenant: true },
  [`DELETE ${ADMIN}/global-key-managers/:id`]: { right: 'write', superTenant: true, scopes: ADMIN_SCOPES },
  'GET /revocations': { right: 'revoke' },
  'POST /revocations': { right: 'revoke' },
  'GET /revocations/:id': { right: 'revoke' },
  'DELETE /revocations/:id': { right: 'revoke' },
  [`POST ${INTERNAL_DATA}/notify`]: { right: 'revoke', basic: true },
  [`GET ${INTERNAL_DATA}/revokedjwt`]: { right: 'revoke', basic: true },
  'GET /jwks': { right: 'public' },
  'GET /backend-jwt-keys': { right: 'keys', superTenant: true },
  'POST /backend-jwt-keys': { right: 'keys', superTenant: true },
  'GET /audit': { right: 'read', scopes: ADMIN_SCOPES },
  'GET /metrics': { right: 'metrics' },
  'GET /healthz': { right: 'public' },
  'GET /readyz': { right: 'public' },
} as const satisfies Record<string, RouteNeed>;

/** What the route needs; undefined for a route that is not in the table. */
export function needOf(method: string, pattern: string): RouteNeed | undefined {
  const key = `${method} ${pattern}`;
  return Object.hasOwn(ROUTE_RIGHTS, key) ? ROUTE_RIGHTS[key as keyof typeof ROUTE_RIGHTS] : undefined;
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
  if (!caller.rights.includes(right)) return false;
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
