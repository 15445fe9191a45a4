// Lays single values given as text (environment, flags) over settings that are already valid, and says which of them are wrong.

import { didYouMean } from '../documents/reading/did-you-mean.ts';
import type { Problem, Read } from '../documents/reading/problem.ts';
import { readParsed } from '../documents/reading/read-document.ts';
import { documentLeaves, type Leaf, readLeaf } from '../documents/settings/document-leaves.ts';
import { type SettingsDocument, settingsDocument } from '../documents/settings/settings-document.ts';

/** One value as it was given. */
export interface Given {
  /** What the person wrote it as: `GATEHOUSE_ADMIN_PORT`, `--set admin.port`. */
  readonly label: string;
  /** The setting's name in the source's own spelling. */
  readonly name: string;
  readonly text: string;
}

/** Settings with the given values in place. `nameOf` spells a leaf's path the way the source does. */
export function overlay(
  base: SettingsDocument,
  given: readonly Given[],
  source: string,
  nameOf: (path: readonly string[]) => string,
): Read<SettingsDocument> {
  const leaves = new Map(documentLeaves(settingsDocument).map((leaf) => [nameOf(leaf.path), leaf]));
  const tree = structuredClone(base) as unknown as Tree;
  const problems: Problem[] = [];
  const labels = new Map<string, string>();
  for (const { label, name, text } of given) {
    const leaf = leaves.get(name);
    const value = leaf === undefined ? undefined : readLeaf(leaf, text);
    if (leaf === undefined) problems.push(unknownName(source, label, name, [...leaves.keys()]));
    else if (value === undefined) problems.push(problem(source, label, 'is not a JSON value', fixOf(leaf)));
    else {
      put(tree, leaf.path, value);
      labels.set(leaf.path.join('.'), label);
    }
  }
  const read = readParsed(tree, settingsDocument, source);
  if (!read.ok) problems.push(...read.problems.map((found) => ({ ...found, field: labelOf(found.field, labels) })));
  return read.ok && problems.length === 0 ? read : { ok: false, problems };
}

interface Tree {
  [name: string]: unknown;
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [step, ...rest] = path;
  if (step === undefined) return;
  if (rest.length === 0) {
    tree[step] = value;
    return;
  }
  // A section that may be absent (`tls: null`) begins to exist with its first member.
  const section = (tree[step] ?? {}) as Tree;
  tree[step] = section;
  put(section, rest, value);
}

function labelOf(field: string, labels: ReadonlyMap<string, string>): string {
  for (const [path, label] of labels) if (field.startsWith(path)) return `${label}${field.slice(path.length)}`;
  return field;
}

function unknownName(source: string, label: string, name: string, known: readonly string[]): Problem {
  const meant = didYouMean(name, known);
  if (meant === undefined) return problem(source, label, 'is not a setting', 'remove it, or see config/gatehouse.yaml');
  return problem(source, label, `is not a setting (did you mean "${meant}"?)`, `write ${meant}, or remove it`);
}

function fixOf(leaf: Leaf): string {
  return leaf.kind === 'list'
    ? 'write items with commas between them, or a JSON list'
    : 'write a number, true, false or JSON';
}

function problem(file: string, field: string, message: string, fix: string): Problem {
  return { file, line: undefined, column: undefined, field, message, fix };
}
