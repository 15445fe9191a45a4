// A real Gatehouse process, as users start it: settings file, catalog, data folder. Loopback only, on any free ports unless told.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

/** Sections of a settings file. */
export type SettingsSections = Readonly<Record<string, unknown>>;

/** A busy machine must not decide what a test is not about: these only end what hangs, and before clients of the rig give up. */
const UNHURRIED = { budgetMs: 8_000, keySetMs: 4_000, introspectionMs: 6_000 };

/** How to start it. */
export interface GatehouseOptions {
  /** Laid over the rig's own settings, section by section. */
  readonly settings?: SettingsSections;
  /** `shipped` for what is about them: the deadlines of decisions that users get, where `settings` name none. */
  readonly deadlines?: 'shipped' | undefined;
  /** A catalog file. */
  readonly catalogFile?: string;
  /** Holds settings and data, and is kept; without it a temporary folder is made and removed in the end. */
  readonly folder?: string;
  /** The program's entry; its source unless another is given. */
  readonly main?: string;
  /** What Node itself is started with. */
  readonly nodeFlags?: readonly string[];
  /** More of the command line of `serve`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** How long its start may take; what tests wait at most unless given. */
  readonly startLimitMs?: number;
  /** A file that gets its log too. */
  readonly logFile?: string;
}

/** A line of its log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A running Gatehouse. */
export interface GatehouseProcess extends RunningProcess {
  readonly folder: string;
  /** Where it takes checks, worker after worker: ports, or paths of sockets. */
  readonly endpoints: readonly (number | string)[];
  readonly adminUrl: string;
  /** The admin credential that it made for itself; empty where the settings list others. */
  readonly adminToken: string;
  log(): LogLine[];
  /** The first log line that fits, when it has been written. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Starts it anew after its end: the same folder, which must have been given, settings, catalog and addresses. */
  again(): Promise<GatehouseProcess>;
}

/** The program's entry. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts `gatehouse serve` and waits until it is ready. */
export async function startGatehouse(options: GatehouseOptions = {}): Promise<GatehouseProcess> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'gatehouse-'));
  const dataDir = join(folder, 'data');
  const configFile = join(folder, 'gatehouse.yaml');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(configFile, JSON.stringify(settingsOf(options, folder, dataDir, await freePort()), null, 2));
  const running = await startProcess({
    command: process.execPath,
    args: [
      ...(options.nodeFlags ?? []),
      options.main ?? MAIN,
      'serve',
      '--config',
      configFile,
      ...(options.args ?? []),
    ],
    env: { ...process.env, ...options.env },
    logFile: options.logFile,
  });
  // The last line of one that was killed may have been cut.
  const log = () =>
    running.stdout
      .filter((line, at, all) => line.startsWith('{') && (at < all.length - 1 || line.endsWith('}')))
      .map((line) => JSON.parse(line) as LogLine);
  const logged = (fits: (line: LogLine) => boolean) => eventually('a line in the log', () => log().find(fits));
  const gone = running.exited.then(() => {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    return undefined;
  });
  const readyLine = () => log().find((line) => line['msg'] === 'ready');
  const first = Promise.race([eventually('it to be ready', readyLine, options.startLimitMs), gone]);
  const ready = await endIfInVain(first, () => running.stop());
  if (ready === undefined)
    throw new Error(`Gatehouse ended at its start:\n${[...running.stdout, ...running.stderr].join('\n')}`);
  return {
    ...running,
    folder,
    endpoints: (ready['extauthz'] as string[]).map(endpointOf),
    adminUrl: String(ready['admin']),
    adminToken: adminTokenOf(dataDir),
    log,
    logged,
    again: () => startGatehouse({ ...options, settings: withAddresses(options.settings, ready['extauthz']) }),
    stop: async (graceMs) => {
      const code = await running.stop(graceMs);
      await gone;
      return code;
    },
  };
}

function adminTokenOf(dataDir: string): string {
  const file = join(dataDir, 'admin-token');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

function settingsOf(options: GatehouseOptions, folder: string, dataDir: string, port: number): SettingsSections {
  const own: Record<string, unknown> = {
    dataDir,
    catalogFile: options.catalogFile ?? null,
    // Not any port: between two lives an outgoing connection might get that. And no wait at the end for an Envoy to turn away; who
    // looks at draining sets it.
    extauthz: {
      listen: [hasWorkers(options.settings) ? `unix:${folder}/gatehouse.sock` : `tcp://127.0.0.1:${port}`],
      drainMs: 0,
    },
    admin: { port: 0 },
    // The rig's key managers are plain HTTP on loopback.
    outbound: { allowLoopback: true, allowHttp: true },
  };
  const deadlines: SettingsSections = {
    extauthz: { budgetMs: UNHURRIED.budgetMs },
    keySets: { timeoutMs: UNHURRIED.keySetMs },
    introspection: { timeoutMs: UNHURRIED.introspectionMs },
  };
  const layers = [options.deadlines === 'shipped' ? {} : deadlines, options.settings ?? {}];
  for (const [section, value] of layers.flatMap(Object.entries<unknown>))
    own[section] = isSection(value) && isSection(own[section]) ? { ...own[section], ...value } : value;
  return own;
}

function withAddresses(settings: SettingsSections = {}, listen: unknown): SettingsSections {
  const { extauthz } = settings;
  // Where there are several, the address of each follows from the settings'.
  if (hasWorkers(settings)) return settings;
  return { ...settings, extauthz: { ...(isSection(extauthz) && extauthz), listen } };
}

/** A worker that is started again would have another free port, and Envoy would not know it. */
function hasWorkers({ workers }: SettingsSections = {}): boolean {
  return workers !== undefined && workers !== 1;
}

function isSection(value: unknown): value is SettingsSections {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function endpointOf(address: string): number | string {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : Number(new URL(address).port);
}
