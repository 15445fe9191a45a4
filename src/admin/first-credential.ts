// The credential of the first start: random, in a file that only the owner can read. There is no default password.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN_BYTES = 32; // 256 bits
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** Permissions of group and others, of which a secret's file has none. */
const NOT_OWNER = 0o077;

/** A token's hash to keep, and the file that has the token. */
export interface FirstCredential {
  readonly sha256: string;
  readonly path: string;
}

/**
 * Makes `<dataDir>/admin-token`, or takes the one of a start that ended before its hash was kept. Throws on other content, and on
 * a file that somebody else may have put there or may know.
 */
export function firstCredential(dataDir: string): FirstCredential {
  const path = join(dataDir, 'admin-token');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const token = writeNewToken(path) ?? readPrivately(path).trim();
  if (!TOKEN.test(token)) throw unusable(path, 'does not hold an admin token');
  return { sha256: createHash('sha256').update(token).digest('hex'), path };
}

function writeNewToken(path: string): string | undefined {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 });
    return token;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** Looks at the very file that it reads, so that none can be put in its place in between. */
function readPrivately(path: string): string {
  const file = openWithoutFollowing(path);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw unusable(path, 'is not a regular file');
    if (found.uid !== process.getuid?.()) throw unusable(path, 'belongs to another user');
    if ((found.mode & NOT_OWNER) !== 0)
      throw unusable(path, 'is open to users beside its owner, who may know the token');
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openWithoutFollowing(path: string): number {
  try {
    // Without waiting: a named pipe would never answer.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    throw unusable(path, code === 'ELOOP' ? 'is a symbolic link' : `cannot be read (${code})`);
  }
}

function unusable(path: string, why: string): Error {
  return new Error(`${path} ${why}; delete it and start again, and a new token is made`);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
