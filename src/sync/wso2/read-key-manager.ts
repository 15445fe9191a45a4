// A key manager from WSO2's `/keymanagers` and its `keyManager` events, in the form that WSO2 stores: everything but a few members lies in
// `additionalProperties` under names of its own. Gives the DTO of the admin API, which is what key managers are judged in.

import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { JudgedKeyManager } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManagerDto, TokenValidationDto } from '../../domain/key-manager-dto.ts';
import { ENDPOINT_NAMES, type EndpointField } from '../../domain/key-manager-endpoints.ts';
import type { SourceKeyManager } from '../../domain/source-change.ts';
import { type Json, Row, type UnusableRow } from './row.ts';

/** What its type makes of a key manager, or all that is wrong with it. */
export type JudgeKeyManager = (dto: KeyManagerDto) => JudgedKeyManager | { readonly problems: readonly FieldProblem[] };

/** A key manager, or the fields at fault. */
export function readKeyManager(json: unknown, tenant: string, judge: JudgeKeyManager): SourceKeyManager | UnusableRow {
  const row = new Row(json);
  const id = row.text('uuid');
  const organization = row.optionalText('organization') || row.optionalText('tenantDomain') || tenant;
  const dto = dtoOf(row);
  if (row.wrong !== undefined) return { wrong: row.wrong };
  const judged = judge(dto);
  if ('problems' in judged) return { wrong: judged.problems.map(({ field }) => field).join(', ') };
  const { dto: masked, secrets, enabled, issuers, jwtRules } = judged;
  const stored = { ...masked, id, enabled, global: organization === GLOBAL_ORGANIZATION };
  return { id, organization, dto: stored, secrets, enabled, issuers, jwtRules };
}

/** Stored name: switch of the DTO. */
const FLAGS = {
  enable_token_generation: 'enableTokenGeneration',
  enable_token_encryption: 'enableTokenEncryption',
  enable_token_hash: 'enableTokenHashing',
  enable_map_oauth_consumer_apps: 'enableMapOAuthConsumerApps',
  enable_oauth_app_creation: 'enableOAuthAppCreation',
  self_validate_jwt: 'enableSelfValidationJWT',
} as const satisfies Readonly<Record<string, keyof KeyManagerDto>>;

/** Stored name: text of the DTO. */
const TEXTS = {
  well_known_endpoint: 'wellKnownEndpoint',
  issuer: 'issuer',
  consumer_key_claim: 'consumerKeyClaim',
  scopes_claim: 'scopesClaim',
  alias: 'alias',
} as const satisfies Readonly<Record<string, keyof KeyManagerDto>>;

const TOKEN_TYPES = ['DIRECT', 'EXCHANGED', 'BOTH'] as const;

const LIFTED = new Set([
  ...Object.keys(FLAGS),
  ...Object.keys(TEXTS),
  ...Object.values(ENDPOINT_NAMES),
  ...['certificate_type', 'certificate_value', 'claim_mappings', 'token_format_string', 'grant_types'],
]);

function dtoOf(row: Row): KeyManagerDto {
  const stored = row.raw('additionalProperties') ?? row.raw('configuration') ?? {};
  const properties = isJsonObject(stored) ? stored : {};
  if (!isJsonObject(stored)) row.refuse('additionalProperties');
  const inner = new Row(properties);
  const endpoints = row.raw('endpoints');
  const listed = isJsonObject(endpoints) ? endpoints : {};
  const written: Record<string, unknown> = {};
  for (const [field, name] of Object.entries(ENDPOINT_NAMES) as [EndpointField, string][]) {
    const value = inner.optionalText(name) || (typeof listed[name] === 'string' ? listed[name] : '');
    if (value !== '') written[field] = value;
  }
  for (const [name, field] of Object.entries(TEXTS)) {
    const value = inner.optionalText(name);
    if (value !== '') written[field] = value;
  }
  for (const [name, field] of Object.entries(FLAGS))
    if (properties[name] !== undefined && properties[name] !== null) written[field] = inner.flag(name, false);
  const certificate = inner.optionalText('certificate_value');
  if (certificate !== '')
    written['certificates'] = { type: inner.choice('certificate_type', ['JWKS', 'PEM']), value: certificate };
  const mappings = structured(properties['claim_mappings']);
  if (Array.isArray(mappings)) written['claimMapping'] = mappings;
  const rules = structured(properties['token_format_string']);
  if (Array.isArray(rules)) written['tokenValidation'] = rules.flatMap(ruleOf);
  else if (rules !== undefined) inner.refuse('token_format_string');
  const grants = properties['grant_types'];
  if (Array.isArray(grants)) written['availableGrantTypes'] = grants;
  if (inner.wrong !== undefined) row.refuse(`additionalProperties.${inner.wrong}`);
  const alias = row.optionalText('alias');
  return {
    name: row.text('name'),
    type: row.text('type'),
    enabled: row.flag('enabled', false),
    tokenType: row.optionalText('tokenType') === '' ? 'DIRECT' : row.choice('tokenType', TOKEN_TYPES),
    ...optional('displayName', row.optionalText('displayName')),
    ...optional('description', row.optionalText('description')),
    ...written,
    ...optional('alias', alias),
    ...permissions(row.raw('permissions')),
    ...(row.texts('allowedOrganizations').length > 0
      ? { allowedOrganizations: row.texts('allowedOrganizations') }
      : {}),
    additionalProperties: Object.fromEntries(Object.entries(properties).filter(([name]) => !LIFTED.has(name))),
  };
}

function optional(name: string, value: string): Json {
  return value === '' ? {} : { [name]: value };
}

function permissions(value: unknown): Pick<KeyManagerDto, 'permissions'> {
  if (!isJsonObject(value)) return {};
  const { permissionType, roles } = value;
  if (permissionType !== 'PUBLIC' && permissionType !== 'ALLOW' && permissionType !== 'DENY') return {};
  return {
    permissions: {
      permissionType,
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    },
  };
}

/** Some versions store lists as JSON, others as text with JSON in it. */
function structured(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? undefined;
  if (value.trim() === '') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A rule that cannot be read is kept as one that the judge refuses: without it the key manager would claim more tokens. */
function ruleOf(rule: unknown): readonly TokenValidationDto[] {
  return isJsonObject(rule) ? [rule as unknown as TokenValidationDto] : [{ type: 'CUSTOM', value: null }];
}
