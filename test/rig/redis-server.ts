// Real Redis servers on loopback: one, with TLS or users, a replica, Sentinels, a cluster of three; stopped, held, restarted on
// another's dump. Each has a folder and a port of its own.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

const LOOPBACK = '127.0.0.1';
const START_ATTEMPTS = 20;
const START_PAUSE_MS = 250;
const run = promisify(execFile);

/** How to start one. */
export interface RedisServerOptions {
  /** Free one when absent. */
  readonly port?: number;
  readonly folder?: string;
  /** Lines of redis.conf. */
  readonly config?: readonly string[];
  /** Listens with TLS only. */
  readonly tls?: RedisTls;
  /** ACL lines in place of an open default user. */
  readonly users?: readonly string[];
  /** `user:password` for the rig's own commands. */
  readonly admin?: { readonly user: string; readonly password: string };
  /** Starts on a copy of this RDB file. */
  readonly dump?: string;
  /** False: it need not answer PING (while it loads, for instance). */
  readonly waits?: boolean;
}

/** Files of a server that listens with TLS only. */
export interface RedisTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A running server. */
export interface RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly url: string;
  /** The RDB file that SAVE writes. */
  readonly dumpFile: string;
  /** redis-cli with these arguments; its output. */
  cli(...args: readonly string[]): Promise<string>;
  /** Holds it (SIGSTOP): connections stay, nothing is answered. */
  hold(): void;
  release(): void;
  /** Ends it without a word (SIGKILL). */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it anew after its end: the same port, folder and configuration. */
  again(): Promise<RedisServer>;
}

/** Starts one; it ends with `stop`, at the latest with the test process. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  // Between the choice of a port and its use another process of a busy machine may take it for a moment.
  for (let attempt = 1; attempt < START_ATTEMPTS; attempt++) {
    try {
      return await tryRedis(options);
    } catch (error) {
      if (!String(error).includes('Address already in use')) throw error;
      await sleep(START_PAUSE_MS);
    }
  }
  return tryRedis(options);
}

async function tryRedis(options: RedisServerOptions): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const folder = options.folder ?? newFolder();
  const { tls, users, admin } = options;
  const lines = [
    `dir ${folder}`,
    `bind ${LOOPBACK}`,
    'save ""',
    'daemonize no',
    'enable-debug-command yes',
    'dbfilename dump.rdb',
    ...listening(port, tls),
    ...(tls === undefined ? [] : ['tls-cluster yes']),
    ...(users ?? []),
    ...(options.config ?? []),
  ];
  const dumpFile = join(folder, 'dump.rdb');
  if (options.dump !== undefined) copyFileSync(options.dump, dumpFile);
  const configFile = join(folder, `redis-${port}.conf`);
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const child = await startProcess({ command: 'redis-server', args: [configFile] });
  const access = [
    ...showing(tls),
    ...(admin === undefined ? [] : ['--user', admin.user, '--pass', admin.password, '--no-auth-warning']),
  ];
  const cli = async (...args: readonly string[]) =>
    (await run('redis-cli', ['-h', LOOPBACK, '-p', String(port), ...access, ...args])).stdout.trim();
  const removeFolder = () => {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const stop = async () => {
    await child.stop();
    removeFolder();
  };
  if (options.waits ?? true) await endIfInVain(answers(child, port, cli), stop);
  return {
    port,
    folder,
    url: `${tls === undefined ? 'redis' : 'rediss'}://${LOOPBACK}:${port}/0`,
    dumpFile,
    cli,
    hold: () => void child.signal('SIGSTOP'),
    release: () => void child.signal('SIGCONT'),
    again: () => startRedis({ ...options, port, folder }),
    kill: async () => {
      child.signal('SIGKILL');
      await child.exited;
    },
    stop,
  };
}

/** A primary with a replica, watched by three Sentinels that agree by two. */
export async function startSentinels(): Promise<{
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly string[];
  stop(): Promise<void>;
}> {
  const primary = await startRedis();
  const replica = await startRedis({ config: [`replicaof ${LOOPBACK} ${primary.port}`] });
  await eventually('the replica is in step', async () =>
    (await replica.cli('info', 'replication')).includes('master_link_status:up'),
  );
  const watchers = await Promise.all([1, 2, 3].map(() => startSentinel(primary.port, { agreeing: 2 })));
  await eventually('the Sentinels know the replica and each other', async () => {
    const states = await Promise.all(watchers.map(({ cli }) => cli('info', 'sentinel')));
    return states.every((state) => state.includes('slaves=1,sentinels=3'));
  });
  return {
    primary,
    replica,
    sentinels: watchers.map(({ port }) => `${LOOPBACK}:${port}`),
    stop: async () => void (await Promise.all([...watchers, primary, replica].map((server) => server.stop()))),
  };
}

