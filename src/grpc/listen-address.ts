// Where the gRPC server listens, and how such an address is written in settings, for gRPC, and in logs.

import type { TlsFiles } from '../domain/tls-files.ts';

/** A host and port; port 0 takes a free one. */
export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
}

/** The path of a Unix domain socket. */
export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

/** One address. */
export type ListenAddress = TcpAddress | UnixAddress;

const TCP = /^tcp:\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

/** Reads `tcp://host:port`, `tcp://[::1]:port` or `unix:/path`. Throws, saying so, for anything else. */
export function parseListenAddress(text: string, tls: TlsFiles | null): ListenAddress {
  if (/^unix:./.test(text)) return { kind: 'unix', path: text.slice('unix:'.length) };
  const match = TCP.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined)
    throw new Error(`"${text}" is not an address: write tcp://host:port, tcp://[::1]:port or unix:/path`);
  return { kind: 'tcp', host, port: Number(match?.[3]), ...(tls !== null && { tls }) };
}

/** As {@link parseListenAddress} reads it. */
export function formatListenAddress(address: ListenAddress): string {
  return address.kind === 'unix' ? grpcTarget(address) : `tcp://${grpcTarget(address)}`;
}

/** The address in gRPC's name syntax. */
export function grpcTarget(address: UnixAddress | Pick<TcpAddress, 'kind' | 'host' | 'port'>): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
