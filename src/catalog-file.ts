// The catalog file: read as `validate` and a start read it, and applied at a start. The one use case that spans several rooms.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyManagerDefaults } from './app/deciding-side/key-manager-defaults.ts';
import type { CatalogResult } from './catalog/document/catalog-result.ts';
import type { OpenCatalog } from './catalog/open-catalog.ts';
import { rehearseCatalog } from './catalog/rehearse-catalog.ts';
import type { CatalogReport, ServeOptions } from './cli/cli-app.ts';
import { type CatalogReading, readCatalog } from './documents/catalog/read-catalog.ts';
import { resolveReferences } from './documents/catalog/secret-references.ts';
import { formatProblem, type Problem } from './documents/reading/problem.ts';
import { statesNoAudience } from './domain/audience-gaps.ts';
import type { ApiWrite } from './domain/catalog-facts.ts';
import type { FieldProblem } from './domain/field-problem.ts';
import { joinSecrets } from './domain/secret-fields.ts';
import { isSecretSetting, judgeKeyManager, type KeyMaterialChecks } from './keymanagers/judge-key-manager.ts';
import { keyManagerSettings } from './keymanagers/key-manager-settings.ts';
import { keyManagerWarnings, NO_AUDIENCE_WARNING } from './keymanagers/key-manager-warnings.ts';
import { loadKeyManagerTypes } from './keymanagers/load-types.ts';
import { resolveKeyManager } from './keymanagers/resolve-key-manager.ts';
import { connectionOf, type KeyManagerTypes } from './keymanagers/types.ts';
import { urlProblem } from './outbound/guard/url-problem.ts';
import { loadSealingKeys } from './sealing/load-sealing-keys.ts';
import type { SealingKey } from './sealing/sealing-key.ts';
import { newFingerprintKey } from './sealing/secret-sealer.ts';
import { referenceReader } from './settings/reference-reader.ts';
import type { Settings } from './settings/settings.ts';
import type { Logger } from './telemetry/logger.ts';
import { pemProblem } from './tokens/keys/import-pem.ts';

