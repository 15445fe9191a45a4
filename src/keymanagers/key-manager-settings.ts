// A key manager's DTO as settings: defaults of its type applied, our own additions read, every contradiction named. One reading
// for both occasions, the write and the use, so that what was accepted is what is in force.

import type { FieldProblem } from '../domain/field-problem.ts';
import {
  type KeyManager,
  type KeyManagerLimits,
  TOKEN_PROFILES,
  type TokenProfileName,
} from '../domain/key-manager.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { endpointConflicts } from '../domain/key-manager-endpoints.ts';
import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { AdditionalProperties } from './additional-properties.ts';
import { contradictions } from './contradictions.ts';
import { type GivenIntrospection, introspectionSettings } from './introspection-settings.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { connectionSettings, keySource } from './key-material.ts';
import { ISSUER_LIMITS, knownIssuers } from './known-issuers.ts';
import { textPattern } from './text-pattern.ts';
import { tokenRules } from './token-rules.ts';
import type { KeyManagerTypes } from './types.ts';

/** More would let long-expired tokens in; clocks that are minutes apart need mending. */
const MAX_CLOCK_SKEW_SECONDS = 300;
/** Ten years: a bound against slips, not a recommendation. */
const MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600;
/** Each is held against every audience of a token. */
const MAX_AUDIENCES = 64;
/** Each is looked for in every token. */
const MAX_CLAIMS = 16;
/** Each is compared with the token's `typ`. */
const MAX_TYPES = 16;
const MAX_CONCURRENCY = 4096;
const MAX_RATE_PER_SECOND = 100_000;

/** Fields that are not the DTO's to say, or that an installation may settle. */
type Unsettled =
  | 'id'
  | 'organization'
  | 'sequence'
  | 'digest'
  | 'type'
  | 'introspection'
  | 'limits'
  | 'clockSkewSeconds'
  | 'maxLifetimeSeconds';

/** What a DTO says, its type's defaults applied. Undefined members are the installation's to settle. */
export interface KeyManagerSettings extends Omit<KeyManager, Unsettled> {
  readonly type: KeyManagerType;
  readonly introspection: GivenIntrospection | null;
  /** Why an introspection endpoint that is given is never asked. */
  readonly unusedIntrospection: string | undefined;
  readonly limits: Partial<KeyManagerLimits>;
  readonly clockSkewSeconds: number | undefined;
  readonly maxLifetimeSeconds: number | undefined;
}

