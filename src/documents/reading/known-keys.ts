// Looks into a schema: which member names it knows at a path. Used to guess what a misspelled name was meant to be.

import type { z } from 'zod';

/** Member names that the schema takes at this path; empty where any name goes. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const [step, ...rest] = path;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object': {
      if (step === undefined) return Object.keys(def.shape);
      const member = def.shape[String(step)] ?? def.catchall;
      return member === undefined ? [] : knownKeys(member, rest);
    }
    case 'array':
      return step === undefined ? [] : knownKeys(def.element, rest);
    case 'record':
      return step === undefined ? [] : knownKeys(def.valueType, rest);
    case 'union':
      return def.options.flatMap((option) => knownKeys(option, path));
    case 'pipe':
      return [...knownKeys(def.in, path), ...knownKeys(def.out, path)];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return knownKeys(def.innerType, path);
    default:
      return [];
  }
}
