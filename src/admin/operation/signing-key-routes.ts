// The keys of the backend JWT: what upstreams verify it with, for everybody, and their rotation, for who has the right `keys`. No route
// gives out a private key.

import type { FastifyInstance } from 'fastify';
import type { AuditContext } from '../../domain/audit.ts';
import type { SigningKeyInfo } from '../../domain/signing-key.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { refuseWith, type Wso2Error } from '../http/wso2-error.ts';

const BASE = '/backend-jwt-keys';

/** The keys as the routes see them. */
export interface SigningKeyAdmin {
  /** Public JWKs (RFC 7517): of the key that signs and of those whose JWTs may still be on their way. */
  published(): readonly object[];
  list(): readonly SigningKeyInfo[];
  /** `given`: the keys are those of the settings. */
  rotate(
    audit: AuditContext,
  ): Promise<
    | { readonly kind: 'rotated'; readonly key: SigningKeyInfo }
    | { readonly kind: 'refused'; readonly why: 'given' | 'busy' }
  >;
}

const OFF: Wso2Error = {
  status: 404,
  code: 404,
  message: 'Not Found',
  description: 'No backend JWT is signed here; upstream.backendJwt.enabled is false',
};
const GIVEN: Wso2Error = {
  status: 409,
  code: 409,
  message: 'Conflict',
  description: 'The keys come from upstream.backendJwt.keys; put a new one first there and restart',
};
const BUSY: Wso2Error = {
  status: 503,
  code: 503,
  message: 'Service Unavailable',
  description: 'The new key could not be kept, or another rotation is under way; the one before goes on',
};

/** Registers the routes; without keys the set is empty. */
export function signingKeyRoutes(
  app: FastifyInstance,
  { signingKeys }: { readonly signingKeys?: SigningKeyAdmin | undefined },
  callers: RouteCallers,
): void {
  app.get('/jwks', async () => ({ keys: signingKeys?.published() ?? [] }));

  app.get(BASE, async (_request, reply) => {
    if (signingKeys === undefined) return refuseWith(reply, OFF);
    const list = signingKeys.list().map(bodyOf);
    return { count: list.length, list };
  });

  app.post(BASE, async (request, reply) => {
    if (signingKeys === undefined) return refuseWith(reply, OFF);
    const rotated = await signingKeys.rotate(callers.auditOf(request));
    if (rotated.kind === 'refused') return refuseWith(reply, rotated.why === 'given' ? GIVEN : BUSY);
    return reply.code(201).send(bodyOf(rotated.key));
  });
}

function bodyOf({ id, algorithm, createdAtMs, retiredAtMs, publishedUntilMs }: SigningKeyInfo) {
  return {
    kid: id,
    algorithm,
    createdAt: new Date(createdAtMs).toISOString(),
    retiredAt: retiredAtMs === null ? null : new Date(retiredAtMs).toISOString(),
    publishedUntil: publishedUntilMs === null ? null : new Date(publishedUntilMs).toISOString(),
  };
}
