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

const SAYS_TOKEN = ['token', 'tokenHash'] as const;

/** By `value`, compared character by character and so taken as it is; a token by itself or by its hash. */
export const revocationDocument = z
  .strictObject({
    kind: z.enum(REVOCATION_KINDS),
    value: z.string().min(1).max(MAX_VALUE_CHARACTERS).optional(),
    token: z.string().min(1).max(MAX_TOKEN_CHARACTERS).optional(),
    // Hex SHA-256 of a JWT's signing input (all before its last dot), or of an opaque token.
    tokenHash: z.string().optional(),
    // Id or name of the one key manager whose tokens it is about.
    keyManager: z.string().min(1).max(MAX_VALUE_CHARACTERS).optional(),
    issuedBefore: instant,
    expiresAt: instant,
  })
  .superRefine((document, context) => {
    const say = (field: string, message: string, fix: string) =>
      context.addIssue({ code: 'custom', path: [field], message, params: { fix } });
    const { kind, value, token, tokenHash } = document;
    if (kind !== 'token') {
      for (const field of SAYS_TOKEN)
        if (document[field] !== undefined) say(field, `goes with the kind token, not with ${kind}`, 'use value');
      if (value === undefined) say('value', 'is missing', `give the ${kind}`);
      return;
    }
    if (value !== undefined) say('value', 'is not how a token is named', 'use token or tokenHash');
    if ((token === undefined) === (tokenHash === undefined))
      say('token', 'is needed, or tokenHash in its place', 'give one of the two');
    if (tokenHash !== undefined && !/^[0-9a-f]{64}$/.test(tokenHash))
      say('tokenHash', 'is not a SHA-256 in lower-case hex', 'give 64 hex digits');
  });

/** A revocation that somebody wants. */
export type RevocationDocument = z.output<typeof revocationDocument>;
