// Asks name servers for the addresses of one full name, by c-ares: sockets of its own, and none of libuv's few threads, which
// getaddrinfo would hold for as long as a name server is silent.

import type { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Addresses with the time that they may be kept; none where the name servers say that there are none. */
export interface Addresses {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** How long the second family may take when the first is there (RFC 8305 §3, Resolution Delay). */
const SECOND_FAMILY_MS = 50;
/** Codes by which a name server says that there is nothing, as opposed to saying nothing (c-ares). */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/** IPv4 and IPv6 addresses. Rejects when no family was answered. */
export async function askForAddresses(resolver: Resolver, name: string): Promise<Addresses> {
  const families = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })].map(
    emptyForNothing,
  );
  const [first, others] = await firstAnswered(families);
  const second = first.length === 0 ? await others : await Promise.race([others, later()]);
  // IPv4 first: where IPv6 leads nowhere, it often does so in silence.
  const records = [...first, ...second].sort((a, b) => isIP(a.address) - isIP(b.address));
  return {
    addresses: records.map(({ address }) => address),
    ttlSeconds: records.reduce((least, { ttl }) => Math.min(least, ttl), Number.POSITIVE_INFINITY),
  };
}

type Records = readonly { readonly address: string; readonly ttl: number }[];

async function emptyForNothing(question: Promise<Records>): Promise<Records> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof Error && 'code' in error && NOTHING.has(String(error.code))) return [];
    throw error;
  }
}

/** The first family that was answered, and the other: nothing where it fails, unless it is all there is. */
async function firstAnswered(families: readonly Promise<Records>[]): Promise<[Records, Promise<Records>]> {
  const [at, first] = await Promise.any(families.map(async (family, index) => [index, await family] as const));
  const other = families[1 - at] ?? Promise.resolve([]);
  // A name without addresses of one family, whose other family fails, is not known to have none.
  return [first, first.length === 0 ? other : other.catch(() => [])];
}

function later(): Promise<Records> {
  return new Promise((resolve) => setTimeout(resolve, SECOND_FAMILY_MS, []).unref());
}
