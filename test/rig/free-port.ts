// TCP ports on loopback: one that is free now, or whether a given one is.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
/** Linux gives outgoing connections ports from here on (ip_local_port_range). */
const FIRST_OUTGOING = 32_768;
const FIRST_LASTING = 15_000;
const LASTING_ATTEMPTS = 100;

/** A port that nobody listens on. For servers that cannot bind port 0 themselves. */
export async function freePort(): Promise<number> {
  const port = await tryBind(0);
  if (port === undefined) throw new Error('no free port on loopback');
  return port;
}

/** A port that is free now and given to no outgoing connection, so that a server that ends can start on it again. */
export async function lastingPort(): Promise<number> {
  for (let attempt = 0; attempt < LASTING_ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_LASTING, FIRST_OUTGOING);
    if (await isPortFree(port)) return port;
  }
  throw new Error('no free port on loopback');
}

/** Whether nobody listens on the port. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryBind(port)) !== undefined;
}

function tryBind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
