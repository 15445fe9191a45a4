// The installation that most scenarios ask: Gatehouse with some key managers and APIs, a shop that is subscribed to the first API
// and a visitor that is not. It is set up as users do it, with a catalog file.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { introspectingDto } from '../e2e/introspecting-key-manager.ts';
import { keyManagerDto } from '../e2e/stack.ts';
import type { GatehouseProcess, SettingsSections } from '../rig/gatehouse-process.ts';
import type { IntrospectionServer } from '../rig/introspection-server.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import type { SigningAlgorithm } from '../rig/signing-key.ts';
import { type Call, type CheckOptions, CODE, checkCall } from './call.ts';
import type { CheckServer, Lab } from './lab.ts';
import type { Contestant } from './scenario.ts';
import { type Answer, answerOf } from './verified-answer.ts';

/** What scenarios vary. */
export interface InstallationOptions {
  readonly algorithm?: SigningAlgorithm;
  /** How many; one by default. */
  readonly keyManagers?: number;
  /** Those of another installation, in place of its own. */
  readonly keyManagerServers?: readonly KeyManagerServer[];
  /** Puts key managers into the state in which Gatehouse finds them. */
  readonly beforeStart?: (keyManagers: readonly KeyManagerServer[]) => unknown;
  readonly apis?: number;
  /** A key manager with opaque tokens beside the others. */
  readonly opaque?: IntrospectionServer;
  readonly settings?: SettingsSections;
  /** Writes more into the data folder of the stopped Gatehouse, which is then started again. */
  readonly fill?: (dataFolder: string) => void;
}

/** The running installation. */
export interface Installation {
  readonly gatehouse: GatehouseProcess & CheckServer & Required<Pick<Contestant, 'outboundCalls'>>;
  readonly keyManagers: readonly KeyManagerServer[];
  /** A new token of the shop with the scope that the call needs, from the key manager in this place. */
  token(claims?: Readonly<Record<string, unknown>>, keyManager?: number): string;
}

/** The resource of the first API that is called. */
export const ORDER_PATH = '/api-0/1.0.0/orders/4711';
/** The scope that it needs. */
export const ORDER_SCOPE = 'orders:read';
/** Version of every API. */
export const API_VERSION = '1.0.0';

/** How opaque tokens begin. */
export const OPAQUE_PREFIX = 'op';
const OPAQUE_NAME = 'Opaque';

/** The client of the subscribed application, and of the one without a subscription. */
export const CLIENT = { shop: 'shop', visitor: 'visitor' } as const;

/** Starts key managers and Gatehouse. */
export async function startInstallation(lab: Lab, options: InstallationOptions = {}): Promise<Installation> {
  const keyManagers = options.keyManagerServers ?? (await startKeyManagers(lab, options));
  await options.beforeStart?.(keyManagers);
  const folder = lab.folder();
  const catalogFile = join(folder, 'catalog.yaml');
  writeFileSync(catalogFile, JSON.stringify(catalogOf(keyManagers, options)));
  const start = { folder, catalogFile, ...(options.settings && { settings: options.settings }) };
  if (options.fill !== undefined) {
    await (await lab.gatehouse(start)).stop();
    options.fill(join(folder, 'data'));
  }
  return {
    gatehouse: { ...(await lab.gatehouse(start)), outboundCalls: () => requestsTo(keyManagers) },
    keyManagers,
    token: (claims = {}, at = 0) => {
      const server = keyManagers[at];
      if (server === undefined) throw new Error(`no key manager ${at}`);
      return server.mint({ sub: CLIENT.shop, azp: CLIENT.shop, scope: ORDER_SCOPE, ...claims });
    },
  };
}

function requestsTo(keyManagers: readonly KeyManagerServer[]): number {
  const paths = Object.values(PATHS);
  return keyManagers.reduce((sum, server) => paths.reduce((all, path) => all + server.requests(path), sum), 0);
}

async function startKeyManagers(
  lab: Lab,
  { keyManagers = 1, algorithm = 'RS256' }: InstallationOptions,
): Promise<readonly KeyManagerServer[]> {
  const servers: KeyManagerServer[] = [];
  for (let at = 0; at < keyManagers; at++) {
    const server = await startKeyManager({ algorithm });
    lab.defer(() => server.close());
    servers.push(server);
  }
  return servers;
}

/** The call of the resource with a token. */
export function orderCall(token: string, expected?: CheckOptions['expected']): Call {
  return checkCall({ token, path: ORDER_PATH, ...(expected && { expected }) });
}

/** A floor that answers as much as Gatehouse has. Whatever is asked, its answer is an allow. */
export async function floorContestant(
  lab: Lab,
  answer: Answer,
  calls: Contestant['calls'],
  serving: 'grpc-js' | 'gatehouse' = 'grpc-js',
): Promise<Contestant> {
  const floor = await lab.floor(answer, serving);
  const [call] = calls(1);
  if (call === undefined) throw new Error('there is nothing to send');
  // Its answer is an allow where Gatehouse's may be a denial, so a few bytes differ.
  const { bytes } = await answerOf(floor.port, call);
  const name = serving === 'grpc-js' ? 'floor' : 'bare, served alike';
  return { name, ...floor, calls, expected: [CODE.ok], answerBytes: bytes };
}

/** Name of the key manager in this place. */
export function keyManagerName(at: number): string {
  return `KM${at}`;
}

/** Name of the API in this place. */
export function apiName(at: number): string {
  return `Api${at}`;
}

function catalogOf(keyManagers: readonly KeyManagerServer[], { apis = 1, opaque }: InstallationOptions): object {
  const dtos = keyManagers.map((server, at) => keyManagerDto(keyManagerName(at), server));
  if (opaque !== undefined) {
    const claims = { consumerKeyClaim: 'client_id', scopesClaim: 'scope' };
    dtos.push(introspectingDto(OPAQUE_NAME, opaque, OPAQUE_PREFIX, claims));
  }
  const keysOf = (consumerKey: string) => dtos.map(({ name }) => ({ keyManager: name, consumerKey }));
  return {
    keyManagers: dtos,
    apis: Array.from({ length: apis }, (_, at) => ({
      name: apiName(at),
      context: `/api-${at}`,
      version: API_VERSION,
      keyManagers: ['all'],
      operations: [
        { verb: 'GET', target: '/orders' },
        { verb: 'GET', target: '/orders/{id}', scopes: [ORDER_SCOPE] },
        { verb: 'POST', target: '/orders', scopes: ['orders:write'] },
      ],
    })),
    applications: [
      {
        name: 'Shop',
        owner: 'paula',
        keys: keysOf(CLIENT.shop),
        subscriptions: [{ api: apiName(0), version: API_VERSION, policy: 'Gold' }],
      },
      { name: 'Visitor', owner: 'vic', keys: keysOf(CLIENT.visitor) },
    ],
  };
}
