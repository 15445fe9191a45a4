// A hub and its followers, each a real process with a data folder of its own, asked through their gRPC ports. Between them is a proxy
// that can break.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../rig/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../rig/fault-proxy.ts';
import { freePort } from '../rig/free-port.ts';
import { type GatehouseProcess, type SettingsSections, startGatehouse } from '../rig/gatehouse-process.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { type Checks, checksOf } from './checks.ts';
import { type AdminReply, callAdmin, keyManagerDto } from './stack.ts';

/** A resource that needs a subscription. */
export const RESOURCE = '/things/1/list';
/** The follower's credential. */
export const SYNC_TOKEN = 'follower-token';
/** One with all rights, the same everywhere. */
const OPS_TOKEN = 'ops-token';

/** One process. */
export interface Member {
  readonly gatehouse: GatehouseProcess;
  outcome(token: string): Promise<string>;
  admin(method: string, path: string, body?: unknown): Promise<AdminReply>;
  status(): Promise<Readonly<Record<string, unknown>>>;
  digest(): Promise<Readonly<Record<string, unknown>>>;
  /** Ends it by the signal, and starts it anew in its folder. */
  restart(signal?: NodeJS.Signals): Promise<Member>;
  stop(): Promise<void>;
}

/** The hub and what it stands on. */
export interface Fleet {
  readonly folder: string;
  readonly hub: () => Member;
  readonly jwts: KeyManagerServer;
  /** Between followers and hub. */
  readonly proxy: FaultProxy;
  /** A token of a client; `shop` is subscribed. */
  token(client?: string, claims?: Readonly<Record<string, unknown>>): string;
  /** Starts a follower; the name is that of its folder. It may not be ready. */
  follow(name: string, settings?: SettingsSections): Promise<Member>;
  restartHub(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a hub with one API, one application and its subscription. */
export async function startHub(): Promise<Fleet> {
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-followers-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const jwts = await startKeyManager();
    stops.push(jwts.close);
    const keyFile = join(folder, 'sealing-key');
    writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const credentialFile = join(folder, 'sync-token');
    writeFileSync(credentialFile, SYNC_TOKEN, { mode: 0o600 });
    const catalogFile = join(folder, 'catalog.yaml');
    writeFileSync(catalogFile, JSON.stringify(catalogOf(jwts)));
    const sealing = { keys: [{ id: 'fleet', file: keyFile }] };
    const credentials = [
      credentialOf('ops', OPS_TOKEN, ['read', 'write', 'keys', 'revoke', 'sync']),
      credentialOf('follower', SYNC_TOKEN, ['sync']),
    ];
    const port = await freePort();
    const proxy = await startFaultProxy(port);
    stops.push(proxy.stop);
    let hub = memberOf(
      await startGatehouse({
        folder: join(folder, 'hub'),
        catalogFile,
        settings: { sealing, admin: { port, credentials } },
      }),
    );
    stops.push(() => hub.stop());
    return {
      folder,
      jwts,
      proxy,
      hub: () => hub,
      token: (client = 'shop', claims = {}) => jwts.mint({ sub: client, azp: client, ...claims }),
      follow: async (name, more = {}) => {
        const settings = {
          sealing,
          admin: { port: 0, credentials },
          sync: { source: 'hub', hub: { url: `http://127.0.0.1:${proxy.port}`, credentialFile } },
          ...more,
        };
        const member = memberOf(await startGatehouse({ folder: join(folder, name), settings }));
        stops.push(() => member.stop());
        return member;
      },
      restartHub: async (signal = 'SIGTERM') => {
        hub = await hub.restart(signal);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until a follower has what the hub has. */
export function caughtUp(fleet: Fleet, follower: Member): Promise<unknown> {
  return eventually('the follower has what the hub has', async () => {
    const [there, here] = await Promise.all([fleet.hub().digest(), follower.digest()]);
    return there['digest'] === here['digest'] && there['epoch'] === here['epoch'];
  });
}

function memberOf(gatehouse: GatehouseProcess): Member {
  const checks: Checks = checksOf(gatehouse);
  let later: Member | undefined;
  const authorized = { ...gatehouse, adminToken: OPS_TOKEN };
  const admin = (method: string, path: string, body?: unknown) => callAdmin(authorized, method, path, body);
  const object = async (path: string) => (await admin('GET', path)).body as Readonly<Record<string, unknown>>;
  return {
    gatehouse,
    outcome: (token) => checks.outcome(RESOURCE, token),
    admin,
    status: () => object('/sync/status'),
    digest: () => object('/sync/digest'),
    restart: async (signal = 'SIGTERM') => {
      checks.close();
      gatehouse.signal(signal); // No harm where it has ended already.
      await gatehouse.exited;
      later = memberOf(await gatehouse.again());
      return later;
    },
    stop: async () => {
      checks.close();
      await gatehouse.stop();
      await later?.stop();
    },
  };
}

function credentialOf(name: string, token: string, rights: readonly string[]) {
  return { name, sha256: createHash('sha256').update(token).digest('hex'), rights };
}

function catalogOf(jwts: KeyManagerServer) {
  return {
    keyManagers: [keyManagerDto('JwtKM', jwts)],
    apis: [
      {
        name: 'Things',
        context: '/things',
        version: '1',
        keyManagers: ['JwtKM'],
        operations: [{ verb: 'GET', target: '/list' }],
      },
    ],
    applications: [
      {
        name: 'Shop',
        owner: 'alice',
        keys: [{ keyManager: 'JwtKM', consumerKey: 'shop' }],
        subscriptions: [{ api: 'Things', version: '1' }],
      },
    ],
  };
}