/** What a start would say of the catalog file: tried on a copy of the catalog, without listening and without writing. */
export async function validateCatalog(settings: Settings): Promise<CatalogReport> {
  const types = await knownTypes(settings);
  if ('message' in types) return { problems: [types], warnings: [] };
  const read = readCatalogFile(settings, types);
  if (read === undefined) return { problems: [], warnings: [] };
  if (!read.ok) return { problems: read.problems, warnings: [] };
  const { facts, digest } = read.value;
  try {
    const result = await rehearseCatalog(catalogDatabase(settings), keysAsTheyAre(settings), facts, digest, {
      catalogWins: false,
    });
    const warnings = [
      ...audienceWarnings(read.value, settings, types),
      ...typeWarnings(read.value, types),
      ...publicCatchAllWarnings(read.value),
    ];
    return { problems: problemsOf(result, read.value, settings), warnings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const fix = 'correct dataDir, or make it readable';
    return { problems: [problem(catalogDatabase(settings), message, fix)], warnings: [] };
  }
}

async function knownTypes({ keyManagers }: Settings): Promise<KeyManagerTypes | Problem> {
  try {
    return await loadKeyManagerTypes(keyManagers.types);
  } catch (error) {
    return problem(
      '',
      error instanceof Error ? error.message : String(error),
      'correct the module',
      'keyManagers.types',
    );
  }
}

/** The SQLite file that holds the catalog; the catalog file is what people write. */
export function catalogDatabase({ dataDir }: Settings): string {
  return join(dataDir, 'catalog.db');
}

/** Where no key was made yet nothing is sealed yet, and any key will do for a copy that is thrown away. */
function keysAsTheyAre({ sealing, dataDir }: Settings): readonly SealingKey[] {
  const { keys } = loadSealingKeys({ sources: sealing.keys, dataDir, environment: process.env, make: false });
  return keys.length > 0 ? keys : [{ id: 'rehearsal', secret: newFingerprintKey() }];
}

/** Members of `additionalProperties` that are secrets of a type although they may not sound so, by type. */
export function connectorSecrets(types: KeyManagerTypes): Readonly<Record<string, readonly string[]>> {
  const namesOf = (type: string) => [...connectionOf(types, type).map(({ name }) => name), 'headers'];
  return Object.fromEntries(
    [...types.byType.keys()].map((type) => [type, namesOf(type).filter(isSecretSetting(types, type))]),
  );
}

/** How key material is judged wherever a key manager is written, in the file or over HTTP. */
export function keyMaterialChecks({ outbound }: Settings): KeyMaterialChecks {
  return { urlProblem: (url) => urlProblem(url, outbound), pemProblem };
}

function audienceWarnings(
  { facts, problemAt }: CatalogReading,
  settings: Settings,
  types: KeyManagerTypes,
): readonly Problem[] {
  const defaults = keyManagerDefaults(settings);
  const open = facts.keyManagers.filter(({ organization, dto, secrets }) => {
    const resolved = resolveKeyManager(
      { id: dto.name, organization, sequence: 0, version: 0, dto, secrets },
      defaults,
      types,
    );
    return resolved !== undefined && resolved.audiences.length === 0;
  });
  return facts.apis.flatMap((api, index) => {
    const names = open
      .map(({ dto }) => dto.name)
      .filter((name) => api.keyManagers === 'all' || api.keyManagers.includes(name));
    if (names.length === 0 || !statesNoAudience(api)) return [];
    const message = `neither this API nor ${names.join(', ')} states an audience; add audiences to one of them, or a token meant for anything else will do`;
    return [problemAt({ field: `apis[${index}].audiences`, message })];
  });
}

/** What its type finds odd about each key manager, but for the audience, which is a matter of its APIs. */
function typeWarnings({ facts, problemAt }: CatalogReading, types: KeyManagerTypes): readonly Problem[] {
  return facts.keyManagers.flatMap(({ dto, secrets }, index) => {
    const settings = keyManagerSettings(joinSecrets(dto, secrets), types);
    const warnings = 'type' in settings ? keyManagerWarnings(settings) : [];
    return warnings
      .filter((warning) => warning !== NO_AUDIENCE_WARNING)
      .map((message) => problemAt({ field: `keyManagers[${index}]`, message: message.replace(/\.$/, '') }));
  });
}

/** One for each API: its first public `…*` that a protected operation lies below, for the same verb. */
function publicCatchAllWarnings({ facts, problemAt }: CatalogReading): readonly Problem[] {
  return facts.apis.flatMap((api, index) => {
    const at = api.resources.findIndex((resource) => isPublicCatchAll(resource) && shields(resource, api));
    if (at === -1) return [];
    const message =
      'is public with everything below it, beside operations that ask for a token: an upstream that ignores case or decodes ' +
      'paths would serve those by another spelling; name the public operations one by one, or see that the upstream tells spellings apart';
    return [problemAt({ field: `apis[${index}].operations[${at}].target`, message })];
  });
}

type Operation = ApiWrite['resources'][number];

function isPublicCatchAll({ authType, template }: Operation): boolean {
  return authType === 'None' && template.endsWith('*');
}

/** True when another spelling of a protected operation's literal, in case or by escapes, would fall to the catch-all. */
function shields(catchAll: Operation, { resources }: ApiWrite): boolean {
  const stepsOf = (template: string) => template.toLowerCase().split('/').slice(1);
  const isLiteral = (step: string | undefined) => step !== '*' && !step?.startsWith('{');
  const verbOf = (verb: Operation['verb']) => (verb === 'HEAD' ? 'GET' : verb);
  const prefix = stepsOf(catchAll.template).slice(0, -1);
  return resources.some(({ authType, verb, template }) => {
    if (authType === 'None' || verbOf(verb) !== verbOf(catchAll.verb)) return false;
    const steps = stepsOf(template);
    return (
      prefix.every((step, depth) => depth < steps.length && (!isLiteral(step) || step === steps[depth])) &&
      steps.some((step, depth) => isLiteral(step) && step !== prefix[depth])
    );
  });
}

function readCatalogFile(settings: Settings, types: KeyManagerTypes) {
  const file = settings.catalogFile;
  if (file === null) return undefined;
  const checks = keyMaterialChecks(settings);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    return { ok: false, problems: [problem(file, message, 'correct catalogFile, or the rights of the file')] } as const;
  }
  const referred: string[] = [];
  const read = readCatalog(text, file, settings.organization, (dto) => {
    const whole = resolveReferences(dto, referenceReader(process.env));
    if ('problems' in whole) return whole;
    const judged = judgeKeyManager(whole.dto, { types, checks, origin: 'catalog_file' });
    if ('problems' in judged) return judged;
    const secretAt = (pointer: string) =>
      Object.keys(judged.secrets).find((at) => pointer === at || pointer.startsWith(`${at}/`));
    const shown = whole.pointers.filter((pointer) => secretAt(pointer) === undefined);
    if (shown.length > 0) return { problems: shown.map(shownProblem) };
    referred.push(...whole.pointers.map((pointer) => judged.secrets[secretAt(pointer) ?? ''] ?? ''));
    return judged;
  });
  if (!read.ok || referred.length === 0) return read;
  // A secret that was changed where it stands is a change of the document.
  const digest = createHash('sha256')
    .update(JSON.stringify([read.value.digest, ...referred]))
    .digest('hex');
  return { ok: true, value: { ...read.value, digest } } as const;
}

