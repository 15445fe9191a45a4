// What is measured, as plain JavaScript: Gatehouse as users get it, from `npm run build`, and the floor beside it. From their sources
// both would hold the compiler of types in memory, and each thread of Gatehouse once more.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../scripts/run-command.ts';

const ROOT = new URL('../../', import.meta.url);
/** Below the project, so that what is in it finds the same packages. */
const FOLDER = new URL('.bench/', ROOT);

/** Entry of the built Gatehouse. */
export const BUILT_MAIN = fileURLToPath(new URL('dist/main.js', ROOT));
/** Entry of the floor. */
export const BUILT_FLOOR = fileURLToPath(new URL('floor-server.js', FOLDER));
/** Loaded into either; counts allocation. */
export const BUILT_PROBE = new URL('allocation-probe.js', FOLDER);

/** Builds them all; the floor has its codec from the built Gatehouse. */
export async function buildPrograms(): Promise<void> {
  const { code, output } = await runCommand('npm', ['--prefix', fileURLToPath(ROOT), 'run', 'build']);
  if (code !== 0) throw new Error(`npm run build failed:\n${output}`);
  mkdirSync(FOLDER, { recursive: true });
  for (const name of ['floor-server', 'allocation-probe']) {
    const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8');
    const script = stripTypeScriptTypes(source).replace(/'\.\.\/\.\.\/src\/(.+)\.ts'/g, "'../dist/$1.js'");
    writeFileSync(new URL(`${name}.js`, FOLDER), script);
  }
}
