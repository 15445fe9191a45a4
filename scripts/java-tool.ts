// Finds a Java runtime, or installs one where that is possible without asking (as root, with apt). It starts nothing.

import { runCommand } from './run-command.ts';

/** A Java runtime that runs, or what to do to get one. */
export type JavaTool =
  | { readonly kind: 'found'; readonly bin: string; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

/** The oldest that Keycloak's server runs on. */
const OLDEST_MAJOR = 17;
/** Debian and Ubuntu have one or the other, by their age. */
const PACKAGES = ['openjdk-17-jre-headless', 'openjdk-21-jre-headless'] as const;
const ADVICE = `Keycloak needs Java ${OLDEST_MAJOR} or newer. Install it (Debian, Ubuntu: apt-get install ${PACKAGES[0]}; macOS: brew install openjdk) and run the tests again.`;

/** `java` of `JAVA_HOME` or `PATH`, installed by apt first where there is none and we are root. */
export async function findJava(environment: NodeJS.ProcessEnv = process.env): Promise<JavaTool> {
  const home = environment['JAVA_HOME'];
  const bin = home === undefined || home === '' ? 'java' : `${home}/bin/java`;
  const present = await versionOf(bin);
  if (present !== undefined) return { kind: 'found', bin, version: present };
  const { code: apt } = await runCommand('apt-get', ['--version']);
  if (bin !== 'java' || process.getuid?.() !== 0 || apt !== 0) return { kind: 'missing', advice: ADVICE };
  console.error('Installing a Java runtime ...');
  await runCommand('apt-get', ['update', '-qq'], { show: true });
  for (const name of PACKAGES) {
    await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { show: true });
    const installed = await versionOf(bin);
    if (installed !== undefined) return { kind: 'found', bin, version: installed };
  }
  return { kind: 'missing', advice: `apt-get could not install a Java runtime (its message is above). ${ADVICE}` };
}

/** Of a runtime that is new enough. */
async function versionOf(bin: string): Promise<string | undefined> {
  const { code, output } = await runCommand(bin, ['-version']);
  const version = code === 0 ? /version "([^"]+)"/.exec(output)?.[1] : undefined;
  return version !== undefined && Number.parseInt(version, 10) >= OLDEST_MAJOR ? version : undefined;
}