/** A cluster of three primaries. */
export async function startRedisCluster(): Promise<{
  readonly nodes: readonly RedisServer[];
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}> {
  const nodes = await Promise.all(
    [1, 2, 3].map(async () => startRedis({ config: ['cluster-enabled yes', `cluster-port ${await freePort()}`] })),
  );
  const addresses = nodes.map(({ port }) => `${LOOPBACK}:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes']);
  await eventually('the cluster has all its slots', async () => {
    const states = await Promise.all(nodes.map(({ cli }) => cli('cluster', 'info')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  return {
    nodes,
    addresses,
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

/** A Sentinel, alone or one of several that watch the primary on this port; it need not be there. */
export async function startSentinel(
  primaryPort: number,
  { agreeing = 1, tls }: { readonly agreeing?: number; readonly tls?: RedisTls } = {},
): Promise<{
  readonly port: number;
  cli(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}> {
  const port = await freePort();
  const folder = newFolder();
  const configFile = join(folder, 'sentinel.conf');
  const lines = [
    ...listening(port, tls),
    `bind ${LOOPBACK}`,
    `dir ${folder}`,
    `sentinel monitor mymaster ${LOOPBACK} ${primaryPort} ${agreeing}`,
    'sentinel down-after-milliseconds mymaster 500',
    'sentinel failover-timeout mymaster 2000',
  ];
  writeFileSync(configFile, `${lines.join('\n')}\n`);
  const child = await startProcess({ command: 'redis-server', args: [configFile, '--sentinel'] });
  const cli = async (...args: readonly string[]) =>
    (await run('redis-cli', ['-h', LOOPBACK, '-p', String(port), ...showing(tls), ...args])).stdout.trim();
  const stop = async () => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await endIfInVain(answers(child, port, cli), stop);
  return { port, cli, stop };
}

/** Lines of redis.conf for where it listens. */
function listening(port: number, tls: RedisTls | undefined): readonly string[] {
  if (tls === undefined) return [`port ${port}`];
  const files = [`tls-cert-file ${tls.certFile}`, `tls-key-file ${tls.keyFile}`, `tls-ca-cert-file ${tls.caFile}`];
  return ['port 0', `tls-port ${port}`, ...files, 'tls-replication yes'];
}

/** What redis-cli shows to such a server. */
function showing(tls: RedisTls | undefined): readonly string[] {
  return tls === undefined ? [] : ['--tls', '--cacert', tls.caFile, '--cert', tls.certFile, '--key', tls.keyFile];
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
}

async function answers(
  child: RunningProcess,
  port: number,
  cli: (...args: readonly string[]) => Promise<string>,
): Promise<void> {
  // Whoever has the port in its place may take the question and never answer it.
  const ended = child.exited.then(() => 'ended' as const);
  const state = await Promise.race([
    ended,
    eventually(`redis-server on port ${port} answers`, async () => (await cli('ping')) === 'PONG' && 'up'),
  ]);
  if (state === 'ended') throw new Error(`redis-server ended: ${child.stdout.slice(-5).join(' | ')}`);
}