function shownProblem(pointer: string): FieldProblem {
  const field = pointer.slice(1).replaceAll('/', '.');
  return { field, message: 'refers to a secret, and is none to this type, so that it would be shown; write it here' };
}

/** Applies the file at a start. A refused one never stops a start that has APIs to serve, unless `strict`. */
export async function applyCatalogFile(
  settings: Settings,
  types: KeyManagerTypes,
  { writer, reader }: OpenCatalog,
  { catalogWins, strict }: Pick<ServeOptions, 'catalogWins' | 'strict'>,
  log: Logger,
): Promise<void> {
  const read = readCatalogFile(settings, types);
  if (read === undefined) return;
  const problems = read.ok ? await apply(read.value) : read.problems;
  if (problems.length === 0) return;
  const hasState = (reader.snapshot()?.router.byId.size ?? 0) > 0;
  const told = problems.map(formatProblem);
  if (strict || !hasState) throw new Error(`the catalog was not applied:\n${told.join('\n')}`);
  log.error({ problems: told }, 'the catalog was not applied; the state of before goes on');

  async function apply(reading: CatalogReading): Promise<readonly Problem[]> {
    const result = await writer.applyCatalog(reading.facts, reading.digest, { catalogWins });
    if (result.kind === 'applied') log.info({ changes: result.changes }, 'catalog applied');
    return problemsOf(result, reading, settings);
  }
}

function problemsOf(
  result: CatalogResult,
  { problemAt }: CatalogReading,
  { catalogFile }: Settings,
): readonly Problem[] {
  if (result.kind === 'refused') return result.fields.map(problemAt);
  if (result.kind !== 'conflicts') return [];
  return result.conflicts.map(({ entity, field, catalog, current }) =>
    field === ''
      ? problem(
          catalogFile ?? '',
          `was ${catalog} here, but an admin has ${current} it since`,
          'remove the entry here, or start with --catalog-wins',
          entity,
        )
      : problem(
          catalogFile ?? '',
          `is ${catalog} here, but an admin has changed it to ${current} since`,
          'write the current value here, or start with --catalog-wins',
          `${entity}.${field}`,
        ),
  );
}

function problem(file: string, message: string, fix: string, field = ''): Problem {
  return { file, line: undefined, column: undefined, field, message, fix };
}
