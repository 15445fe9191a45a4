// Reads a catalog document: facts to apply, or every mistake with its place; and finds the place of mistakes that only the
// catalog can see (a name that leads nowhere, a context that is taken).

import { createHash } from 'node:crypto';
import type { DesiredFacts } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { parseYaml } from '../reading/parse-yaml.ts';
import type { Problem, Read } from '../reading/problem.ts';
import { readYaml } from '../reading/read-document.ts';
import { catalogDocument } from './catalog-document.ts';
import { type JudgeKeyManager, toCatalogFacts } from './to-catalog-facts.ts';

/** A document that has been read. */
export interface CatalogReading {
  readonly facts: DesiredFacts;
  /** SHA-256 of the text, hex: equal texts are applied once. */
  readonly digest: string;
  /** A refusal's field, such as `apis[0].keyManagers[1]`, with its place in the text. */
  problemAt(refused: FieldProblem): Problem;
}

/** Reads the text of `file`; `organization` is that of a document that names none, key managers are judged by their types. */
export function readCatalog(
  text: string,
  file: string,
  organization: string,
  judge: JudgeKeyManager,
): Read<CatalogReading> {
  const read = readYaml(text, file, catalogDocument);
  if (!read.ok) return read;
  const problemAt = (refused: FieldProblem) => problemIn(refused, text, file);
  const facts = toCatalogFacts({ ...read.value, organization: read.value.organization ?? organization }, judge);
  if ('problems' in facts) return { ok: false, problems: facts.problems.map(problemAt) };
  return { ok: true, value: { facts, digest: createHash('sha256').update(text).digest('hex'), problemAt } };
}

/** A refusal's field with its place in the text. */
export function problemIn({ field, message: sentence }: FieldProblem, text: string, file: string): Problem {
  const parsed = parseYaml(text, file);
  const path = [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) => name ?? Number(index));
  const place = 'place' in parsed ? parsed.place(path, false) : undefined;
  const end = sentence.indexOf('; ');
  const [message, fix] = end === -1 ? [sentence, 'correct it'] : [sentence.slice(0, end), sentence.slice(end + 2)];
  return { file, line: place?.line, column: place?.column, field, message, fix };
}
