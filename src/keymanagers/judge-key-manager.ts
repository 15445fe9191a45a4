// Judges a key manager that somebody wants to write: everything that is wrong with it, or what the catalog is to keep (secrets apart)
// and must know to refuse two that could claim one token.

import type { JudgedKeyManager } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { ENDPOINT_NAMES, type EndpointField, endpointOf } from '../domain/key-manager-endpoints.ts';
import { maskedPointers, splitSecrets } from '../domain/secret-fields.ts';
import { fieldOf, type KeptKeyManager, PROPERTIES_POINTER, strayingSecrets, withKeptSecrets } from './kept-secrets.ts';
import { type KeyManagerSettings, keyManagerSettings } from './key-manager-settings.ts';
import { keyManagerWarnings } from './key-manager-warnings.ts';
import { literalPartOf } from './token-rules.ts';
import { connectionOf, type KeyManagerTypes } from './types.ts';

/** Judges key material the way the prover will use it; each answers with a sentence, or undefined when all is well. */
export interface KeyMaterialChecks {
  urlProblem(url: string): string | undefined;
  pemProblem(value: string): string | undefined;
}

/** Who writes: the operator of this machine in its catalog file, or a caller of the admin side. */
export type KeyManagerOrigin = 'catalog_file' | 'admin_side';

/** What judging rests on beside the DTO. */
export interface JudgeOptions {
  readonly types: KeyManagerTypes;
  readonly checks: KeyMaterialChecks;
  readonly origin: KeyManagerOrigin;
  /** Of an update: what is there, whose secrets stand for the masks. */
  readonly kept?: KeptKeyManager | undefined;
}

/** A key manager that can be written; warnings tell what is legal and probably not meant. */
export interface JudgedWithWarnings extends JudgedKeyManager {
  readonly warnings: readonly string[];
}

/** What the catalog needs, or all that is wrong with it, by field. */
export function judgeKeyManager(
  dto: KeyManagerDto,
  { types, checks, origin, kept }: JudgeOptions,
): JudgedWithWarnings | { readonly problems: readonly FieldProblem[] } {
  const whole = withKeptSecrets(dto, kept);
  const { additionalProperties } = whole;
  const settings = keyManagerSettings(whole, types);
  const problems = [
    ...maskedPointers(additionalProperties).map(maskProblem),
    ...('type' in settings
      ? [...materialProblems(whole, settings, checks, origin), ...strayingSecrets(dto, settings, kept, types)]
      : settings),
  ];
  if (problems.length > 0 || !('type' in settings)) return { problems };
  const { masked, secrets } = splitSecrets(additionalProperties, isSecretSetting(types, dto.type));
  return {
    dto: { ...dto, additionalProperties: masked },
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([pointer, secret]) => [PROPERTIES_POINTER + pointer, secret]),
    ),
    enabled: settings.enabled,
    issuers: settings.issuers,
    jwtRules: literalPartOf(settings.jwtRules),
    warnings: keyManagerWarnings(settings),
  };
}

/** Names that are secret whatever they sound like: settings that the type masks, and request headers of our own. */
export function isSecretSetting(types: KeyManagerTypes, type: string): (name: string) => boolean {
  const masked = new Set(connectionOf(types, type).flatMap(({ name, mask }) => (mask ? [name] : [])));
  return (name) => name === 'headers' || masked.has(name);
}

function maskProblem(pointer: string): FieldProblem {
  return { field: fieldOf(pointer), message: 'is the mask of a secret, and none is kept; give the secret' };
}

function materialProblems(
  dto: KeyManagerDto,
  settings: KeyManagerSettings,
  checks: KeyMaterialChecks,
  origin: KeyManagerOrigin,
): readonly FieldProblem[] {
  const { keys, admin, introspection } = settings;
  const problems: FieldProblem[] = [];
  const note = (field: string, message: string | undefined) => {
    if (message !== undefined) problems.push({ field, message });
  };
  const main = dto.certificates?.value?.trim();
  if (keys.kind === 'jwks')
    for (const url of keys.urls)
      note(url === main ? 'certificates.value' : 'additionalProperties.jwks.urls', checks.urlProblem(url));
  if (keys.kind === 'pem')
    for (const value of keys.values)
      note(value === main ? 'certificates.value' : 'additionalProperties.certificates', checks.pemProblem(value));
  if (introspection !== null) {
    const isOwn = endpointOf(dto, 'introspectionEndpoint') !== introspection.endpoint;
    note(
      isOwn ? 'additionalProperties.introspection.endpoint' : 'introspectionEndpoint',
      checks.urlProblem(introspection.endpoint),
    );
  }
  const wellKnown = dto.wellKnownEndpoint?.trim() ?? '';
  if (wellKnown !== '' && wellKnown !== 'none') note('wellKnownEndpoint', checks.urlProblem(wellKnown));
  for (const field of Object.keys(ENDPOINT_NAMES) as EndpointField[]) note(field, endpointProblem(dto, field));
  if (origin === 'catalog_file') return problems;
  // Who may write key managers could otherwise mint tokens with every right, or have files of this machine sent somewhere.
  if (admin) note('additionalProperties.adminTokens', ONLY_IN_FILE);
  if (keys.kind === 'jwks' && keys.authorizationFile !== null)
    note('additionalProperties.jwks.authorizationFile', ONLY_IN_FILE);
  return problems;
}

const ONLY_IN_FILE = 'cannot be set over HTTP; set it in the catalog file';

/** Endpoints that are kept and shown but never called here need only be URLs. */
function endpointProblem(dto: KeyManagerDto, field: EndpointField): string | undefined {
  const url = endpointOf(dto, field);
  if (url === undefined) return undefined;
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return 'is not an absolute http(s) URL';
  return parsed.username !== '' || parsed.password !== '' ? 'must not hold a user name or password' : undefined;
}
