// Reads what people write (YAML files, JSON bodies) against a schema: a value, or every problem with its place, field and fix.
// It never repeats a value that it was given, so no secret can end up in a problem's text.

import type { z } from 'zod';
import { type Explained, explainIssues } from './explain-issues.ts';
import { parseYaml } from './parse-yaml.ts';
import type { Problem, Read } from './problem.ts';

/** How a document is read. */
export type Schema<T> = z.ZodType<T>;

/** Reads a YAML 1.2 document (core schema; duplicate keys, several documents, excessive size, depth and aliases are refused). */
export function readYaml<T>(text: string, file: string, schema: z.ZodType<T>): Read<T> {
  const parsed = parseYaml(text, file);
  if (!('place' in parsed)) return { ok: false, problems: parsed };
  return readValue(parsed.data, schema, (found) => {
    const place = parsed.place(found.path, found.ofKey);
    return problem(file, found, place?.line, place?.column);
  });
}

/** Reads a JSON value that is already parsed, such as an HTTP body; `source` names it in problems. */
export function readParsed<T>(value: unknown, schema: z.ZodType<T>, source = 'body'): Read<T> {
  return readValue(value, schema, (found) => problem(source, found));
}

function readValue<T>(value: unknown, schema: z.ZodType<T>, toProblem: (found: Explained) => Problem): Read<T> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problems: explainIssues(result.error, schema).map(toProblem) };
}

function problem(file: string, found: Explained, line?: number, column?: number): Problem {
  return { file, line, column, field: found.field, message: found.message, fix: found.fix };
}
