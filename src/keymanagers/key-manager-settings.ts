// A key manager's DTO as settings: defaults of its type applied, our own additions read, every contradiction named. One reading
// for both occasions, the write and the use, so that what was accepted is what is in force.

import type { FieldProblem } from '../domain/field-problem.ts';
import {
  type KeyManager,
  type KeySource,
  type LiteralRule,
  TOKEN_PROFILES,
  type TokenProfileName,
} from '../domain/key-manager.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { AdditionalProperties } from './additional-properties.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { literalRules, tooManyPairs } from './literal-rules.ts';
import { KEY_MANAGER_TYPES } from './types.ts';

/** More would let long-expired tokens in; clocks that are minutes apart need mending. */
const MAX_CLOCK_SKEW_SECONDS = 300;
/** Ten years: a bound against slips, not a recommendation. */
const MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600;

/** Each is a look-up of its own; a server has a handful of names. */
const MAX_ISSUERS = 64;
/** Each is held against every audience of a token. */
const MAX_AUDIENCES = 64;
/** Each is looked for in every token. */
const MAX_CLIENT_CLAIMS = 16;

/** Fields that the DTO and its type settle alone. */
type Settled =
  | 'enabled'
  | 'tokenType'
  | 'issuers'
  | 'selfValidateJwt'
  | 'keys'
  | 'algorithms'
  | 'consumerKeyClaims'
  | 'scopesClaims'
  | 'audiences'
  | 'profile'
  | 'admin';

/** What a DTO says, its type's defaults applied. */
export interface KeyManagerSettings extends Pick<KeyManager, Settled> {
  readonly type: KeyManagerType;
  readonly jwtRules: readonly LiteralRule[];
  /** Undefined: the installation's default. */
  readonly clockSkewSeconds: number | undefined;
  /** Undefined: the installation's default. */
  readonly maxLifetimeSeconds: number | undefined;
}

/** The settings, or all that is wrong with them. */
export function keyManagerSettings(dto: KeyManagerDto): KeyManagerSettings | readonly FieldProblem[] {
  const type = KEY_MANAGER_TYPES.get(dto.type);
  if (type === undefined)
    return [{ field: 'type', message: `is not known; known types are ${[...KEY_MANAGER_TYPES.keys()].join(', ')}` }];
  const ours = new AdditionalProperties(dto, type.connectorProperties);
  const algorithms = ours.choices('algorithms', [...SIGNATURE_ALGORITHMS.keys()]);
  const [profile = type.profile] = ours.choices('profile', Object.keys(TOKEN_PROFILES) as TokenProfileName[]);
  const clientClaims = unique([...given(dto.consumerKeyClaim), ...ours.texts('consumerKeyClaims', MAX_CLIENT_CLAIMS)]);
  const scopesClaims = given(dto.scopesClaim);
  const settings: KeyManagerSettings = {
    type,
    enabled: dto.enabled ?? true,
    tokenType: dto.tokenType ?? 'DIRECT',
    issuers: unique([...given(dto.issuer), ...ours.texts('issuers', MAX_ISSUERS)]),
    selfValidateJwt: dto.enableSelfValidationJWT ?? true,
    keys: keySource(dto),
    algorithms: algorithms.length > 0 ? algorithms : type.algorithms,
    consumerKeyClaims: clientClaims.length > 0 ? clientClaims : type.consumerKeyClaims,
    scopesClaims: scopesClaims.length > 0 ? scopesClaims : type.scopesClaims,
    audiences: unique([...ours.texts('audience', MAX_AUDIENCES), ...ours.texts('audiences', MAX_AUDIENCES)]),
    profile,
    jwtRules: literalRules(dto.tokenValidation ?? []),
    clockSkewSeconds: ours.integer('clockSkewSeconds', 0, MAX_CLOCK_SKEW_SECONDS),
    maxLifetimeSeconds: ours.integer('maxLifetimeSeconds', 1, MAX_LIFETIME_SECONDS),
    admin: ours.flag('adminTokens'),
  };
  const problems = [
    ...ours.problems,
    ...tooManyPairs(dto.tokenValidation ?? []),
    ...contradictions(dto, settings, clientClaims),
  ];
  return problems.length > 0 ? problems : settings;
}

function contradictions(
  dto: KeyManagerDto,
  { type, issuers, jwtRules, keys, selfValidateJwt, tokenType }: KeyManagerSettings,
  clientClaims: readonly string[],
): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (dto.issuer !== undefined && dto.issuer !== null && dto.issuer.trim() !== dto.issuer)
    problems.push({ field: 'issuer', message: 'has white space around it; `iss` is compared character by character' });
  if (selfValidateJwt && tokenType !== 'EXCHANGED') {
    const hint = 'or set enableSelfValidationJWT to false';
    if (issuers.length === 0 && jwtRules.length === 0)
      problems.push({
        field: 'issuer',
        message: `is needed to find the key manager of a JWT: give the exact \`iss\`, or, for tokens without \`iss\`, a JWT token handling rule with literal values, ${hint}`,
      });
    if (keys.kind === 'none')
      problems.push({
        field: 'certificates',
        message: `are needed to validate JWTs: give type JWKS with a URL, or type PEM, ${hint}`,
      });
  }
  if (clientClaims.some((claim) => /^\/?aud(\/|$)/.test(claim)) && !type.consumerKeyClaims.includes('aud'))
    problems.push({
      field: given(dto.consumerKeyClaim).some((claim) => /^\/?aud(\/|$)/.test(claim))
        ? 'consumerKeyClaim'
        : 'additionalProperties.consumerKeyClaims',
      message: `must not be \`aud\` for type ${type.type}: an audience is whom a token is for, not who got it; its servers set ${type.consumerKeyClaims.join(' or ')}`,
    });
  return problems;
}

function keySource({ certificates }: KeyManagerDto): KeySource {
  const value = certificates?.value?.trim() ?? '';
  if (value === '') return { kind: 'none' };
  if (certificates?.type === 'PEM') return { kind: 'pem', values: [value] };
  return certificates?.type === 'JWKS' ? { kind: 'jwks', urls: [value], authorizationFile: null } : { kind: 'none' };
}

/** WSO2 writes '' for what is not configured. */
function given(text: string | null | undefined): readonly string[] {
  return text === undefined || text === null || text === '' ? [] : [text];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
