// Makes room for a Unix domain socket: what a crashed predecessor left is removed, a living server's socket or any other file
// is not touched.

import { lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';

/** sun_path of Linux without its final zero; macOS has 103. */
const MAX_PATH_BYTES = 107;

/** Owner and group may connect: put Envoy into the group. */
export const SOCKET_MODE = 0o660;

/** Removes a stale socket. Throws, naming the path and what to do, if the path cannot be taken. */
export async function clearStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new Error(`socket path ${path} is longer than ${MAX_PATH_BYTES} bytes; choose a shorter one`);
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket; move it away or choose another path`);
  if (await isAnswered(path)) throw new Error(`another process serves ${path}; stop it or choose another path`);
  await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}
