// A whole installation on loopback for end-to-end tests: two key managers, an upstream, Gatehouse, and a real Envoy of the
// wanted version in front. Nothing in it is a stand-in.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy, installEnvoy } from '../../scripts/envoy-tool.ts';
import { type EchoUpstream, type ReceivedRequest, startEchoUpstream } from '../rig/echo-upstream.ts';
import type { EnvoyConfig, EnvoyFile } from '../rig/envoy-config.ts';
import { type EnvoyProcess, startEnvoy } from '../rig/envoy-process.ts';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseProcess, type SettingsSections, startGatehouse } from '../rig/gatehouse-process.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { type RawReply, type RawRequest, rawRequest } from '../rig/raw-http.ts';

/** What a test varies. */
export interface StackOptions {
  readonly envoyVersion?: string;
  readonly envoyFile?: EnvoyFile;
  /** `shipped` for tests about them: the deadlines of Envoy and Gatehouse that users get. */
  readonly deadlines?: 'shipped';
  /** The last word on Envoy's configuration. */
  readonly editEnvoy?: (config: EnvoyConfig, stack: Pick<Stack, 'upstream'>) => void;
  readonly settings?: SettingsSections;
  /** The last word on the catalog document. */
  readonly editCatalog?: (catalog: CatalogDocument) => void;
  /** Before any Gatehouse starts, which fetches keys as soon as it does. */
  readonly before?: (servers: Pick<Stack, 'partner' | 'staff'>) => void;
  /** More of the command line of `gatehouse serve`. */
  readonly args?: readonly string[];
  /** More of the environment of Gatehouse. */
  readonly env?: NodeJS.ProcessEnv;
  /** How many Gatehouses, each with a data folder of its own, stand behind the one cluster; 1 by default. */
  readonly instances?: number;
}

/** The catalog document, free to edit. */
export interface CatalogDocument {
  keyManagers: Record<string, unknown>[];
  apis: Record<string, unknown>[];
  applications: Record<string, unknown>[];
}

/** The running installation. */
export interface Stack {
  readonly partner: KeyManagerServer;
  readonly staff: KeyManagerServer;
  readonly upstream: EchoUpstream;
  /** The first, and mostly only, one of `gatehouses`. */
  readonly gatehouse: GatehouseProcess;
  readonly gatehouses: readonly GatehouseProcess[];
  readonly envoy: EnvoyProcess;
  readonly catalogFile: string;
  /** Sends one request through Envoy. */
  send(request: RawRequest): Promise<RawReply>;
  /** GET with a bearer token. */
  get(path: string, token?: string, headers?: RawRequest['headers']): Promise<RawReply>;
  /** A call of the admin side. */
  admin(method: string, path: string, body?: unknown): Promise<AdminReply>;
  /** A token of a PartnerKM client: `shop` is subscribed, `visitor` has an application without subscription. */
  token(client?: 'shop' | 'visitor' | 'stranger', claims?: Readonly<Record<string, unknown>>): string;
  stop(): Promise<void>;
}

/** What the admin side answered. */
export interface AdminReply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

