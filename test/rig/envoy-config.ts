// Reads a shipped Envoy file and gives tests handles on the parts they vary. What nobody touches is what users get.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** A message of Envoy's configuration, free to edit. */
export interface Message {
  [field: string]: unknown;
}

/** The shipped files. */
export type EnvoyFile =
  | 'envoy.yaml'
  | 'envoy-uds.yaml'
  | 'envoy-two-instances.yaml'
  | 'envoy-workers.yaml'
  | 'envoy-key-type-routing.yaml'
  | 'envoy-rate-limit.yaml';

/** Where a server of a cluster listens: a loopback port or a Unix socket's path. */
export type Endpoint = number | string;

/** A parsed file with its parts of interest. */
export interface EnvoyConfig {
  readonly root: Message;
  readonly admin: Message;
  readonly listener: Message;
  /** The HTTP connection manager. */
  readonly hcm: Message;
  /** The ext_authz filter. */
  readonly extAuthz: Message;
  readonly virtualHost: Message;
  /** In order; the last one matches everything. */
  readonly routes: Message[];
  cluster(name: 'gatehouse' | 'upstream' | 'ratelimit'): Message;
  /** Puts these in the place of a cluster's endpoints; what else the file says of the endpoint in that place stays. */
  setEndpoints(cluster: 'gatehouse' | 'upstream' | 'ratelimit', endpoints: readonly Endpoint[]): void;
}

/** Reads a shipped file. */
export function readEnvoyConfig(file: EnvoyFile = 'envoy.yaml'): EnvoyConfig {
  const path = fileURLToPath(new URL(`../../envoy/${file}`, import.meta.url));
  const root = parse(readFileSync(path, 'utf8')) as Message;
  const resources = message(root, 'static_resources');
  const listener = one(list(resources, 'listeners'), 'apis');
  const hcm = message(at(list(at(list(listener, 'filter_chains'), 0), 'filters'), 0), 'typed_config');
  const virtualHost = at(list(message(hcm, 'route_config'), 'virtual_hosts'), 0);
  const cluster = (name: string) => one(list(resources, 'clusters'), name);
  const endpointGroup = (name: string) => at(list(message(cluster(name), 'load_assignment'), 'endpoints'), 0);
  // What the file says of each place, however often its endpoints are replaced.
  const shipped = new Map(
    list(resources, 'clusters').map(({ name }) => [name, list(endpointGroup(String(name)), 'lb_endpoints')]),
  );
  return {
    root,
    admin: message(root, 'admin'),
    listener,
    hcm,
    extAuthz: message(one(list(hcm, 'http_filters'), 'envoy.filters.http.ext_authz'), 'typed_config'),
    virtualHost,
    routes: list(virtualHost, 'routes'),
    cluster,
    setEndpoints: (name, endpoints) => {
      endpointGroup(name)['lb_endpoints'] = endpoints.map((endpoint, index) => ({
        ...shipped.get(name)?.[index],
        endpoint: { address: addressOf(endpoint) },
      }));
    },
  };
}

/** An Envoy `core.v3.Address`. */
export function addressOf(endpoint: Endpoint): Message {
  return typeof endpoint === 'string'
    ? { pipe: { path: endpoint } }
    : { socket_address: { address: '127.0.0.1', port_value: endpoint } };
}

function message(parent: Message, field: string): Message {
  const value = parent[field];
  if (typeof value !== 'object' || value === null) throw new Error(`the Envoy file has no ${field}`);
  return value as Message;
}

function list(parent: Message, field: string): Message[] {
  return message(parent, field) as unknown as Message[];
}

function at(messages: readonly Message[], index: number): Message {
  const value = messages[index];
  if (value === undefined) throw new Error(`the Envoy file has no element ${index}`);
  return value;
}

function one(messages: readonly Message[], name: string): Message {
  const value = messages.find((candidate) => candidate['name'] === name);
  if (value === undefined) throw new Error(`the Envoy file has no ${name}`);
  return value;
}
