// Settings from all their sources, later ones over earlier ones: defaults, file, environment, flags. All problems are told at once.

import { availableParallelism } from 'node:os';
import type { Problem, Read } from '../documents/reading/problem.ts';
import { readYaml } from '../documents/reading/read-document.ts';
import {
  MAX_WORKERS,
  type SettingsDocument,
  settingsDocument,
  settingsFile,
} from '../documents/settings/settings-document.ts';
import { checkSettings } from './check-settings.ts';
import { variableName, variablesOf } from './environment.ts';
import { overlay } from './overlay.ts';
import type { InsecureChoice, Settings } from './settings.ts';

/** Where settings come from. */
export interface SettingsSources {
  /** The settings file's name, for problems, and its text. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values by dotted path, with what the person wrote for problems: `{label: '--data', name: 'dataDir', text: '/data'}`. */
  readonly flags?: readonly { readonly label: string; readonly name: string; readonly text: string }[];
  readonly insecure?: readonly InsecureChoice[];
  /** What `workers: auto` stands for; the cores that this process may use, limits of its container counted. */
  readonly cores?: number;
}

/** The settings, or every problem of every source. */
export function loadSettings(sources: SettingsSources): Read<Settings> {
  const problems: Problem[] = [];
  let document: SettingsDocument = settingsDocument.parse({});
  const take = (read: Read<SettingsDocument>) => {
    if (read.ok) document = read.value;
    else problems.push(...read.problems);
  };
  if (sources.file !== undefined) take(readYaml(sources.file.text, sources.file.name, settingsFile));
  take(overlay(document, variablesOf(sources.env ?? {}), 'environment', variableName));
  take(overlay(document, sources.flags ?? [], 'command line', (path) => path.join('.')));
  const { insecure = [], cores = availableParallelism() } = sources;
  const workers = document.workers === 'auto' ? Math.max(1, Math.min(cores, MAX_WORKERS)) : document.workers;
  const settings: Settings = { ...document, workers, insecure };
  if (problems.length === 0) problems.push(...checkSettings(settings));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: settings };
}
