// TCP ports on loopback: one that is free now, or whether a given one is.

import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** A port that nobody listens on. For servers that cannot bind port 0 themselves. */
export async function freePort(): Promise<number> {
  const port = await tryBind(0);
  if (port === undefined) throw new Error('no free port on loopback');
  return port;
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
