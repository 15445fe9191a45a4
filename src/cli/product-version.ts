// The program's version, from the package that it was installed with.

import { readFileSync } from 'node:fs';

/** The version of package.json; the same path leads there from the source and from the build. */
export function productVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
