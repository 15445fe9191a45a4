// Finds a Keycloak to run, or installs one below `.tools/`. The only place that knows its version and where it comes from. It starts
// no server.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import { findJava } from './java-tool.ts';
import { runCommand } from './run-command.ts';

/** The Keycloak that the interop tests run. */
export const KEYCLOAK_VERSION = '26.7.3';

const GROUP = 'org.keycloak';
const ARTIFACT = 'keycloak-quarkus-dist';
const ARCHIVE = `${ARTIFACT}-${KEYCLOAK_VERSION}.tar.gz`;
const MAVEN_CENTRAL = `https://repo1.maven.org/maven2/${GROUP.replaceAll('.', '/')}/${ARTIFACT}/${KEYCLOAK_VERSION}/${ARCHIVE}`;
/** Of the archive of this version, as Maven Central publishes it. */
const SHA256 = '77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47';
const TOOLS = fileURLToPath(new URL('../.tools', import.meta.url));

/**
 * Chosen once, at install time, so that a start takes seconds: an in-memory database and no cluster leave nothing behind and find
 * nobody.
 */
const BUILD = ['build', '--db=dev-mem'];

/** A Keycloak that runs, or what to do to get one. */
export type KeycloakTool =
  | { readonly kind: 'found'; readonly bin: string; readonly version: string; readonly javaVersion: string }
  | { readonly kind: 'missing'; readonly advice: string };

/** Our own Keycloak of the pinned version, installed where it is not yet, and a Java to run it. */
export async function findKeycloak(): Promise<KeycloakTool> {
  const java = await findJava();
  if (java.kind === 'missing') return java;
  const home = join(TOOLS, `keycloak-${KEYCLOAK_VERSION}`);
  const bin = join(home, 'bin', 'kc.sh');
  if (!(await exists(bin))) {
    const advice = await install(home, bin);
    if (advice !== undefined) return { kind: 'missing', advice };
  }
  return { kind: 'found', bin, version: KEYCLOAK_VERSION, javaVersion: java.version };
}

async function install(home: string, bin: string): Promise<string | undefined> {
  console.error(`Installing Keycloak ${KEYCLOAK_VERSION} below ${home} (about 170 MB) ...`);
  // Into a folder of our own first: whoever sees the final name sees a whole Keycloak, however many install at once.
  const partial = `${home}.${process.pid}.partial`;
  try {
    await mkdir(partial, { recursive: true });
    const archive = join(partial, ARCHIVE);
    if (!(await copyWithMaven(partial))) await download(archive);
    if ((await sha256Of(archive)) !== SHA256)
      return `${MAVEN_CENTRAL} did not arrive whole (its SHA-256 differs). Try again.`;
    const unpacked = await runCommand('tar', ['-xzf', archive, '-C', partial]);
    if (unpacked.code !== 0) return `tar could not unpack ${ARCHIVE}: ${unpacked.output.trim()}`;
    const fresh = join(partial, `keycloak-${KEYCLOAK_VERSION}`);
    const built = await runCommand(join(fresh, 'bin', 'kc.sh'), BUILD, { show: true });
    if (built.code !== 0) return 'kc.sh build failed (its message is above).';
    await rename(fresh, home).catch(async (error) => {
      if (!(await exists(bin))) throw error;
    });
    return undefined;
  } catch (error) {
    return `Keycloak could not be fetched from Maven Central (${error instanceof Error ? error.message : 'unknown'}). Try again with a network.`;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Maven knows mirrors and proxies of this machine; false where there is no Maven or it could not. */
async function copyWithMaven(folder: string): Promise<boolean> {
  const { code } = await runCommand('mvn', [
    ...['--batch-mode', '--quiet', 'dependency:copy'],
    ...[`-Dartifact=${GROUP}:${ARTIFACT}:${KEYCLOAK_VERSION}:tar.gz`, `-DoutputDirectory=${folder}`],
  ]);
  return code === 0 && (await exists(join(folder, ARCHIVE)));
}

async function download(file: string): Promise<void> {
  const reply = await fetch(MAVEN_CENTRAL);
  if (!reply.ok || reply.body === null) throw new Error(`status ${reply.status}`);
  await pipeline(Readable.fromWeb(reply.body as ReadableStream), createWriteStream(file));
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
