// Where a scenario gets its servers: started on the server's core, ended with the lab. Everything else runs on the other core.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../scripts/run-command.ts';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseOptions, type GatehouseProcess, startGatehouse } from '../rig/gatehouse-process.ts';
import { startProcess } from '../rig/running-process.ts';
import type { Answer } from './verified-answer.ts';

/** Of the two cores that the bench takes, the one of the measured servers. */
const SERVER_CORE = 0;
/** The one of clients, key managers and the bench itself. */
const LOAD_CORE = 1;
const LOG_READ_MS = 500;

/** A server that answers checks. */
export interface CheckServer {
  readonly pids: readonly number[];
  readonly port: number;
}

/** Starts what a scenario asks for. */
export class Lab {
  readonly #undo: (() => unknown)[] = [];

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

  /** A Gatehouse as users start it. */
  async gatehouse(options: GatehouseOptions): Promise<GatehouseProcess & CheckServer> {
    const gatehouse = await startGatehouse(options);
    this.defer(() => gatehouse.stop());
    // Its log is read and let go, as by a collector: every denial is a line.
    const log = setInterval(() => (gatehouse.stdout as string[]).splice(0), LOG_READ_MS);
    this.defer(() => clearInterval(log));
    await pin(gatehouse.pid, SERVER_CORE);
    return { ...gatehouse, pids: [gatehouse.pid], port: Number(gatehouse.endpoints[0]) };
  }

  /** A floor that answers with as many bytes as Gatehouse has. */
  async floor({ decoded }: Answer): Promise<CheckServer> {
    const program = fileURLToPath(new URL('./floor-server.ts', import.meta.url));
    const floor = await startProcess({ command: process.execPath, args: [program, JSON.stringify(decoded)] });
    this.defer(() => floor.stop());
    await pin(floor.pid, SERVER_CORE);
    const port = await eventually('the floor to listen', () => /^port (\d+)$/.exec(floor.stdout[0] ?? '')?.[1]);
    return { pids: [floor.pid], port: Number(port) };
  }

  /** Ends everything, the last first. */
  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }
}

/** Moves a process and all its threads to the server's core. */
export function pinToServerCore(pid: number): Promise<void> {
  return pin(pid, SERVER_CORE);
}

/** Moves this process, and with it all that it starts from now on, to the core of the load. */
export function pinToLoadCore(): Promise<void> {
  return pin(process.pid, LOAD_CORE);
}

async function pin(pid: number, core: number): Promise<void> {
  const { code, output } = await runCommand('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`]);
  if (code !== 0) throw new Error(`taskset could not pin process ${pid} to core ${core}: ${output}`);
}
