// Finds the deny policies that name a request: what they name is looked up at once, addresses are compared one by one. A policy that
// cannot be read hits everybody: it was written to keep somebody out.

import { BlockList, isIP, SocketAddress } from 'node:net';
import type { DenyPolicy, DenyPolicyType } from './policy.ts';

/** An address policy, ready to compare; without a list it cannot be read. */
interface AddressPolicy {
  readonly policy: DenyPolicy;
  readonly addresses: BlockList | undefined;
}

/** Every deny policy that is on. */
export interface DenyPolicyIndex {
  readonly byName: ReadonlyMap<string, DenyPolicy>;
  /** Per organization; most have none, and then no address is looked at. */
  readonly ofAddresses: ReadonlyMap<string, readonly AddressPolicy[]>;
}

/** Types whose value is compared as a text. */
export type NamingPolicyType = Exclude<DenyPolicyType, 'IP' | 'IPRANGE'>;

/** Builds the index of those that are on. */
export function denyPolicyIndexOf(policies: Iterable<DenyPolicy>): DenyPolicyIndex {
  const byName = new Map<string, DenyPolicy>();
  const ofAddresses = new Map<string, AddressPolicy[]>();
  for (const policy of policies) {
    const { organization, type, value, enabled } = policy;
    if (!enabled) continue;
    if (type !== 'IP' && type !== 'IPRANGE')
      // People write a context with or without the slash at its end.
      byName.set(nameKey(organization, type, type === 'API' ? value.replace(/\/+$/, '') : value), policy);
    else
      ofAddresses.set(organization, [
        ...(ofAddresses.get(organization) ?? []),
        { policy, addresses: addressesOf(type, value) },
      ]);
  }
  return { byName, ofAddresses };
}

/** The first of the organizations' policies of this type that has one of the names. */
export function findNamingPolicy(
  index: DenyPolicyIndex,
  type: NamingPolicyType,
  organizations: Iterable<string>,
  names: Iterable<string>,
): DenyPolicy | undefined {
  const wanted = [...names];
  for (const organization of organizations)
    for (const name of wanted) {
      const policy = index.byName.get(nameKey(organization, type, name));
      if (policy !== undefined) return policy;
    }
  return undefined;
}

/** The organization's first policy that keeps this address out. `addressOf` is asked only where there is any; an unknown address is kept out. */
export function findAddressPolicy(
  index: DenyPolicyIndex,
  organization: string,
  addressOf: () => string | undefined,
): DenyPolicy | undefined {
  const policies = index.ofAddresses.get(organization);
  if (policies === undefined) return undefined;
  const address = plainAddress(addressOf() ?? '');
  if (address === undefined) return policies[0]?.policy;
  const hit = policies.find(
    ({ policy, addresses }) =>
      addresses === undefined || addresses.check(address.text, address.family) !== policy.invert,
  );
  return hit?.policy;
}

/** What is wrong with a deny policy's value; undefined when it can be read. */
export function denyPolicyProblem({ type, value }: Pick<DenyPolicy, 'type' | 'value'>): string | undefined {
  if (type === 'IP') return addressesOf(type, value) ? undefined : 'is no IP address; write 192.0.2.7 or 2001:db8::7';
  if (type === 'IPRANGE')
    return addressesOf(type, value)
      ? undefined
      : 'is no range of IP addresses; write 192.0.2.0-192.0.2.255 or 192.0.2.0/24';
  return value === '' ? 'is empty; name whom to deny' : undefined;
}

/** One address, two with a hyphen between, or a prefix (RFC 4632 §3.1); undefined for anything else. */
function addressesOf(type: 'IP' | 'IPRANGE', value: string): BlockList | undefined {
  const list = new BlockList();
  if (type === 'IP') {
    const only = plainAddress(value);
    if (only !== undefined) list.addAddress(only.text, only.family);
    return only && list;
  }
  const [, first = '', sign, second = ''] = /^([^-/]+)([-/])([^-/]+)$/.exec(value) ?? [];
  const from = plainAddress(first);
  if (from === undefined) return undefined;
  try {
    if (sign === '/') list.addSubnet(from.text, prefixLength(second), from.family);
    else {
      const to = plainAddress(second);
      if (to?.family !== from.family) return undefined;
      list.addRange(from.text, to.text, from.family);
    }
    return list;
  } catch {
    // A prefix too long, or an end before its beginning.
    return undefined;
  }
}

function prefixLength(text: string): number {
  return /^\s*\d{1,3}\s*$/.test(text) ? Number(text) : -1;
}

interface PlainAddress {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
}

/** One spelling for each address: an IPv4 address in an IPv6 one (RFC 4291 §2.5.5.2) is the IPv4 address, a zone is left out. */
function plainAddress(text: string): PlainAddress | undefined {
  const bare = text.trim().replace(/%.*$/, '');
  const version = isIP(bare);
  if (version === 0) return undefined;
  if (version === 4) return { text: bare, family: 'ipv4' };
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  return mapped === undefined ? { text: address, family: 'ipv6' } : { text: mapped, family: 'ipv4' };
}

function nameKey(organization: string, type: NamingPolicyType, value: string): string {
  return `${organization}\n${type}\n${value}`;
}
