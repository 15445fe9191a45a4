// The sealing keys of an installation: those that the settings name, else one of its own beside its data, made at the first start.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguredSecret } from './configured-secret.ts';
import { privateSecret, readSecret } from './private-secret.ts';
import { SEALING_KEY_BYTES, type SealingKey } from './sealing-key.ts';

/** Where a configured key is: in a file, or in an environment variable. */
export interface SealingKeySource {
  readonly id: string;
  readonly file: string | null;
  readonly env: string | null;
}

/** What is loaded from where. */
export interface SealingKeysOptions {
  readonly sources: readonly SealingKeySource[];
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** False leaves no trace: where no key was made yet there is none. */
  readonly make: boolean;
}

/** The keys, the one that seals first, and the file of one that was made just now. */
export interface LoadedSealingKeys {
  readonly keys: readonly SealingKey[];
  readonly made: string | undefined;
}

const OWN_KEY = {
  name: 'a sealing key',
  remedy:
    'put the file back as it was (only its owner may read it); without it the secrets in the catalog are lost, and a new key is made when the file is gone',
};

const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** Throws, with a sentence for the operator, for a key that is not there or is no key. */
export function loadSealingKeys({ sources, dataDir, environment, make }: SealingKeysOptions): LoadedSealingKeys {
  const ids = sources.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new Error(`sealing.keys has two keys "${twice}"; give one of them another id`);
  if (sources.length > 0) return { keys: sources.map((source) => configuredKey(source, environment)), made: undefined };
  const path = join(dataDir, 'sealing-key');
  if (!make) return { keys: existsSync(path) ? [ownKey(readSecret(path, OWN_KEY))] : [], made: undefined };
  const { text, isNew } = privateSecret(path, OWN_KEY);
  return { keys: [ownKey(text)], made: isNew ? path : undefined };
}

/** Named after its content, so that another key in its place is seen to be another one. */
function ownKey(secret: string): SealingKey {
  const id = createHash('sha256').update(`sealing key id ${secret}`).digest('hex').slice(0, 8);
  return { id: `own-${id}`, secret };
}

function configuredKey(source: SealingKeySource, environment: SealingKeysOptions['environment']): SealingKey {
  const { id } = source;
  const bytes = bytesOf(readConfiguredSecret(`the sealing key "${id}"`, source, environment).trim());
  if (bytes?.length !== SEALING_KEY_BYTES)
    throw new Error(
      `the sealing key "${id}" is not ${SEALING_KEY_BYTES} bytes in base64 or hex; make one with: openssl rand -base64 32`,
    );
  return { id, secret: bytes.toString('base64url') };
}

function bytesOf(text: string): Buffer | undefined {
  if (HEX.test(text)) return Buffer.from(text, 'hex');
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}
