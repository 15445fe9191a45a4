// WSO2 API Manager's KeyManager as it is written in admin API bodies and catalog files: its names, limits and defaults.
// Names that WSO2 does not have are refused. What a type of key manager demands is not looked at here.

import { z } from 'zod';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { name, text } from './document-parts.ts';

/** WSO2's database columns: AM_KEY_MANAGER.NAME and DISPLAY_NAME, TYPE, DESCRIPTION. */
const MAX_NAME_CHARACTERS = 100;
const MAX_TYPE_CHARACTERS = 45;
const MAX_DESCRIPTION_CHARACTERS = 256;

/** Longer than any real endpoint, issuer or claim name. */
const MAX_TEXT_CHARACTERS = 2048;

/** Of PEM values and WSO2's free-form members. Larger than any certificate chain or rule; what reads and masks them takes time by their length. */
const MAX_FREE_TEXT_CHARACTERS = 65_536;

/** Lists of grant types, endpoints, claims and roles are short everywhere; the bound keeps one entity's cost bounded. */
const MAX_LIST_ITEMS = 256;

/** Token handling rules: each token of the key manager is held against them all. */
const MAX_RULES = 32;

/** WSO2's own exports write `null` for what is not set; it means the same as leaving the field out. */
const optional = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);
const optionalText = optional(text(MAX_TEXT_CHARACTERS));
const withDefault = <S extends z.ZodType>(schema: S, value: z.output<S>) =>
  schema.nullish().transform((given) => given ?? value);

/** WSO2's free-form members. */
const freeForm = z.unknown().superRefine((value, context) => {
  for (const path of tooLong(value, []))
    context.addIssue({
      code: 'custom',
      path: [...path],
      message: 'is too long',
      params: { fix: `give at most ${MAX_FREE_TEXT_CHARACTERS} characters` },
    });
});

const list = <S extends z.ZodType>(item: S, maxItems = MAX_LIST_ITEMS) => withDefault(z.array(item).max(maxItems), []);

/** `readOnly` in WSO2's definition: taken without complaint from a DTO that was read before, and never believed. */
const readOnly = z
  .unknown()
  .optional()
  .transform(() => undefined);

const certificates = z.strictObject({
  type: optional(z.enum(['JWKS', 'PEM'])),
  value: optional(z.string().max(MAX_FREE_TEXT_CHARACTERS)),
});

const tokenValidation = z.strictObject({
  id: optional(z.int()),
  enable: withDefault(z.boolean(), true),
  type: z.enum(['REFERENCE', 'JWT', 'CUSTOM']),
  value: freeForm,
});

const permissions = z.strictObject({
  permissionType: withDefault(z.enum(['PUBLIC', 'ALLOW', 'DENY']), 'PUBLIC'),
  roles: list(name(MAX_TEXT_CHARACTERS)),
});

/** A KeyManager DTO (WSO2 admin API v4). Text is trimmed as in WSO2; `enabled` defaults to true. */
export const keyManagerDto: z.ZodType<KeyManagerDto> = z.strictObject({
  id: readOnly,
  name: name(MAX_NAME_CHARACTERS),
  displayName: optional(text(MAX_NAME_CHARACTERS)),
  type: name(MAX_TYPE_CHARACTERS),
  description: optional(z.string().max(MAX_DESCRIPTION_CHARACTERS)),
  wellKnownEndpoint: optionalText,
  introspectionEndpoint: optionalText,
  clientRegistrationEndpoint: optionalText,
  tokenEndpoint: optionalText,
  displayTokenEndpoint: optionalText,
  revokeEndpoint: optionalText,
  displayRevokeEndpoint: optionalText,
  userInfoEndpoint: optionalText,
  authorizeEndpoint: optionalText,
  scopeManagementEndpoint: optionalText,
  endpoints: list(z.strictObject({ name: name(MAX_NAME_CHARACTERS), value: text(MAX_TEXT_CHARACTERS) })),
  certificates: optional(certificates),
  issuer: optionalText,
  alias: optionalText,
  availableGrantTypes: list(name(MAX_TEXT_CHARACTERS)),
  enableTokenGeneration: optional(z.boolean()),
  enableTokenEncryption: withDefault(z.boolean(), false),
  enableTokenHashing: withDefault(z.boolean(), false),
  enableMapOAuthConsumerApps: withDefault(z.boolean(), false),
  enableOAuthAppCreation: withDefault(z.boolean(), false),
  enableSelfValidationJWT: withDefault(z.boolean(), true),
  claimMapping: list(z.strictObject({ remoteClaim: name(MAX_TEXT_CHARACTERS), localClaim: name(MAX_TEXT_CHARACTERS) })),
  consumerKeyClaim: optionalText,
  scopesClaim: optionalText,
  tokenValidation: list(tokenValidation, MAX_RULES),
  enabled: withDefault(z.boolean(), true),
  global: readOnly,
  additionalProperties: optional(z.record(z.string().max(MAX_NAME_CHARACTERS), freeForm)),
  permissions: withDefault(permissions, { permissionType: 'PUBLIC', roles: [] }),
  tokenType: withDefault(z.enum(['DIRECT', 'EXCHANGED', 'BOTH']), 'DIRECT'),
  allowedOrganizations: list(name(MAX_TEXT_CHARACTERS)),
});

/** Where the texts are that are longer than is good. */
function tooLong(value: unknown, path: readonly PropertyKey[]): readonly (readonly PropertyKey[])[] {
  if (typeof value === 'string') return value.length > MAX_FREE_TEXT_CHARACTERS ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => tooLong(item, [...path, index]));
  return Object.entries(value).flatMap(([name, member]) => tooLong(member, [...path, name]));
}
