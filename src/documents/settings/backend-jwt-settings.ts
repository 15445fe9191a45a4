// Settings of the JWT by which an upstream knows who calls (WSO2's `[apim.jwt]`).

import { z } from 'zod';
import { isEditableHeader } from '../../domain/editable-header.ts';
import { SIGNING_ALGORITHMS } from '../../domain/signing-key.ts';
import { DAY_SECONDS, isInOnePlace, keySource, MEBIBYTE, shortName, whole } from './setting-parts.ts';

const key = z
  .strictObject({
    ...keySource,
  })
  .refine(...isInOnePlace);

/** The settings `upstream.backendJwt`. */
export const backendJwtSettings = z.strictObject({
  enabled: z.boolean().default(false),
  header: z
    .string()
    .refine(isEditableHeader, {
      error: 'is not the lower-case name of a header that may be set or removed',
      params: { fix: 'write a name such as x-jwt-assertion' },
    })
    .default('x-jwt-assertion'),
  algorithm: z.enum(SIGNING_ALGORITHMS).default('RS256'),
  encoding: z.enum(['base64url', 'base64']).default('base64url'),
  issuer: shortName.default('wso2.org/products/am'),
  dialect: shortName.default('http://wso2.org/claims'),
  excludedClaims: z.array(shortName).max(256).default([]),
  ttlSeconds: whole(10, DAY_SECONDS, 900),
  maxBytes: whole(512, 49_152, 8192),
  onTooLarge: z.enum(['deny', 'skip']).default('deny'),
  cacheBytes: whole(65_536, 1024 * MEBIBYTE, 16 * MEBIBYTE),
  keys: z.array(key).max(16).default([]),
});
