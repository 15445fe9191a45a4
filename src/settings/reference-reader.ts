// Reads the secrets that a catalog document refers to: variables of the environment, and files without the line end.

import { readFileSync } from 'node:fs';
import type { ReadReference } from '../documents/catalog/secret-references.ts';

/** Reads references in this environment. */
export function referenceReader(env: Readonly<Record<string, string | undefined>>): ReadReference {
  return ({ kind, name }) => {
    if (kind === 'env') {
      const text = env[name];
      return text
        ? { text }
        : { problem: `names the variable ${name}, which is not set; set it, or write the secret here` };
    }
    try {
      return { text: readFileSync(name, 'utf8').replace(/\r?\n$/, '') };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return {
        problem: `names the file ${name}, which cannot be read (${code}); correct it, or write the secret here`,
      };
    }
  };
}
