// Lists the members of a document that can be given one by one as text, in an environment variable or on the command line.

import type { z } from 'zod';

/** One member that takes a value of its own. */
export interface Leaf {
  readonly path: readonly string[];
  /** `text` is taken as it is; `list` is split at commas; `value` is read as JSON. A list may also be JSON; a `word` is what it can be. */
  readonly kind: 'text' | 'list' | 'value' | 'word';
  /** An empty text means null. */
  readonly nullable: boolean;
}

/** The leaves of a document schema, in the schema's order. Maps and lists of objects are leaves: they are given as a whole. */
export function documentLeaves(schema: z.core.$ZodType): readonly Leaf[] {
  return leavesOf(schema, [], false);
}

function leavesOf(schema: z.core.$ZodType, path: readonly string[], nullable: boolean): readonly Leaf[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([name, member]) => leavesOf(member, [...path, name], false));
    case 'default':
    case 'prefault':
    case 'optional':
      return leavesOf(def.innerType, path, nullable);
    case 'nullable':
      return leavesOf(def.innerType, path, true);
    case 'array': {
      const items = (def.element as z.core.$ZodTypes)._zod.def.type;
      return [{ path, kind: items === 'object' ? 'value' : 'list', nullable }];
    }
    case 'string':
    case 'enum':
      return [{ path, kind: 'text', nullable }];
    // A number or a word in its place (`workers: auto`).
    case 'custom':
      return [{ path, kind: 'word', nullable }];
    default:
      return [{ path, kind: 'value', nullable }];
  }
}

/** The value that a text stands for; undefined when it is not the JSON that it has to be. */
export function readLeaf(leaf: Leaf, text: string): unknown {
  if (leaf.nullable && (text === '' || text === 'null')) return null;
  if (leaf.kind === 'text') return text;
  if (leaf.kind === 'list' && !text.startsWith('['))
    return text === '' ? [] : text.split(',').map((item) => item.trim());
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return leaf.kind === 'word' ? text : undefined;
  }
}
