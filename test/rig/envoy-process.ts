// A real Envoy with a shipped file, its addresses put where the test wants them. Loopback only; gone when stopped.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addressOf,
  type Endpoint,
  type EnvoyConfig,
  type EnvoyFile,
  type Message,
  readEnvoyConfig,
} from './envoy-config.ts';
import { eventually } from './eventually.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

/** Envoy keeps its log lines for 10 s by default; tests read them. */
const LOG_FLUSH_MS = 20;

/** A check, each attempt at it, and a connection: longer than Gatehouse takes in the rig, and what hangs ends before clients give up. */
const UNHURRIED = '9s';

/** How to start it. */
export interface EnvoyOptions {
  readonly bin: string;
  readonly file?: EnvoyFile;
  /** Where Gatehouse listens, one for each instance. */
  readonly gatehouse: readonly Endpoint[];
  readonly upstreamPort: number;
  /** 0, the default, takes any. */
  readonly port?: number;
  readonly adminPort?: number;
  /** Holds its files, and is kept; without it a temporary folder is made and removed in the end. */
  readonly folder?: string;
  /** A file that gets its access log, and what else it says. */
  readonly logFile?: string;
  /** `shipped` for what is about them: the deadlines of the shipped file. Else a busy machine would decide what tests see. */
  readonly deadlines?: 'shipped' | undefined;
  /** The last word on the configuration. */
  readonly edit?: (config: EnvoyConfig) => void;
}

/** One line of the shipped access log. */
export type AccessLogLine = Readonly<Record<string, string | number | null>>;

/** A running Envoy. */
export interface EnvoyProcess extends RunningProcess {
  readonly port: number;
  readonly url: string;
  readonly adminUrl: string;
  /** The access log so far. */
  accessLog(): AccessLogLine[];
  /** The first access log line that fits, when it has been written. */
  loggedRequest(fits: (line: AccessLogLine) => boolean): Promise<AccessLogLine>;
  /** The value of a counter or gauge; 0 while Envoy has not made it. */
  stat(name: string): Promise<number>;
  /** Health flags (`healthy`, `/failed_active_hc`, ...) of a cluster's hosts, by address or socket path. */
  hostHealth(cluster: string): Promise<ReadonlyMap<string, string>>;
}

/** Starts Envoy and waits until it takes requests. */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyProcess> {
  const config = readEnvoyConfig(options.file);
  config.listener['address'] = addressOf(options.port ?? 0);
  config.admin['address'] = addressOf(options.adminPort ?? 0);
  config.setEndpoints('gatehouse', options.gatehouse);
  config.setEndpoints('upstream', [options.upstreamPort]);
  if (options.deadlines !== 'shipped') beUnhurried(config);
  options.edit?.(config);

  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gatehouse-envoy-')));
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'envoy.json');
  const adminFile = join(folder, 'admin-address');
  await rm(adminFile, { force: true });
  await writeFile(configFile, JSON.stringify(config.root, null, 2));
  const running = await startProcess({
    command: options.bin,
    args: [
      ...['--config-path', configFile, '--admin-address-path', adminFile, '--disable-hot-restart'],
      ...['--concurrency', '1', '--log-level', 'warn', '--file-flush-interval-msec', String(LOG_FLUSH_MS)],
    ],
    logFile: options.logFile,
  });
  const gone = running.exited.then(async () => {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    return 'gone' as const;
  });
  const adminUrl = eventually('Envoy to be ready', async () => {
    const url = `http://${(await readFile(adminFile, 'utf8')).trim()}`;
    return (await fetch(`${url}/ready`)).status === 200 && url;
  });
  const ready = await endIfInVain(Promise.race([adminUrl, gone]), () => running.stop());
  if (ready === 'gone') throw new Error(`Envoy ended at its start:\n${running.stderr.join('\n')}`);
  const port = await endIfInVain(listenerPort(ready), () => running.stop());
  const accessLog = () =>
    running.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as AccessLogLine);
  return {
    ...running,
    port,
    url: `http://127.0.0.1:${port}`,
    adminUrl: ready,
    accessLog,
    loggedRequest: (fits) => eventually('a line in the access log', () => accessLog().find(fits)),
    stat: async (name) => {
      const text = await (
        await fetch(`${ready}/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`)
      ).text();
      return Number(text.split(': ')[1] ?? 0);
    },
    hostHealth: async (cluster) => {
      const text = await (await fetch(`${ready}/clusters`)).text();
      const facts = text.split('\n').map((line) => line.split('::'));
      return new Map(
        facts.flatMap(([name, host = '', fact, value = '']) =>
          name === cluster && fact === 'health_flags' ? [[host, value] as const] : [],
        ),
      );
    },
    stop: async (graceMs) => {
      const code = await running.stop(graceMs);
      await gone;
      return code;
    },
  };
}

function beUnhurried({ extAuthz, cluster }: EnvoyConfig): void {
  const service = extAuthz['grpc_service'] as Message;
  const retryPolicy = service['retry_policy'] as Message;
  service['timeout'] = UNHURRIED;
  // Envoy takes the longest pause between attempts for the time-out of each, too.
  retryPolicy['retry_back_off'] = { ...(retryPolicy['retry_back_off'] as Message), max_interval: UNHURRIED };
  for (const name of ['gatehouse', 'upstream'] as const) cluster(name)['connect_timeout'] = UNHURRIED;
  // One that is late is out, at the very start too, and every request is 503 until the next.
  for (const check of cluster('gatehouse')['health_checks'] as Message[]) check['timeout'] = UNHURRIED;
}

async function listenerPort(adminUrl: string): Promise<number> {
  const reply = (await (await fetch(`${adminUrl}/listeners?format=json`)).json()) as {
    listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
  };
  const port = reply.listener_statuses[0]?.local_address.socket_address.port_value;
  if (port === undefined) throw new Error('Envoy has no listener');
  return port;
}
