// TCP ports on loopback: one that is free now, or whether a given one is.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
/** Linux gives outgoing connections ports from here on (ip_local_port_range). */
const FIRST_OUTGOING = 32_768;
const FIRST_LASTING = 15_000;
const ATTEMPTS = 100;

/**
 * A port that nobody listens on and that no outgoing connection is given, so that a server that ends can start on it again. For
 * servers that cannot bind port 0 themselves.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_LASTING, FIRST_OUTGOING);
    if (await isPortFree(port)) return port;
  }
  throw new Error('no free port on loopback');
}

/** The first of so many ports in a row, each as {@link freePort} finds them. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = await freePort();
    const others = Array.from({ length: count - 1 }, (_, at) => isPortFree(first + 1 + at));
    if ((await Promise.all(others)).every((free) => free)) return first;
  }
  throw new Error(`no ${count} free ports in a row on loopback`);
}

/** Whether nobody listens on the port. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}
