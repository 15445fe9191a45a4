// A follower's catalog is its source's, a hub or a control plane: writes are refused with the source's URL. Revocations are not, since
// they cannot wait.

import type { FastifyInstance } from 'fastify';
import { needOf } from '../access/route-rights.ts';
import { refuseWith, type Wso2Error } from '../http/wso2-error.ts';

/** The answer to who takes a follower for its source. */
export function isFollower(sourceUrl: string | undefined): Wso2Error {
  const where = sourceUrl === undefined ? 'its source' : `its source, ${sourceUrl}`;
  return {
    status: 409,
    code: 409,
    message: 'Conflict',
    description: `This is a follower; its catalog is written at ${where}`,
  };
}

/** Puts it before every route that is registered afterwards. */
export function refuseOnFollowers(app: FastifyInstance, sourceUrl: string | undefined): void {
  if (sourceUrl === undefined) return;
  app.addHook('preValidation', async (request, reply) => {
    const need = needOf(request.method, request.routeOptions.url ?? '');
    if (request.method === 'GET' || need?.onFollowers === true) return;
    if (need?.right === 'write' || need?.right === 'keys') return refuseWith(reply, isFollower(sourceUrl));
  });
}
