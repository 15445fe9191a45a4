// The one table of routes and the right that each needs. A route that is not in it cannot be registered.

import type { AdminRight } from '../documents/settings-document.ts';
import type { AdminCaller } from './admin-caller.ts';

/** What a route asks of its caller; `public` asks nothing, `metrics` nothing when the settings say so and else `read`. */
export interface RouteNeed {
  readonly right: AdminRight | 'public' | 'metrics';
  /** Callers with an access token also need one of these scopes, where WSO2 is stricter than the right. */
  readonly scopes?: readonly string[];
}

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';

/** Method and path pattern of every route. */
export const ROUTE_RIGHTS = {
  [`GET ${KEY_MANAGERS}`]: { right: 'read' },
  [`POST ${KEY_MANAGERS}`]: { right: 'write' },
  [`GET ${KEY_MANAGERS}/:id`]: { right: 'read' },
  [`DELETE ${KEY_MANAGERS}/:id`]: { right: 'write', scopes: ['apim:admin', 'apim:admin_operations'] },
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
export function mayUse(caller: AdminCaller, need: RouteNeed): boolean {
  if (need.right === 'public') return true;
  const right = need.right === 'metrics' ? 'read' : need.right;
  if (!caller.rights.includes(right)) return false;
  const { scopes } = caller;
  return need.scopes === undefined || scopes === undefined || need.scopes.some((scope) => scopes.includes(scope));
}

/** Methods that the table has for a concrete path, for `Allow`. */
export function methodsFor(path: string): readonly string[] {
  return Object.keys(ROUTE_RIGHTS).flatMap((key) => {
    const [method = '', pattern = ''] = key.split(' ');
    return matches(pattern, path) ? [method] : [];
  });
}

function matches(pattern: string, path: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return (
    wanted.length === parts.length &&
    wanted.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
  );
}
