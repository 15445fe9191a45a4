// A hub and its followers as real processes: fixed ports, so that any of them can be killed and started again, and a network between
// each follower and the hub that can be cut. With a Redis for all of them where that is wanted.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckAnswer, CheckClient } from '../../src/extauthz/check-client.ts';
import { eventually } from './eventually.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { freePort } from './free-port.ts';
import { type GatehouseProcess, type SettingsSections, startGatehouse } from './gatehouse-process.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** Ends a call that nobody answers. */
const CALL_LIMIT_MS = 20_000;

/** What to start. */
export interface HubFleetOptions {
  readonly followers: number;
  /** The hub's catalog document. */
  readonly catalog: object;
  /** Whether they share a Redis. */
  readonly redis?: boolean;
  /** Laid over the settings of all. */
  readonly settings?: SettingsSections;
  readonly env?: NodeJS.ProcessEnv;
}

/** What an admin side answered. */
export interface FleetReply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

/** One process of the fleet, whichever of its lives it is in. */
export interface FleetMember {
  readonly name: string;
  /** The port for checks, the same in all its lives. */
  readonly checkPort: number;
  readonly adminUrl: string;
  readonly folder: string;
  /** The network between it and the hub; the hub has none. */
  readonly link: FaultProxy | undefined;
  process(): GatehouseProcess;
  isUp(): boolean;
  /** Asks as Envoy would. Rejects when nobody answers. */
  check(path: string, token: string): Promise<CheckAnswer>;
  /** `allow`, or the reason of the denial or fault. */
  outcome(path: string, token: string): Promise<string>;
  /** A call of the admin side. Rejects when nobody answers. */
  admin(method: string, path: string, body?: unknown): Promise<FleetReply>;
  /** The number that is equal where catalogs are, with its position. Rejects when it is not told. */
  digest(): Promise<unknown>;
  /** SIGKILL. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again in its folder. */
  start(): Promise<void>;
}

