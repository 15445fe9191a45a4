// The options that settings come from, for every command that needs settings.

import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatProblem, type Problem, type Read } from '../documents/reading/problem.ts';
import { CONFIG_VARIABLE } from '../settings/environment.ts';
import { loadSettings } from '../settings/load-settings.ts';
import type { InsecureChoice, Settings } from '../settings/settings.ts';
import type { Surroundings } from './cli-app.ts';

/** The options as commander gives them. */
export interface SettingsOptions {
  readonly config?: string;
  readonly data?: string;
  readonly catalog?: string;
  readonly set: readonly (readonly [name: string, text: string])[];
  readonly insecureAdminHttp?: boolean;
  readonly insecureExtauthz?: boolean;
}

/** Adds the options to a command. */
export function withSettingsOptions(command: Command): Command {
  return command
    .option('--config <file>', `settings file (else ${CONFIG_VARIABLE}); see config/gatehouse.yaml`)
    .option('--data <dir>', 'data directory (dataDir)')
    .option('--catalog <file>', 'catalog to apply at boot (catalogFile)')
    .addOption(pairsOption('--set <name=value>', 'any setting, e.g. extauthz.budgetMs=300; may be repeated'))
    .option('--insecure-admin-http', 'allow the admin side beyond this machine without TLS')
    .option('--insecure-extauthz', 'allow ext_authz over TCP beyond this machine without TLS');
}

/** The settings, or every problem in what they are made of. */
export function settingsOf(options: SettingsOptions, env: Surroundings['env']): Read<Settings> {
  const flags = options.set.map(([name, text]) => ({ label: `--set ${name}`, name, text }));
  if (options.data !== undefined) flags.push({ label: '--data', name: 'dataDir', text: options.data });
  if (options.catalog !== undefined) flags.push({ label: '--catalog', name: 'catalogFile', text: options.catalog });
  const insecure: InsecureChoice[] = [];
  if (options.insecureAdminHttp === true) insecure.push('admin-http');
  if (options.insecureExtauthz === true) insecure.push('extauthz');
  const name = options.config ?? env[CONFIG_VARIABLE];
  if (name === undefined) return loadSettings({ env, flags, insecure });
  const text = readText(name);
  if (text === undefined) {
    const fix = `correct --config or ${CONFIG_VARIABLE}, or the rights of the file`;
    const problem = { file: name, line: undefined, column: undefined, field: '', message: 'cannot be read', fix };
    return { ok: false, problems: [problem] };
  }
  return loadSettings({ file: { name, text }, env, flags, insecure });
}

/** Prints problems, one a line. */
export function printProblems(problems: readonly Problem[], print: (text: string) => void): void {
  for (const problem of problems) print(formatProblem(problem));
}

/** An option that collects `name=value`, as often as it is given. */
export function pairsOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collectPair).default([], 'none');
}

function collectPair(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Write name=value.');
  return [...before, [text.slice(0, equals), text.slice(equals + 1)]];
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