/** Starts everything; stops what it started when something fails. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'));
    stops.push(async () => rmSync(folder, { recursive: true, force: true }));
    const partner = await startKeyManager();
    stops.push(() => partner.close());
    const staff = await startKeyManager({ algorithm: 'ES256' });
    stops.push(() => staff.close());
    const upstream = await startEchoUpstream();
    stops.push(() => upstream.close());
    const catalog = catalogOf(partner, staff);
    options.editCatalog?.(catalog);
    const catalogFile = join(folder, 'catalog.yaml');
    writeFileSync(catalogFile, JSON.stringify(catalog, null, 2));
    options.before?.({ partner, staff });
    const gatehouses: GatehouseProcess[] = [];
    for (let at = 0; at < (options.instances ?? 1); at++) {
      const started = await startGatehouse({
        folder: join(folder, `gatehouse-${at}`),
        catalogFile,
        deadlines: options.deadlines,
        ...(options.settings && { settings: options.settings }),
        ...(options.args && { args: options.args }),
        ...(options.env && { env: options.env }),
      });
      stops.push(() => started.stop());
      gatehouses.push(started);
    }
    const [gatehouse] = gatehouses;
    if (gatehouse === undefined) throw new Error('a stack has at least one instance');
    const envoy = await startEnvoy({
      bin: await envoyBin(options.envoyVersion),
      ...(options.envoyFile && { file: options.envoyFile }),
      gatehouse: gatehouses.flatMap(({ endpoints }) => endpoints),
      upstreamPort: upstream.port,
      deadlines: options.deadlines,
      edit: (config) => options.editEnvoy?.(config, { upstream }),
    });
    stops.push(() => envoy.stop());
    // An Envoy whose first health check was late asks nobody for a while.
    await eventually('Envoy to find every Gatehouse healthy', async () => {
      const flags = [...(await envoy.hostHealth('gatehouse')).values()];
      return flags.length > 0 && flags.every((flag) => flag === 'healthy');
    });
    const send = (request: RawRequest) => rawRequest(envoy.port, request);
    return {
      ...{ partner, staff, upstream, gatehouse, gatehouses, envoy, catalogFile, send, stop },
      get: (path, token, headers = []) =>
        send({ path, headers: token === undefined ? headers : [['authorization', `Bearer ${token}`], ...headers] }),
      admin: (method, path, body) => callAdmin(gatehouse, method, path, body),
      token: (client = 'shop', claims = {}) => partner.mint({ sub: client, azp: client, scope: 'read', ...claims }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The binary of a version, or of the one that users get; installed where it is missing. */
export async function envoyBin(version?: string): Promise<string> {
  const tool = await (version === undefined ? findEnvoy() : installEnvoy(version));
  if (tool.kind === 'missing') throw new Error(tool.advice);
  return tool.bin;
}

/** The values of a header as the upstream got them, in order. */
export function valuesOf(request: ReceivedRequest | undefined, name: string): string[] {
  return (request?.headers ?? []).filter(([known]) => known === name).map(([, value]) => value);
}

/** What the upstream says it received. */
export function received(reply: RawReply): ReceivedRequest {
  return JSON.parse(reply.body) as ReceivedRequest;
}

/** One call of the admin side with the first credential. */
export async function callAdmin(
  gatehouse: GatehouseProcess,
  method: string,
  path: string,
  body?: unknown,
): Promise<AdminReply> {
  const reply = await fetch(`${gatehouse.adminUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${gatehouse.adminToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  const { status, headers } = reply;
  return { status, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

/** A WSO2 key manager payload for a server of the rig. */
export function keyManagerDto(name: string, server: KeyManagerServer): Record<string, unknown> {
  return {
    name,
    displayName: name,
    type: 'CustomKeyManager',
    enabled: true,
    issuer: server.issuer,
    certificates: { type: 'JWKS', value: `${server.url}/jwks` },
    consumerKeyClaim: 'azp',
    scopesClaim: 'scope',
    enableSelfValidationJWT: true,
    tokenEndpoint: `${server.url}/token`,
    revokeEndpoint: `${server.url}/revoke`,
  };
}

function catalogOf(partner: KeyManagerServer, staff: KeyManagerServer): CatalogDocument {
  const operation = (verb: string, target: string, more = {}) => ({ verb, target, ...more });
  return {
    keyManagers: [keyManagerDto('PartnerKM', partner), keyManagerDto('StaffKM', staff)],
    apis: [
      {
        name: 'Pizza',
        context: '/pizza',
        version: '1.0.0',
        isDefaultVersion: true,
        keyManagers: ['PartnerKM'],
        operations: [
          operation('GET', '/menu'),
          operation('GET', '/menu/{item}'),
          operation('POST', '/orders', { scopes: ['order:write'] }),
          operation('GET', '/health', { authType: 'None' }),
        ],
      },
      {
        name: 'Orders',
        context: '/orders',
        version: '1.0.0',
        keyManagers: ['all'],
        subscriptionValidation: false,
        operations: [operation('GET', '/list')],
      },
    ],
    applications: [
      {
        name: 'PizzaShack',
        owner: 'paula',
        keys: [{ keyManager: 'PartnerKM', consumerKey: 'shop', keyType: 'PRODUCTION' }],
        subscriptions: [{ api: 'Pizza', version: '1.0.0', policy: 'Gold', state: 'UNBLOCKED' }],
      },
      {
        name: 'Browsing',
        owner: 'vic',
        keys: [{ keyManager: 'PartnerKM', consumerKey: 'visitor', keyType: 'PRODUCTION' }],
      },
    ],
  };
}
