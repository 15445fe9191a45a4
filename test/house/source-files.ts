// Reads the source tree for the house tests: which files there are and what each imports. It judges nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's top folder. */
export const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** One source file. */
export interface SourceFile {
  /** Path from the top, with forward slashes. */
  readonly path: string;
  /** The room under src/, or the file's own name where it stands in src/ itself. */
  readonly room: string;
  readonly text: string;
  /** Specifiers of its imports, exports-from and worker URLs. */
  readonly imports: readonly { readonly specifier: string; readonly typeOnly: boolean }[];
}

const IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;

/** Every TypeScript file below a folder of the project. */
export function sourceFiles(folder = 'src'): SourceFile[] {
  return readdirSync(join(TOP, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const path = relative(TOP, join(entry.parentPath, entry.name)).split(sep).join('/');
      const text = readFileSync(join(TOP, path), 'utf8');
      const imports = [...text.matchAll(IMPORT)].map((match) => ({
        specifier: match[2] ?? '',
        typeOnly: match[1] !== undefined,
      }));
      for (const match of text.matchAll(DYNAMIC)) imports.push({ specifier: match[1] ?? '', typeOnly: false });
      return { path, room: path.split('/')[1] ?? '', text, imports };
    });
}
