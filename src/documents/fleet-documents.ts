// What followers post to their hub.

import { z } from 'zod';
import { REVOCATION_KINDS } from '../domain/revocation.ts';

const id = z.string().min(1).max(256);
const time = z.int().nullable();

/** Revocations in one request. */
const MAX_REVOCATIONS = 1000;

/** How far a follower has come. */
export const positionDocument = z.strictObject({ epoch: id, sequence: z.int().min(0) });

/** Revocations that were made at a follower, as they are kept. */
export const forwardedRevocations = z.strictObject({
  revocations: z
    .array(
      z.strictObject({
        id,
        kind: z.enum(REVOCATION_KINDS),
        value: z.string().min(1).max(8192),
        organization: id,
        keyManagerId: id.nullable(),
        keyManagerType: id.nullable(),
        issuedBeforeMs: time,
        expiresAtMs: time,
        createdAtMs: z.int(),
        createdBy: z.string().min(1).max(8192),
        lifted: z.boolean(),
      }),
    )
    .min(1)
    .max(MAX_REVOCATIONS),
});
