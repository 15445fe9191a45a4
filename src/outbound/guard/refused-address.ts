// Addresses that no configured URL may lead to: what is reachable only from this machine or hands out its identity (SSRF),
// also in the IPv6 spellings that translators turn back into IPv4. Private networks are allowed: that is where key managers live.

import { BlockList, isIPv4 } from 'node:net';

type Subnet = readonly [address: string, prefix: number];

const ALWAYS_IPV4: readonly Subnet[] = [
  ['0.0.0.0', 8], // this host
  ['169.254.0.0', 16], // link-local; metadata services of most clouds
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved and broadcast
  ['100.100.100.200', 32], // metadata service, Alibaba Cloud
  ['192.0.0.192', 32], // metadata service, Oracle Cloud
  ['168.63.129.16', 32], // host agent, Azure
];

const ALWAYS_IPV6: readonly Subnet[] = [
  ['::', 128], // unspecified
  ['fe80::', 10], // link-local
  ['ff00::', 8], // multicast
  ['fd00:ec2::254', 128], // metadata service, AWS
  ['fd20:ce::254', 128], // metadata service, Google Cloud
  ['64:ff9b:1::', 48], // NAT64 of a site (RFC 8215): only the site knows where in it the IPv4 address stands
];

const LOOPBACK_IPV4: Subnet = ['127.0.0.0', 8];

/** Says of an IP address whether it may not be dialled. IPv4-mapped IPv6 addresses are judged as the IPv4 address they are. */
export function refusedAddresses(options: { readonly allowLoopback: boolean }): (address: string) => boolean {
  const refused = new BlockList();
  for (const subnet of options.allowLoopback ? ALWAYS_IPV4 : [...ALWAYS_IPV4, LOOPBACK_IPV4]) {
    refused.addSubnet(...subnet, 'ipv4');
    for (const spelling of translated(subnet)) refused.addSubnet(...spelling, 'ipv6');
  }
  for (const subnet of ALWAYS_IPV6) refused.addSubnet(...subnet, 'ipv6');
  // IPv4-compatible addresses (RFC 4291 §2.5.5.1, long deprecated), which lie around the loopback address `::1`.
  refused.addRange('::2', '::ffff:ffff', 'ipv6');
  if (!options.allowLoopback) refused.addAddress('::1', 'ipv6');
  return (address) => refused.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** An IPv4 subnet as NAT64 (RFC 6052 §2.1), as SIIT (RFC 2765 §2.1) and as 6to4 (RFC 3056 §2) write it. */
function translated([address, prefix]: Subnet): readonly Subnet[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const high = (a * 256 + b).toString(16);
  const low = (c * 256 + d).toString(16);
  return [
    [`64:ff9b::${high}:${low}`, 96 + prefix],
    [`::ffff:0:${high}:${low}`, 96 + prefix],
    [`2002:${high}:${low}::`, 16 + prefix],
  ];
}
