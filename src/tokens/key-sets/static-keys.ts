// Keys that an admin wrote into the key manager (WSO2 certificates of type PEM). They change only with the settings.

import { deny } from '../../domain/decision.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { HeldKeys, KeyChoice } from '../keys/held-keys.ts';
import { importPem } from '../keys/import-pem.ts';
import type { KeySet } from '../keys/key-set.ts';
import { selectKeys } from '../keys/select-keys.ts';

/** The keys of PEM values; values that cannot be read hold none. */
export class StaticKeys implements HeldKeys {
  readonly fetchedAtMs = undefined;
  readonly #set: KeySet | undefined;

  constructor(values: readonly string[]) {
    const imported = importPem(values);
    this.#set = 'problem' in imported ? undefined : imported;
  }

  current(): KeySet | undefined {
    return this.#set;
  }

  find(header: UnprovedJwt['header']): KeyChoice {
    const keys = this.#set === undefined ? [] : selectKeys(this.#set, header);
    if (this.#set === undefined || keys.length === 0) return deny('key_not_found', { source: 'pem' });
    return { keys, setDigest: this.#set.digest };
  }

  drop(): void {}
}
