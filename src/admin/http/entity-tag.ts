// ETag and If-Match (RFC 9110 §8.8.3, §13.1.1) of entities that have a version.

import type { FastifyReply, FastifyRequest } from 'fastify';

/** Names the version in the answer. */
export function tagged(reply: FastifyReply, version: number): FastifyReply {
  return reply.header('etag', tagOf(version));
}

/**
 * True where the caller's condition holds for this version, or there is none. A weak tag never fits (§8.8.3.2), nor does a header
 * that cannot be read: who sets a condition must not be taken for one who set none.
 */
export function mayChange({ headers }: FastifyRequest, version: number): boolean {
  const condition = headers['if-match'];
  if (condition === undefined || condition.trim() === '*') return true;
  return condition.split(',').some((tag) => tag.trim() === tagOf(version));
}

/** True where the caller set a condition on the version. */
export function isConditional({ headers }: FastifyRequest): boolean {
  return headers['if-match'] !== undefined && headers['if-match'].trim() !== '*';
}

function tagOf(version: number): string {
  return `"${version}"`;
}
