// The addresses of each worker. Envoy keeps its connections, so a shared address would not spread the checks: each worker has its own.

import { posix } from 'node:path';
import type { Settings } from './settings.ts';

/**
 * Where a worker listens, counted from 0: the settings' addresses where there is one worker; else `tcp://…:9191` is `:9191`, `:9192`, …
 * (port 0 stays 0) and `unix:/run/gatehouse.sock` is `gatehouse-0.sock`, `gatehouse-1.sock`, ….
 */
export function workerListen(
  {
    extauthz: { listen },
    workers,
  }: Pick<Settings, 'workers'> & { readonly extauthz: Pick<Settings['extauthz'], 'listen'> },
  worker: number,
): readonly string[] {
  return workers === 1 ? listen : listen.map((address) => addressOf(address, worker));
}

function addressOf(address: string, worker: number): string {
  if (!address.startsWith('unix:'))
    return address.replace(/\d+$/, (port) => String(Number(port) === 0 ? 0 : Number(port) + worker));
  const path = address.slice('unix:'.length);
  const { dir, name, ext } = posix.parse(path);
  return `unix:${posix.join(dir, `${name}-${worker}${ext}`)}`;
}
