// `gatehouse apply` and `gatehouse diff`: have a running server bring an organization to what a catalog document says, or say what that
// would change. The document is judged here first, with the line of each mistake; secrets that it refers to are read here.

import { readFileSync } from 'node:fs';
import { catalogDocument } from '../documents/catalog/catalog-document.ts';
import { problemIn } from '../documents/catalog/read-catalog.ts';
import { resolveReferences } from '../documents/catalog/secret-references.ts';
import { parseYaml } from '../documents/reading/parse-yaml.ts';
import { formatProblem, type Problem } from '../documents/reading/problem.ts';
import { readYaml } from '../documents/reading/read-document.ts';
import type { CatalogChanges } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { referenceReader } from '../settings/reference-reader.ts';
import { type AdminReply, describeNoReply, describeRefusal } from './admin-client.ts';
import { type AdminOptions, adminTargetOf } from './admin-options.ts';
import { sendDocument } from './catalog-client.ts';
import type { Surroundings } from './cli-app.ts';
import { describeChanges } from './describe-changes.ts';
import { EXIT } from './exit-codes.ts';

/** Options of `diff` and `apply`. */
export interface ApplyCommandOptions extends AdminOptions {
  readonly prune?: boolean;
  readonly allowShrink?: boolean;
  readonly dryRun?: boolean;
  readonly expectRevision?: string;
}

/** Stands for standard input. */
const STDIN = '-';

/** Says what the document would change; resolves to 0 when that is nothing, else to 1. */
export async function diffCommand(file: string, options: ApplyCommandOptions, around: Surroundings): Promise<number> {
  const done = await send(file, { ...options, dryRun: true, allowShrink: true }, around);
  if (typeof done === 'number') return done;
  return done.kind === 'unchanged' ? EXIT.ok : EXIT.refused;
}

/** Applies the document; resolves to the exit code. */
export async function applyCommand(file: string, options: ApplyCommandOptions, around: Surroundings): Promise<number> {
  const done = await send(file, options, around);
  return typeof done === 'number' ? done : EXIT.ok;
}

/** What came of it, printed; or the exit code of a failure, explained. */
async function send(file: string, options: ApplyCommandOptions, around: Surroundings): Promise<Applied | number> {
  const { prune = false, allowShrink = false, dryRun = false, expectRevision } = options;
  const target = adminTargetOf(options);
  const text = file === STDIN ? await around.readStdin() : readText(file);
  for (const problem of [target, text])
    if (problem instanceof Error) return complain(around, problem.message, EXIT.usage);
  if (target instanceof Error || text instanceof Error) return EXIT.usage;
  const document = readDocument(text, file, around);
  if ('problems' in document) {
    for (const problem of document.problems) around.err(formatProblem(problem));
    return EXIT.usage;
  }
  try {
    const flags = { prune, allowShrink, dryRun };
    const reply = await sendDocument(target, { document: document.data, flags, expectRevision });
    const applied = appliedOf(reply);
    if (applied === undefined) return complain(around, explain(reply, text, file), EXIT.fault);
    around.out(describeChanges(applied, dryRun));
    around.err(`revision ${applied.revision}`);
    return applied;
  } catch (error) {
    return complain(around, describeNoReply(error), EXIT.fault);
  }
}

interface Applied extends CatalogChanges {
  readonly kind: 'applied' | 'planned' | 'unchanged';
  readonly revision: string;
}

function appliedOf({ status, body }: AdminReply): Applied | undefined {
  return status === 200 && isJsonObject(body) && Array.isArray(body['changes'])
    ? (body as unknown as Applied)
    : undefined;
}

/** The document as written, with its secrets; or every mistake in it. */
function readDocument(
  text: string,
  file: string,
  { env }: Pick<Surroundings, 'env'>,
): { readonly data: Readonly<Record<string, unknown>> } | { readonly problems: readonly Problem[] } {
  const read = readYaml(text, file, catalogDocument);
  if (!read.ok) return { problems: read.problems };
  const parsed = parseYaml(text, file);
  if (!('place' in parsed) || !isJsonObject(parsed.data)) return { problems: [] };
  const { data } = parsed;
  const given = Array.isArray(data['keyManagers']) ? (data['keyManagers'] as readonly KeyManagerDto[]) : undefined;
  if (given === undefined) return { data };
  const problems: FieldProblem[] = [];
  const keyManagers = given.map((dto, index) => {
    const resolved = resolveReferences(dto, referenceReader(env));
    if (!('problems' in resolved)) return resolved.dto;
    for (const { field, message } of resolved.problems)
      problems.push({ field: `keyManagers[${index}].${field}`, message });
    return dto;
  });
  if (problems.length > 0) return { problems: problems.map((problem) => problemIn(problem, text, file)) };
  return { data: { ...data, keyManagers } };
}

/** What the server refused, with the line of each field that is one of the document. */
function explain(reply: AdminReply, text: string, file: string): string {
  const { body } = reply;
  const errors = isJsonObject(body) && Array.isArray(body['error']) ? body['error'].filter(isJsonObject) : [];
  const error = errors.map((one) => {
    const [, field = '', message = ''] = /^([a-zA-Z]+\[[^:]*?): (.*)$/s.exec(String(one['message'])) ?? [];
    return field === '' ? one : { ...one, message: formatProblem(problemIn({ field, message }, text, file)) };
  });
  return describeRefusal({ ...reply, body: isJsonObject(body) ? { ...body, error } : body });
}

function readText(file: string): string | Error {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function complain(around: Surroundings, message: string, code: number): number {
  around.err(`gatehouse: ${message}`);
  return code;
}
