// Reads a file that holds a bearer credential (a Kubernetes service account token), anew for each use, since such files are
// replaced while one runs. Only files below the given directories are read: whoever may name a file must not choose any file.

import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';

/** Service account tokens are some 1.5 KiB. */
const MAX_BYTES = 16_384;
/** RFC 6750 §2.1, `b64token`: all that an Authorization header can carry. */
const CREDENTIAL = /^[A-Za-z0-9._~+/-]+=*$/;

/** The credential; undefined when the file lies elsewhere, cannot be read or holds none. Never rejects. */
export async function readCredentialFile(path: string, directories: readonly string[]): Promise<string | undefined> {
  try {
    // Links are followed first: Kubernetes swaps a link to renew a token, and a link may lead out of the directory.
    const [file, ...roots] = await Promise.all([path, ...directories].map((one) => realpath(one).catch(() => '')));
    if (file === undefined || !roots.some((root) => root !== '' && file.startsWith(`${root}${sep}`))) return undefined;
    await using handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
    const text = buffer.toString('latin1', 0, bytesRead).trim();
    return bytesRead <= MAX_BYTES && CREDENTIAL.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
