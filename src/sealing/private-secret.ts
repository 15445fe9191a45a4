// A random secret in a file that only its owner can read: made at the first start, taken as it is at later ones.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const SECRET_BYTES = 32; // 256 bits
const SECRET = /^[A-Za-z0-9_-]{43}$/;
/** Permissions of group and others, of which a secret's file has none. */
const NOT_OWNER = 0o077;

/** How an operator knows the secret, and what to do when its file cannot be used. */
export interface PrivateSecretKind {
  /** With its article: `an admin token`. */
  readonly name: string;
  readonly remedy: string;
}

/** Makes the file, or reads it. Throws on other content, and on a file that somebody else may have put there or may know. */
export function privateSecret(
  path: string,
  kind: PrivateSecretKind,
): { readonly text: string; readonly isNew: boolean } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const made = writeNew(path);
  return made === undefined ? { text: readSecret(path, kind), isNew: false } : { text: made, isNew: true };
}

/** The secret of a file that is there. Throws like {@link privateSecret}. */
export function readSecret(path: string, kind: PrivateSecretKind): string {
  const text = readPrivately(path, kind).trim();
  if (!SECRET.test(text)) throw unusable(path, `does not hold ${kind.name}`, kind);
  return text;
}

function writeNew(path: string): string | undefined {
  const text = randomBytes(SECRET_BYTES).toString('base64url');
  try {
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o600, flush: true });
    return text;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** Looks at the very file that it reads, so that none can be put in its place in between. */
function readPrivately(path: string, kind: PrivateSecretKind): string {
  const file = openWithoutFollowing(path, kind);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw unusable(path, 'is not a regular file', kind);
    if (found.uid !== process.getuid?.()) throw unusable(path, 'belongs to another user', kind);
    if ((found.mode & NOT_OWNER) !== 0)
      throw unusable(path, 'is open to users beside its owner, who may know it', kind);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openWithoutFollowing(path: string, kind: PrivateSecretKind): number {
  try {
    // Without waiting: a named pipe would never answer.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    throw unusable(path, code === 'ELOOP' ? 'is a symbolic link' : `cannot be read (${code})`, kind);
  }
}

function unusable(path: string, why: string, { remedy }: PrivateSecretKind): Error {
  return new Error(`${path} ${why}; ${remedy}`);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
