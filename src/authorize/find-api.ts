// Which API, and which resource of it, is asked for. Envoy's own configuration first, then host and path; never a header.

import { type Api, type Resource, VERBS } from '../domain/api.ts';
import { deny, type Refusal } from '../domain/decision.ts';
import { type PlainPath, readPath } from '../domain/path.ts';
import type { AccessRequest, ApiReference } from '../domain/request.ts';
import { type ApiMatch, belowContext, findApi, findResource, nameKey, type Router } from '../domain/router.ts';

const PASSED_ON = new Set<string>(VERBS);

/** Refuses methods that tunnel or echo (CONNECT, TRACE) and unknown ones, before the path is looked at: CONNECT has none. */
export function checkMethod(request: AccessRequest): Refusal | 'passed' {
  return PASSED_ON.has(request.method) ? 'passed' : deny('method_not_supported', { method: printable(request.method) });
}

/** The path's only reading. */
export function checkPath(request: AccessRequest): PlainPath | Refusal {
  const path = readPath(request.path);
  if (typeof path !== 'string') return path;
  return path === 'too_long' ? deny('path_too_long') : deny('path_ambiguous', { problem: path });
}

/** The API that Envoy's configuration names (by id, or by name in its or else the default organization), else that of host and path. */
export function matchApi(
  request: AccessRequest,
  path: PlainPath,
  router: Router,
  organization: string,
): ApiMatch | Refusal {
  const match =
    request.apiReference === undefined
      ? byHostAndPath(request, path, router)
      : byReference(request.apiReference, path, router, organization);
  if ('outcome' in match) return match;
  const { path: lenient } = match.routed.api;
  if (path.encodedSlash && lenient.encodedSlash === 'reject')
    return deny('path_ambiguous', { problem: 'encoded_slash' });
  if (path.matrixParameters && lenient.matrixParameters === 'reject')
    return deny('path_ambiguous', { problem: 'matrix_parameters' });
  return match;
}

function byReference(
  reference: ApiReference,
  path: PlainPath,
  router: Router,
  organization: string,
): ApiMatch | Refusal {
  const name = nameKey(reference.organization ?? organization, reference.api);
  const routed = router.byId.get(reference.api) ?? router.byId.get(router.byName.get(name) ?? '');
  if (routed === undefined) return deny('api_reference_unknown', { source: reference.source, api: reference.api });
  const below = belowContext(routed.api, path.segments);
  return below === undefined
    ? deny('resource_not_found', { api: routed.api.name, outside: 'context' })
    : { routed, below };
}

function byHostAndPath(request: AccessRequest, path: PlainPath, router: Router): ApiMatch | Refusal {
  const host = plainHost(request.host);
  if (host === undefined) return deny('host_missing', { host: printable(request.host) });
  const match = findApi(router, host, path.segments);
  if (match !== undefined) return match;
  // An unknown path with a disputed element may be another parser's known one: say that it is ambiguous, not absent.
  if (path.encodedSlash || path.matrixParameters) return deny('path_ambiguous', { problem: 'disputed_element' });
  return deny('api_not_found', { host, first_segment: path.segments[0] });
}

/** RFC 1035 §2.3.4, and room for a port. */
const MAX_AUTHORITY_CHARACTERS = 262;

/** Lower case, without port and trailing dot; undefined for what is not a host name or address. */
function plainHost(authority: string): string | undefined {
  if (authority.length > MAX_AUTHORITY_CHARACTERS) return undefined;
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+?)\.?(?::\d{1,5})?$/.exec(authority);
  return match?.[1]?.toLowerCase();
}

/** WSO2 lifecycle: only published, prototyped and deprecated APIs serve. */
export function checkLifecycle(api: Api): Refusal | 'passed' {
  if (api.lifecycle === 'BLOCKED') return deny('api_blocked', { api: api.name });
  if (api.lifecycle === 'CREATED' || api.lifecycle === 'RETIRED')
    return deny('api_not_published', { api: api.name, lifecycle: api.lifecycle });
  return 'passed';
}

/** The resource, or why there is none; an undeclared OPTIONS is answered here (`Allow`), never passed on. */
export function matchResource(request: AccessRequest, match: ApiMatch): Resource | Refusal {
  const found = findResource(match.routed.resources, match.below, request.method);
  if (!('allow' in found)) return found;
  const evidence = { api: match.routed.api.name, allow: found.allow };
  if (found.allow.length === 0) return deny('resource_not_found', evidence);
  return deny(request.method === 'OPTIONS' ? 'options_answered' : 'verb_not_allowed', evidence);
}

function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x21-\x7e]/g, '?');
}
