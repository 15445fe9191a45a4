// Addresses that no configured URL may lead to: what is reachable only from this machine or hands out its identity (SSRF).
// Private networks are allowed: that is where key managers live.

import { BlockList, isIPv4 } from 'node:net';

const ALWAYS: readonly (readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'], // this host
  ['169.254.0.0', 16, 'ipv4'], // link-local; metadata services of most clouds
  ['224.0.0.0', 4, 'ipv4'], // multicast
  ['240.0.0.0', 4, 'ipv4'], // reserved and broadcast
  ['100.100.100.200', 32, 'ipv4'], // metadata service, Alibaba Cloud
  ['192.0.0.192', 32, 'ipv4'], // metadata service, Oracle Cloud
  ['168.63.129.16', 32, 'ipv4'], // host agent, Azure
  ['::', 128, 'ipv6'], // unspecified
  ['fe80::', 10, 'ipv6'], // link-local
  ['ff00::', 8, 'ipv6'], // multicast
  ['fd00:ec2::254', 128, 'ipv6'], // metadata service, AWS
  ['fd20:ce::254', 128, 'ipv6'], // metadata service, Google Cloud
  ['64:ff9b::a9fe:0', 112, 'ipv6'], // link-local IPv4 behind NAT64
  ['2002:a9fe::', 32, 'ipv6'], // link-local IPv4 behind 6to4
];

const LOOPBACK: typeof ALWAYS = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['64:ff9b::7f00:0', 104, 'ipv6'],
  ['2002:7f00::', 24, 'ipv6'],
];

/** Says of an IP address whether it may not be dialled. IPv4-mapped IPv6 addresses are judged as the IPv4 address they are. */
export function refusedAddresses(options: { readonly allowLoopback: boolean }): (address: string) => boolean {
  const refused = new BlockList();
  for (const [address, prefix, family] of options.allowLoopback ? ALWAYS : [...ALWAYS, ...LOOPBACK])
    refused.addSubnet(address, prefix, family);
  return (address) => refused.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
