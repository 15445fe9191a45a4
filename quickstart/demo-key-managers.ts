// The key managers of the demo: who they are, where they listen, which clients they know. `config/catalog.yaml` names the first two;
// the third is the one that is added while everything runs.

import { type KeyManagerServer, type OAuthClient, startKeyManager } from '../test/rig/key-manager-server.ts';

/** The ports are fixed: issuers are URLs, and the catalog names them. */
export const DEMO_PORTS = { PartnerKM: 9101, StaffKM: 9102, NewKM: 9103 } as const;

/** The name of a demo key manager. */
export type DemoName = keyof typeof DEMO_PORTS;

/** Clients as `config/catalog.yaml` maps them. Their secrets open nothing but this demo. */
export const CLIENTS = {
  subscribed: 'pizza-shack',
  notSubscribed: 'window-shopper',
  staff: 'staff-portal',
  newcomer: 'newcomer-app',
} as const;

const client = (id: string, ...scopes: string[]): OAuthClient => ({ id, secret: `${id}-secret`, scopes });

const CLIENTS_OF: Readonly<Record<DemoName, readonly OAuthClient[]>> = {
  PartnerKM: [client(CLIENTS.subscribed, 'order:write'), client(CLIENTS.notSubscribed, 'order:write')],
  StaffKM: [client(CLIENTS.staff, 'order:write')],
  NewKM: [client(CLIENTS.newcomer, 'bread.read')],
};

/** Starts one; its tokens are short, for they are to be pasted. */
export function startDemoKeyManager(name: DemoName): Promise<KeyManagerServer> {
  return startKeyManager({ port: DEMO_PORTS[name], algorithm: 'ES256', clients: CLIENTS_OF[name] });
}
