// Several Gatehouses that share a Redis, asked through their gRPC ports: the same catalog and sealing key, each with a data folder of
// its own. Between them and Redis is a proxy that can break.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultProxy, startFaultProxy } from '../rig/fault-proxy.ts';
import { type GatehouseProcess, type SettingsSections, startGatehouse } from '../rig/gatehouse-process.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { type RedisServer, startRedis } from '../rig/redis-server.ts';
import { type Checks, checksOf } from './checks.ts';
import { introspectingDto } from './introspecting-key-manager.ts';
import { type AdminReply, callAdmin, keyManagerDto } from './stack.ts';

/** A resource of the fleet's one API, which takes any client of any key manager. */
export const RESOURCE = '/things/1/list';

/** One process of the fleet. */
export interface Member {
  readonly gatehouse: GatehouseProcess;
  readonly checks: Checks;
  outcome(token: string): Promise<string>;
  admin(method: string, path: string, body?: unknown): Promise<AdminReply>;
  /** Ends it by the signal and starts it anew in its folder. */
  restart(signal?: NodeJS.Signals): Promise<Member>;
  stop(): Promise<void>;
}

/** The fleet and what it stands on. */
export interface Fleet {
  readonly folder: string;
  readonly jwts: KeyManagerServer;
  readonly opaque: IntrospectionServer;
  redis(): RedisServer;
  readonly proxy: FaultProxy;
  /** Starts one more; the name is that of its folder. */
  join(name: string, settings?: SettingsSections): Promise<Member>;
  /** In the place of the one that ended: on the same port, with a dump where one is given. */
  restartRedis(dump?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts what a fleet stands on; it has no members yet. */
export async function startFleet(settings: SettingsSections = {}): Promise<Fleet> {
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fleet-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));
    const jwts = await startKeyManager();
    stops.push(jwts.close);
    const opaque = await startIntrospection({ prefix: 'op' });
    stops.push(opaque.close);
    let redis = await startRedis();
    stops.push(() => redis.stop());
    const proxy = await startFaultProxy(redis.port);
    stops.push(proxy.stop);
    const keyFile = join(folder, 'sealing-key');
    writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const catalogFile = join(folder, 'catalog.yaml');
    writeFileSync(catalogFile, JSON.stringify(catalogOf(jwts, opaque)));
    const shared: SettingsSections = {
      cache: { redis: { url: `redis://127.0.0.1:${proxy.port}/0`, tokens: 'always' } },
      sealing: { keys: [{ id: 'fleet', file: keyFile }] },
      ...settings,
    };
    return {
      folder,
      jwts,
      opaque,
      proxy,
      redis: () => redis,
      join: async (name, more = {}) => {
        const own = { folder: join(folder, name), catalogFile, settings: { ...shared, ...more } };
        const started = memberOf(await startGatehouse(own));
        stops.push(() => started.stop());
        return started;
      },
      restartRedis: async (dump) => {
        const former = redis;
        redis = await startRedis({ port: former.port, ...(dump !== undefined && { dump }) });
        await former.stop();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function memberOf(gatehouse: GatehouseProcess): Member {
  const checks = checksOf(gatehouse);
  let later: Member | undefined;
  return {
    gatehouse,
    checks,
    outcome: (token) => checks.outcome(RESOURCE, token),
    admin: (method, path, body) => callAdmin(gatehouse, method, path, body),
    restart: async (signal = 'SIGTERM') => {
      checks.close();
      gatehouse.signal(signal);
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

function catalogOf(jwts: KeyManagerServer, opaque: IntrospectionServer) {
  const operations = [{ verb: 'GET', target: '/list' }];
  return {
    keyManagers: [keyManagerDto('JwtKM', jwts), introspectingDto('OpaqueKM', opaque, 'op')],
    apis: [
      {
        name: 'Things',
        context: '/things',
        version: '1',
        keyManagers: ['all'],
        subscriptionValidation: false,
        operations,
      },
    ],
    applications: [],
  };
}
