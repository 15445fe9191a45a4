// Third-party test data lives beside the project, not in it; a test that needs it fails loudly where it is absent.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const VECTORS = join(import.meta.dirname, '../../../../shared/vectors');

/** The bytes of one vector file. */
export function vectorBytes(path: string): Buffer {
  return readFileSync(locate(path));
}

/** A vector file read as JSON. */
export function vectorJson<T>(path: string): T {
  return JSON.parse(vectorBytes(path).toString('utf8')) as T;
}

/** The file names in a folder of vectors. */
export function vectorNames(path: string): string[] {
  return readdirSync(locate(path));
}

function locate(path: string): string {
  const file = join(VECTORS, path);
  if (!existsSync(file))
    throw new Error(`Test vectors are missing: put them at ../shared/vectors beside the project (looked for ${path}).`);
  return file;
}