/** The fleet and what it stands on. */
export interface HubFleet {
  readonly folder: string;
  readonly hub: FleetMember;
  readonly followers: readonly FleetMember[];
  readonly members: readonly FleetMember[];
  /** Where the Redis is reached by all; undefined where there is none. */
  readonly redis: FleetRedis | undefined;
  /** One more follower with an empty folder. */
  join(name: string, more?: SettingsSections): Promise<FleetMember>;
  /** Waits until a follower has what the hub had when this was called. */
  inStep(follower: FleetMember, limitMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis that goes and comes back on its port. */
export interface FleetRedis {
  readonly link: FaultProxy;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Starts all; stops what it started when something fails. */
export async function startHubFleet(options: HubFleetOptions): Promise<HubFleet> {
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-hub-fleet-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const secretFile = (name: string) => {
      const file = join(folder, name);
      const secret = randomBytes(32).toString('base64url');
      writeFileSync(file, secret, { mode: 0o600 });
      return { file, secret };
    };
    const admin = secretFile('admin-credential');
    const sync = secretFile('sync-credential');
    const sealing = join(folder, 'sealing-key');
    writeFileSync(sealing, randomBytes(32).toString('base64'), { mode: 0o600 });
    const redis = options.redis ? await startFleetRedis() : undefined;
    if (redis !== undefined) stops.push(redis.stop);
    const shared: SettingsSections = {
      sealing: { keys: [{ id: 'fleet', file: sealing }] },
      ...(redis && { cache: { redis: { url: `redis://127.0.0.1:${redis.link.port}/0` } } }),
      ...options.settings,
    };
    const credentials = [
      { name: 'ops', rights: ['read', 'write', 'keys', 'revoke', 'sync'], sha256: sha256(admin.secret) },
      { name: 'followers', rights: ['sync'], sha256: sha256(sync.secret) },
    ].map((one) => ({ organization: 'carbon.super', ...one }));
    const startMember = async (name: string, link: FaultProxy | undefined, own: SettingsSections, file?: string) => {
      const member = await startFleetMember({
        ...{ name, link, folder: join(folder, name), token: admin.secret, catalogFile: file, env: options.env },
        settings: { ...shared, ...own, admin: { credentials, port: await freePort() } },
      });
      stops.push(member.end);
      return member;
    };
    const catalogFile = join(folder, 'catalog.yaml');
    writeFileSync(catalogFile, JSON.stringify(options.catalog));
    const hub = await startMember('hub', undefined, {}, catalogFile);
    const joinFleet = async (name: string, more: SettingsSections = {}) => {
      const link = await startFaultProxy(Number(new URL(hub.adminUrl).port));
      stops.push(link.stop);
      const url = `http://127.0.0.1:${link.port}`;
      return startMember(name, link, { sync: { source: 'hub', hub: { url, credentialFile: sync.file } }, ...more });
    };
    const followers: FleetMember[] = [];
    for (let at = 1; at <= options.followers; at++) followers.push(await joinFleet(`follower-${at}`));
    return {
      ...{ folder, hub, followers, redis, stop },
      members: [hub, ...followers],
      join: joinFleet,
      inStep: async (follower, limitMs) => {
        const { position } = (await hub.admin('GET', '/sync/status')).body as FleetStatus;
        await eventually(
          `${follower.name} to be in step`,
          async () => {
            const now = (await follower.admin('GET', '/sync/status')).body as FleetStatus;
            return (
              now.state === 'following' &&
              now.position?.epoch === position?.epoch &&
              (now.position?.sequence ?? 0) >= (position?.sequence ?? 0)
            );
          },
          limitMs,
        );
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `GET /sync/status`, as far as tests look at it. */
export interface FleetStatus {
  readonly state: string;
  readonly position?: { readonly epoch: string; readonly sequence: number };
}

/** What a check said, in one word. */
export function saidBy(answer: CheckAnswer): string {
  return answer.status === 0 ? 'allow' : (answer.metadata['reason'] ?? 'no reason');
}

interface MemberOptions {
  readonly name: string;
  readonly folder: string;
  readonly link: FaultProxy | undefined;
  readonly token: string;
  readonly settings: SettingsSections;
  readonly catalogFile: string | undefined;
  readonly env: NodeJS.ProcessEnv | undefined;
}

async function startFleetMember(options: MemberOptions): Promise<FleetMember & { readonly end: () => Promise<void> }> {
  const { name, folder, link, token, catalogFile, env } = options;
  const checkPort = await freePort();
  const settings = {
    ...options.settings,
    extauthz: { listen: [`tcp://127.0.0.1:${checkPort}`], drainMs: 0, ...(options.settings['extauthz'] as object) },
  };
  const start = () => startGatehouse({ folder, settings, ...(catalogFile && { catalogFile }), ...(env && { env }) });
  const newClient = () => new CheckClient({ kind: 'tcp', host: '127.0.0.1', port: checkPort });
  let running = await start();
  let client = newClient();
  let up = true;
  const { adminUrl } = running;
  const leave = async (signal: NodeJS.Signals) => {
    up = false;
    client.close();
    running.signal(signal);
    await (signal === 'SIGKILL' ? running.exited : running.stop());
  };
  const check = async (path: string, bearer: string) => {
    const headers = [['authorization', `Bearer ${bearer}`]] as const;
    return client.check({ method: 'GET', url: `http://api.example${path}`, headers, headerMode: 'raw' }, CALL_LIMIT_MS);
  };
  const admin: FleetMember['admin'] = async (method, path, body) => {
    const reply = await fetch(`${adminUrl}${path}`, {
      method,
      signal: AbortSignal.timeout(CALL_LIMIT_MS),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const { status, headers } = reply;
    return { status, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  return {
    ...{ name, checkPort, adminUrl, folder, link, check },
    process: () => running,
    isUp: () => up,
    outcome: async (path, bearer) => saidBy(await check(path, bearer)),
    admin,
    digest: async () => {
      const { status, body } = await admin('GET', '/sync/digest');
      if (status !== 200) throw new Error(`${name} tells no digest: ${status}`);
      return body;
    },
    kill: () => leave('SIGKILL'),
    stop: () => leave('SIGTERM'),
    start: async () => {
      running = await start();
      client = newClient();
      up = true;
    },
    end: async () => {
      if (up) await leave('SIGTERM');
    },
  };
}

async function startFleetRedis(): Promise<FleetRedis & { readonly stop: () => Promise<void> }> {
  const port = await freePort();
  let server: RedisServer | undefined = await startRedis({ port });
  const link = await startFaultProxy(port);
  return {
    link,
    kill: async () => {
      await server?.kill();
      server = undefined;
    },
    start: async () => {
      server ??= await startRedis({ port });
    },
    stop: async () => {
      await link.stop();
      await server?.stop();
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
