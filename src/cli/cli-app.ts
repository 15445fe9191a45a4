// What the command line needs from the program and from its surroundings. `app.ts` and `main.ts` provide it.

import type { Discovered } from '../admin/key-managers/diagnosis.ts';
import type { Problem } from '../documents/reading/problem.ts';
import type { Settings } from '../settings/settings.ts';

/** How to serve. */
export interface ServeOptions {
  readonly settings: Settings;
  /** The catalog file rules over what admins changed since it was last applied. */
  readonly catalogWins: boolean;
  /** A catalog that cannot be applied stops the start, even where there is state to serve. */
  readonly strict: boolean;
}

/** A serving process. */
export interface RunningApp {
  /** Where it listens. */
  readonly addresses: { readonly extauthz: readonly string[]; readonly admin: string };
  /** Replaces the workers, one at a time, in the background; where there are none it says so. */
  restart(): void;
  /** Drains and ends; fulfilled when nothing is left to do. */
  stop(): Promise<void>;
}

/** What boot would say of the catalog file. */
export interface CatalogReport {
  readonly problems: readonly Problem[];
  /** Legal, and probably not meant. */
  readonly warnings: readonly Problem[];
}

/** What became of a copy of the catalog. */
export type CopyOutcome =
  | { readonly kind: 'done'; readonly told: readonly string[] }
  | { readonly kind: 'failed'; readonly problem: string };

/** The program behind the command line. */
export interface CliApp {
  /** Rejects when it cannot start. */
  serve(options: ServeOptions): Promise<RunningApp>;
  /** Reads the settings' catalog file as boot would, without listening and without writing. */
  validateCatalog(settings: Settings): Promise<CatalogReport>;
  /** Writes a consistent copy of the catalog's database, in use or not, to a file that does not exist yet. */
  backupCatalog(settings: Settings, copy: string): Promise<CopyOutcome>;
  /** Puts such a copy in the place of the catalog, which must not be in use. */
  restoreCatalog(settings: Settings, copy: string): Promise<CopyOutcome>;
  /** A key manager out of the discovery document at a URL, asked for as the settings allow; the type may be a preset. */
  discover(settings: Settings, url: string, type: string): Promise<Discovered>;
}

/** The process around the command line. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  readStdin(): Promise<string>;
  onSignal(signal: NodeJS.Signals, listener: () => void): void;
  exit(code: number): void;
}
