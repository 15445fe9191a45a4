// Starts the parts of the demo in the order in which they need each other. Whatever was started is handed to the caller's stack.

import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EnvoyTool } from '../scripts/envoy-tool.ts';
import { startEchoUpstream } from '../test/rig/echo-upstream.ts';
import { startEnvoy } from '../test/rig/envoy-process.ts';
import { freePort, isPortFree } from '../test/rig/free-port.ts';
import { startGatehouse } from '../test/rig/gatehouse-process.ts';
import type { RunningProcess } from '../test/rig/running-process.ts';
import { checkLine, sendCheckTo } from './check-command.ts';
import { type DemoCase, demoCases } from './demo-cases.ts';
import { DEMO_PORTS, type DemoName, startDemoKeyManager } from './demo-key-managers.ts';
import { curlLine, type Send, sendHttp } from './perform.ts';

/** The ports of the shipped files; where one is taken, any other will do. */
const PREFERRED_PORTS = { envoy: 8080, envoyAdmin: 9901, upstream: 8081, gatehouse: 9191, admin: 9443 };
const CATALOG = fileURLToPath(new URL('../config/catalog.yaml', import.meta.url));
const LAST_LINES = 20;
/** In the state's folder: what Gatehouse and Envoy say while they run. */
const LOG_FILES = { gatehouse: 'gatehouse.log', envoy: 'envoy.log' } as const;

/** Something that the user can mend, in a sentence. */
export class DemoRefused extends Error {}

/** The running demo. */
export interface Demo {
  /** What runs, where, and what it is there for. */
  readonly places: readonly (readonly [what: string, where: string, note: string])[];
  readonly cases: readonly DemoCase[];
  /** Where to read what was decided and why: Gatehouse's log, and Envoy's access log where there is an Envoy. */
  readonly logs: { readonly gatehouse: string; readonly envoy: string | undefined };
  /** How a case is written for a shell, and how its requests are made. */
  readonly line: (shown: DemoCase) => string;
  readonly send: Send;
  /** Resolves, with the last it said, when a part has ended by itself. */
  readonly lost: Promise<string>;
}

/** Starts everything; `state` is emptied first. */
export async function startDemo(state: string, envoyTool: EnvoyTool, parts: AsyncDisposableStack): Promise<Demo> {
  await refuseTakenPorts();
  await rm(state, { recursive: true, force: true });
  const keyManager = async (name: DemoName) => {
    const server = await startDemoKeyManager(name);
    parts.defer(() => server.close());
    return server;
  };
  const [partner, staff, newcomer] = await Promise.all([
    keyManager('PartnerKM'),
    keyManager('StaffKM'),
    keyManager('NewKM'),
  ]);
  const gatehousePort = await portNear(PREFERRED_PORTS.gatehouse);
  const gatehouse = await startGatehouse({
    folder: state,
    catalogFile: CATALOG,
    logFile: join(state, LOG_FILES.gatehouse),
    settings: {
      extauthz: { listen: [`tcp://127.0.0.1:${gatehousePort}`] },
      admin: { port: await portNear(PREFERRED_PORTS.admin) },
    },
  });
  parts.defer(async () => void (await gatehouse.stop()));
  const lost = [endOf('Gatehouse', gatehouse)];
  const logs = { gatehouse: join(state, LOG_FILES.gatehouse), envoy: undefined };
  const common = { adminUrl: gatehouse.adminUrl, adminToken: gatehouse.adminToken, partner, staff, newcomer };
  const places: [string, string, string][] = [
    ['Gatehouse', `127.0.0.1:${gatehousePort}`, `ext_authz checks; admin and metrics at ${gatehouse.adminUrl}`],
    ['', '', `credential of the admin side in ${relative(process.cwd(), join(state, 'data', 'admin-token'))}`],
    ['PartnerKM', partner.url, 'key manager, allowed for pizza and orders'],
    ['StaffKM', staff.url, 'key manager, allowed for orders'],
    ['NewKM', newcomer.url, 'key manager that Gatehouse does not know yet'],
  ];
  if (envoyTool.kind === 'missing') {
    // The host of the URL says nothing here: the demo's APIs are on every host.
    const cases = demoCases({ ...common, apiUrl: 'http://127.0.0.1', throughEnvoy: false });
    const send = sendCheckTo(gatehousePort, state);
    const line = (shown: DemoCase) => checkLine(shown, gatehousePort, state);
    return { places, cases, logs, line, send, lost: Promise.race(lost) };
  }
  const upstream = await startEchoUpstream(await portNear(PREFERRED_PORTS.upstream));
  parts.defer(() => upstream.close());
  const envoy = await startEnvoy({
    bin: envoyTool.bin,
    folder: join(state, 'envoy'),
    logFile: join(state, LOG_FILES.envoy),
    gatehouse: gatehouse.endpoints,
    upstreamPort: upstream.port,
    port: await portNear(PREFERRED_PORTS.envoy),
    adminPort: await portNear(PREFERRED_PORTS.envoyAdmin),
  });
  parts.defer(async () => void (await envoy.stop()));
  lost.push(endOf('Envoy', envoy));
  places.unshift([`Envoy ${envoyTool.version}`, envoy.url, `envoy/envoy.yaml; admin at ${envoy.adminUrl}`]);
  places.push(['upstream', `http://127.0.0.1:${upstream.port}`, 'answers with what it received']);
  const cases = demoCases({ ...common, apiUrl: envoy.url, throughEnvoy: true });
  const bothLogs = { ...logs, envoy: join(state, LOG_FILES.envoy) };
  return { places, cases, logs: bothLogs, line: curlLine, send: sendHttp, lost: Promise.race(lost) };
}

async function refuseTakenPorts(): Promise<void> {
  for (const [name, port] of Object.entries(DEMO_PORTS))
    if (!(await isPortFree(port)))
      throw new DemoRefused(
        `Port ${port} on 127.0.0.1 is taken, and the demo key manager ${name} needs it: end what listens there and start again.`,
      );
}

async function portNear(preferred: number): Promise<number> {
  return (await isPortFree(preferred)) ? preferred : freePort();
}

async function endOf(name: string, process: RunningProcess): Promise<string> {
  const code = await process.exited;
  const last = [...process.stdout, ...process.stderr].slice(-LAST_LINES).join('\n');
  return `${name} has ended by itself (exit code ${code}). The last it said:\n${last}`;
}
