// Names that this machine knows by itself: /etc/hosts (hosts(5)) and localhost (RFC 6761 §6.3).

import { isIP } from 'node:net';

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** Addresses by lower-case name, in the order of the file's lines. */
export function readHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) {
      const known = hosts.get(name);
      if (known === undefined) hosts.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

/** The addresses of a name that needs no name server; undefined for all others. */
export function localAddresses(hosts: ReadonlyMap<string, readonly string[]>, name: string) {
  const known = hosts.get(name);
  if (known !== undefined) return known;
  return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : undefined;
}