/** The settings, or all that is wrong with them. */
export function keyManagerSettings(
  dto: KeyManagerDto,
  types: KeyManagerTypes,
): KeyManagerSettings | readonly FieldProblem[] {
  const type = typeOf(dto, types);
  if ('field' in type) return [type];
  const ours = AdditionalProperties.of(
    dto,
    type.connection.map(({ name }) => name),
  );
  const clientClaims = unique([
    ...meant(dto.consumerKeyClaim, type.wso2Claims.consumerKeyClaim),
    ...ours.texts('consumerKeyClaims', MAX_CLAIMS),
  ]);
  const scopesClaims = unique([
    ...meant(dto.scopesClaim, type.wso2Claims.scopesClaim),
    ...ours.texts('scopesClaims', MAX_CLAIMS),
  ]);
  const algorithms = ours.choices('algorithms', [...SIGNATURE_ALGORITHMS.keys()]);
  const acceptedTyp = ours.texts('acceptedTyp', MAX_TYPES).map(plainTyp);
  const known = knownIssuers(
    type,
    unique([...given(dto.issuer), ...ours.texts('issuers', ISSUER_LIMITS.issuers)]),
    ours.texts('allowedTenants', ISSUER_LIMITS.tenants),
  );
  const { keys, problems: keyProblems } = keySource(dto, ours);
  const rules = tokenRules(dto.tokenValidation ?? []);
  const [issuer] = known.issuers;
  const { introspection, unused, problems: introspectionProblems } = introspectionSettings(dto, type, ours, issuer);
  const settings: KeyManagerSettings = {
    type,
    name: dto.name,
    enabled: dto.enabled ?? true,
    tokenType: dto.tokenType ?? 'DIRECT',
    issuers: known.issuers,
    tenancy: known.tenancy,
    // Only the keys of multi-tenant metadata belong to different issuers; of one tenant, one key signs for all of its issuers.
    checksKeyIssuer: known.tenancy !== null,
    selfValidateJwt: dto.enableSelfValidationJWT ?? true,
    keys,
    introspection,
    unusedIntrospection: unused,
    connection: connectionSettings(ours),
    limits: limitsOf(ours),
    algorithms: algorithms.length > 0 ? algorithms : type.algorithms,
    consumerKeyClaims: clientClaims.length > 0 ? clientClaims : type.consumerKeyClaims,
    scopesClaims: scopesClaims.length > 0 ? scopesClaims : type.scopesClaims,
    scopesFromNames: ours.flag('scopesFromNames') ?? type.scopesFromNames,
    claimMapping: (dto.claimMapping ?? []).map(({ remoteClaim, localClaim }) => ({ remoteClaim, localClaim })),
    audienceClaim: ours.text('audienceClaim') ?? type.audienceClaim,
    audiences: unique([...ours.texts('audience', MAX_AUDIENCES), ...ours.texts('audiences', MAX_AUDIENCES)]),
    profile: ours.choice('profile', Object.keys(TOKEN_PROFILES) as TokenProfileName[]) ?? type.profile,
    acceptedTyp: acceptedTyp.length > 0 ? unique(acceptedTyp) : type.acceptedTyp,
    requiredClaims: unique([...type.requiredClaims, ...ours.texts('requiredClaims', MAX_CLAIMS)]),
    marks: type.marks,
    unverifiableHeaders: type.unverifiableHeaders,
    jwtRules: rules.jwtRules,
    referenceRules: rules.referenceRules ?? defaultReference(type),
    clockSkewSeconds: ours.integer('clockSkewSeconds', 0, MAX_CLOCK_SKEW_SECONDS),
    maxLifetimeSeconds: ours.integer('maxLifetimeSeconds', 1, MAX_LIFETIME_SECONDS),
    admin: ours.flag('adminTokens') ?? false,
    allowedOrganizations: dto.allowedOrganizations ?? [],
  };
  const problems = [
    ...known.problems,
    ...keyProblems,
    ...introspectionProblems,
    ...ours.problems,
    ...rules.problems,
    ...endpointConflicts(dto),
    ...contradictions(dto, settings, clientClaims),
  ];
  return problems.length > 0 ? problems : settings;
}

/** The type or, for `CustomKeyManager`, the preset that `additionalProperties.preset` names. */
function typeOf({ type, additionalProperties }: KeyManagerDto, types: KeyManagerTypes): KeyManagerType | FieldProblem {
  const found = types.byType.get(type);
  if (found === undefined)
    return { field: 'type', message: `is not known; known types are ${[...types.byType.keys()].join(', ')}` };
  const preset = additionalProperties?.['preset'];
  // Of other types it may be a setting of somebody's connector.
  if (preset === undefined || preset === null || preset === '' || type !== 'CustomKeyManager') return found;
  const named = typeof preset === 'string' ? types.byPreset.get(preset) : undefined;
  const message = `is not known; known presets are ${[...types.byPreset.keys()].join(', ')}`;
  return named ?? { field: 'additionalProperties.preset', message };
}

function limitsOf(ours: AdditionalProperties): Partial<KeyManagerLimits> {
  const limits = ours.section('limits', (section) => ({
    concurrency: section.integer('concurrency', 1, MAX_CONCURRENCY),
    ratePerSecond: section.integer('ratePerSecond', 1, MAX_RATE_PER_SECOND),
    burst: section.integer('burst', 1, MAX_RATE_PER_SECOND),
  }));
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([, value]) => value !== undefined));
}

function defaultReference({ referencePattern }: KeyManagerType): KeyManager['referenceRules'] {
  const pattern = referencePattern === null ? undefined : textPattern(referencePattern, 'whole');
  return pattern === undefined || 'problem' in pattern ? [] : [pattern];
}

/** RFC 7515 §4.1.9: without `application/`, in lower case; `absent` is the word for none. */
function plainTyp(typ: string): string {
  const plain = typ.toLowerCase().replace(/^application\//, '');
  return plain === 'absent' ? '' : plain;
}

/** WSO2 writes '' for what is not configured, and its connector's default where nothing was typed. */
function meant(text: string | null | undefined, wso2Default: string | null): readonly string[] {
  return text === wso2Default ? [] : given(text);
}

function given(text: string | null | undefined): readonly string[] {
  return text === undefined || text === null || text === '' ? [] : [text];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
