// The catalog file: read as `validate` and a start read it, and applied at a start. The one use case that spans several rooms.

import { readFileSync } from 'node:fs';
import type { OpenCatalog } from './catalog/open-catalog.ts';
import type { CatalogReport, ServeOptions } from './cli/cli-app.ts';
import { formatProblem, type Problem } from './documents/problem.ts';
import { type CatalogReading, readCatalog } from './documents/read-catalog.ts';
import { statesNoAudience } from './domain/audience-gaps.ts';
import { describeKeyManager } from './keymanagers/describe-key-manager.ts';
import { resolveKeyManager } from './keymanagers/resolve-key-manager.ts';
import type { Settings } from './settings/settings.ts';
import type { Logger } from './telemetry/logger.ts';
import { urlProblem } from './tokens/fetch-document.ts';
import { pemProblem } from './tokens/import-pem.ts';

/** Reads the catalog file as a start would: without listening, and without writing. */
export async function validateCatalog(settings: Settings): Promise<CatalogReport> {
  const read = readCatalogFile(settings);
  if (read === undefined) return { problems: [], warnings: [] };
  if (!read.ok) return { problems: read.problems, warnings: [] };
  const { facts, problemAt } = read.value;
  const open = facts.keyManagers.filter(({ organization, dto }) => {
    const resolved = resolveKeyManager({ id: dto.name, organization, sequence: 0, dto }, settings.tokens);
    return resolved !== undefined && resolved.audiences.length === 0;
  });
  const warnings = facts.apis.flatMap((api, index) => {
    const names = open
      .map(({ dto }) => dto.name)
      .filter((name) => api.keyManagers === 'all' || api.keyManagers.includes(name));
    if (names.length === 0 || !statesNoAudience(api)) return [];
    const message = `neither this API nor ${names.join(', ')} states an audience; add audiences to one of them, or a token meant for anything else will do`;
    return [problemAt({ field: `apis[${index}].audiences`, message })];
  });
  return { problems: [], warnings };
}

function readCatalogFile(settings: Settings) {
  const file = settings.catalogFile;
  if (file === null) return undefined;
  const checks = { urlProblem: (url: string) => urlProblem(url, settings.outbound), pemProblem };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    const fix = 'correct catalogFile, or the rights of the file';
    return { ok: false, problems: [{ file, line: undefined, column: undefined, field: '', message, fix }] } as const;
  }
  return readCatalog(text, file, (dto) => describeKeyManager(dto, checks, 'catalog_file'));
}

/** Applies the file at a start. A refused one never stops a start that has APIs to serve, unless `strict`. */
export async function applyCatalogFile(
  settings: Settings,
  { writer, reader }: OpenCatalog,
  { catalogWins, strict }: Pick<ServeOptions, 'catalogWins' | 'strict'>,
  log: Logger,
): Promise<void> {
  const read = readCatalogFile(settings);
  if (read === undefined) return;
  const problems = read.ok ? await apply(read.value) : read.problems;
  if (problems.length === 0) return;
  const hasState = (reader.snapshot()?.router.byId.size ?? 0) > 0;
  const told = problems.map(formatProblem);
  if (strict || !hasState) throw new Error(`the catalog was not applied:\n${told.join('\n')}`);
  log.error({ problems: told }, 'the catalog was not applied; the state of before goes on');

  async function apply({ facts, digest, problemAt }: CatalogReading): Promise<readonly Problem[]> {
    const result = await writer.applyCatalog(facts, digest, { catalogWins });
    if (result.kind === 'applied') log.info({ changes: result.changes }, 'catalog applied');
    if (result.kind === 'refused') return result.fields.map(problemAt);
    if (result.kind !== 'conflicts') return [];
    return result.conflicts.map(({ entity, field, catalog, current }) => ({
      file: settings.catalogFile ?? '',
      line: undefined,
      column: undefined,
      field: field === '' ? entity : `${entity}.${field}`,
      message: `is ${catalog} here, but an admin has changed it to ${current} since`,
      fix: 'write the current value here, or start with --catalog-wins',
    }));
  }
}
