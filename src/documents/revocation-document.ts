// A revocation as it is written in the admin side's body. What a name leads to is not looked at here.

import { z } from 'zod';
import { REVOCATION_KINDS } from '../domain/revocation.ts';

/** No jti, client id, subject or key id is longer. */
const MAX_VALUE_CHARACTERS = 2048;
/** The longest credential that settings let a request carry. */
const MAX_TOKEN_CHARACTERS = 131_072;

/** A point in time with its offset: `2026-11-28T12:00:00Z`. */
const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .optional();

const common = {
  // Id or name of the one key manager whose tokens it is about.
  keyManager: z.string().min(1).max(MAX_VALUE_CHARACTERS).optional(),
  issuedBefore: instant,
  expiresAt: instant,
};

/** Compared character by character, so it is taken as it is. */
const named = z.strictObject({
  kind: z.enum(REVOCATION_KINDS).exclude(['token']),
  value: z.string().min(1).max(MAX_VALUE_CHARACTERS),
  ...common,
});

const byToken = z.strictObject({
  kind: z.literal('token'),
  token: z.string().min(1).max(MAX_TOKEN_CHARACTERS),
  ...common,
});

const byHash = z.strictObject({
  kind: z.literal('token'),
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/),
  ...common,
});

/** By value; or, for a token, by the token itself or by its hash. */
export const revocationDocument = z.union([named, byToken, byHash]);

/** A revocation that somebody wants. */
export type RevocationDocument = z.output<typeof revocationDocument>;
