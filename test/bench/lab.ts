// Where a scenario gets its servers: started on the server's core, ended with the lab. Everything else runs on the other core.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../scripts/run-command.ts';
import { NODE_FLAGS } from '../../src/app/workers/node-flags.ts';
import { eventually } from '../rig/eventually.ts';
import {
  type GatehouseOptions,
  type GatehouseProcess,
  type SettingsSections,
  startGatehouse,
} from '../rig/gatehouse-process.ts';
import { type RedisServer, startRedis } from '../rig/redis-server.ts';
import { startProcess } from '../rig/running-process.ts';
import { TELLS_ALLOCATION, type WatchAllocation, watchAllocation } from './allocation.ts';
import { BUILT_FLOOR, BUILT_MAIN } from './built-programs.ts';
import type { Answer } from './verified-answer.ts';

/** Which core is whose. */
export interface Cores {
  /** Of the measured servers. */
  readonly server: number;
  /** Of clients, key managers and the bench itself. */
  readonly load: number;
  /** All others: for further workers. */
  readonly more?: readonly number[];
}

const LOG_READ_MS = 500;
/** Millions of subscriptions on a machine that is busy with others; measured is another thing. */
const START_LIMIT_MS = 120_000;

/** A server that answers checks. */
export interface CheckServer {
  readonly pids: readonly number[];
  readonly port: number;
  readonly allocation: WatchAllocation;
}

/** A Redis and what settings say of it. */
export interface SharedRedis extends RedisServer {
  readonly settings: SettingsSections;
}

/** Starts what a scenario asks for. */
export class Lab {
  readonly #cores: Cores;
  readonly #undo: (() => unknown)[] = [];

  constructor(cores: Cores) {
    this.#cores = cores;
  }

  /** A folder that goes away with the lab. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
    this.defer(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** Something to end with the lab, before what was started earlier. */
  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  /** A Gatehouse as its image starts it; the floor has whatever Node has by itself. */
  async gatehouse(options: GatehouseOptions): Promise<GatehouseProcess & CheckServer> {
    const env = { ...options.env, ...TELLS_ALLOCATION };
    const gatehouse = await startGatehouse({
      startLimitMs: START_LIMIT_MS,
      deadlines: 'shipped',
      ...options,
      main: BUILT_MAIN,
      nodeFlags: NODE_FLAGS,
      env,
    });
    this.defer(() => gatehouse.stop());
    // Its log is read and let go, as by a collector: every denial is a line.
    const log = setInterval(() => (gatehouse.stdout as string[]).splice(0), LOG_READ_MS);
    this.defer(() => clearInterval(log));
    await this.pinToServerCore(gatehouse.pid);
    const port = Number(gatehouse.endpoints[0]);
    return { ...gatehouse, pids: [gatehouse.pid], port, allocation: watchAllocation(gatehouse) };
  }

  /** A floor that answers with as many bytes as Gatehouse has; served by grpc-js, or as Gatehouse itself. */
  async floor({ decoded }: Answer, serving: 'grpc-js' | 'gatehouse' = 'grpc-js'): Promise<CheckServer> {
    const flags = serving === 'gatehouse' ? NODE_FLAGS : [];
    const floor = await startProcess({
      command: process.execPath,
      args: [...flags, BUILT_FLOOR, JSON.stringify(decoded), serving],
      env: { ...process.env, ...TELLS_ALLOCATION },
    });
    this.defer(() => floor.stop());
    await this.pinToServerCore(floor.pid);
    const port = await eventually('the floor to listen', () => /^port (\d+)$/.exec(floor.stdout[0] ?? '')?.[1]);
    return { pids: [floor.pid], port: Number(port), allocation: watchAllocation(floor) };
  }

  /** A core for each worker, as far as there are; at least the server's, for all of them. */
  get workerCores(): readonly number[] {
    return [this.#cores.server, ...(this.#cores.more ?? [])];
  }

  /** Moves a server that was started otherwise to where it belongs. */
  pinToServerCore(pid: number): Promise<void> {
    return pin(pid, this.#cores.server);
  }

  /** A Redis, on the core of the load, with the settings of those that share it. */
  async redis(): Promise<SharedRedis> {
    const redis = await startRedis();
    this.defer(() => redis.stop());
    const keyFile = join(this.folder(), 'sealing-key');
    writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const sealing = { keys: [{ id: 'fleet', file: keyFile }] };
    return { ...redis, settings: { cache: { redis: { url: redis.url } }, sealing } };
  }

  /** Ends everything, the last first. */
  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}

/** The cores that this process may use, or what is missing for a measurement that means anything. */
export async function findCores(): Promise<Cores | { readonly missing: string }> {
  if (process.platform !== 'linux') return { missing: 'the bench reads /proc, so it needs Linux.' };
  const { code } = await runCommand('taskset', ['--version']);
  if (code !== 0) return { missing: 'taskset is not installed (Debian, Ubuntu: apt-get install util-linux).' };
  // Such as "0-3,8".
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const [server, load, ...more] = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  if (server === undefined || load === undefined)
    return { missing: 'server and load need a core each, and there is only one.' };
  return { server, load, more };
}

/** Moves a process and all its threads to a core; what it starts later is there too. */
export async function pin(pid: number, core: number): Promise<void> {
  const { code, output } = await runCommand('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`]);
  if (code !== 0) throw new Error(`taskset could not pin process ${pid} to core ${core}: ${output}`);
}
