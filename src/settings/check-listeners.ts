// Judges the addresses that all workers and the admin side listen on together: none may be beyond the ports that there are, or taken twice.

import { isIPv4 } from 'node:net';
import type { Settings } from './settings.ts';
import { workerListen } from './worker-listen.ts';

const MAX_PORT = 65_535;

/** One listener: what to call it, and what it takes. */
interface Listener {
  readonly name: string;
  readonly address: string;
}

/** Tells of each address of the settings that cannot be listened on, once. */
export function checkListeners(settings: Settings, add: (field: string, message: string, fix: string) => void): void {
  const { admin, extauthz, workers } = settings;
  const host = admin.host.includes(':') ? `[${admin.host}]` : admin.host;
  const taken: Listener[] = [{ name: 'admin.port', address: `tcp://${host}:${admin.port}` }];
  const byWorker = Array.from({ length: workers }, (_, worker) => workerListen(settings, worker));
  for (const [index, first] of extauthz.listen.entries()) {
    const field = `extauthz.listen[${index}]`;
    const addresses = byWorker.map((listen) => listen[index] ?? first);
    if (portOf(addresses.at(-1) ?? first) > MAX_PORT) {
      if (workers === 1) add(field, 'has a port above 65535', 'give a port up to 65535');
      else
        add(
          field,
          `leads to a port above 65535: ${workers} workers take as many ports, one after the other`,
          `give a port up to ${MAX_PORT - workers + 1}, or fewer workers`,
        );
      continue;
    }
    const clash = firstClash(addresses, taken);
    if (clash !== undefined)
      add(
        field,
        `needs ${clash.address}, which ${clash.other} takes too${workers === 1 ? '' : ` (${workers} workers take an address each)`}`,
        'move one of the two',
      );
    taken.push(...addresses.map((address) => ({ name: field, address })));
  }
}

function firstClash(
  addresses: readonly string[],
  taken: readonly Listener[],
): { readonly address: string; readonly other: string } | undefined {
  for (const address of addresses) {
    const other = taken.find((listener) => clashes(address, listener.address));
    if (other !== undefined) return { address, other: other.name };
  }
  return undefined;
}

function clashes(one: string, other: string): boolean {
  if (one === other) return portOf(one) !== 0;
  const port = portOf(one);
  return !Number.isNaN(port) && port !== 0 && port === portOf(other) && sharesHost(hostOf(one), hostOf(other));
}

/** `[::]` takes the port of IPv4 too; `localhost` may be either loopback address. */
function sharesHost(one: string, other: string): boolean {
  const hosts = new Set([one, other]);
  if (hosts.size === 1 || hosts.has('[::]')) return true;
  if (hosts.has('localhost'))
    return [...hosts].some((host) => host === '0.0.0.0' || host === '[::1]' || host.startsWith('127.'));
  return hosts.has('0.0.0.0') && [...hosts].every(isIPv4);
}

function hostOf(address: string): string {
  return address.slice('tcp://'.length).replace(/:\d+$/, '');
}

/** NaN for a Unix socket. */
function portOf(address: string): number {
  return address.startsWith('unix:') ? Number.NaN : Number(/:(\d+)$/.exec(address)?.[1]);
}
