// The credential of the first start: random, in a file that only the owner can read. There is no default password.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN_BYTES = 32; // 256 bits
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A token's hash to keep, and the file that has the token. */
export interface FirstCredential {
  readonly sha256: string;
  readonly path: string;
}

/** Makes `<dataDir>/admin-token`, or takes the one of a start that ended before its hash was kept. Throws on other content. */
export function firstCredential(dataDir: string): FirstCredential {
  const path = join(dataDir, 'admin-token');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const token = writeNewToken(path) ?? readFileSync(path, 'utf8').trim();
  if (!TOKEN.test(token)) throw new Error(`${path} does not hold an admin token; delete the file and start again`);
  return { sha256: createHash('sha256').update(token).digest('hex'), path };
}

function writeNewToken(path: string): string | undefined {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 });
    return token;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
}
