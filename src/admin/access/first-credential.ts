// The credential of the first start: random, in a file that only the owner can read. There is no default password.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { privateSecret } from '../../sealing/private-secret.ts';

const ADMIN_TOKEN = {
  name: 'an admin token',
  remedy: 'delete it and start again, and a new token is made',
};

/** A token's hash to keep, and the file that has the token. */
export interface FirstCredential {
  readonly sha256: string;
  readonly path: string;
}

/** Makes `<dataDir>/admin-token`, or takes the one of a start that ended before its hash was kept. */
export function firstCredential(dataDir: string): FirstCredential {
  const path = join(dataDir, 'admin-token');
  const { text } = privateSecret(path, ADMIN_TOKEN);
  return { sha256: createHash('sha256').update(text).digest('hex'), path };
}
