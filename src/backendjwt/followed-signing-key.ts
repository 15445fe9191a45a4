// The key that signs backend JWTs in a process that does not rotate it: the catalog says which one that is, and is asked again as soon as
// anything was written.

import type { StoredSigningKey } from '../domain/signing-key.ts';
import { type Signer, signerOf } from './signing-key.ts';

/** Where the key comes from. */
export interface FollowedSigningKeyOptions {
  /** Rises with every write; undefined when it is not known. */
  readonly revision: () => number | undefined;
  /** The one that signs first; undefined where they cannot be opened. May throw. */
  readonly list: () => readonly StoredSigningKey[] | undefined;
}

const UNOPENED = 'the signing key of the backend JWT cannot be opened';

/** The key that signs now. */
export class FollowedSigningKey {
  readonly #options: FollowedSigningKeyOptions;
  #revision: number | undefined;
  #key: Signer | undefined;

  /** Throws, with a sentence for the operator, where there is none. */
  constructor(options: FollowedSigningKeyOptions) {
    this.#options = options;
    this.#look();
    if (this.#key === undefined) throw new Error(UNOPENED);
  }

  /** What the catalog says now; what it said last where it cannot be asked. */
  current(): Signer {
    this.#look();
    if (this.#key === undefined) throw new Error(UNOPENED);
    return this.#key;
  }

  #look(): void {
    const revision = this.#options.revision();
    if (this.#key !== undefined && (revision === undefined || revision === this.#revision)) return;
    try {
      const live = this.#options.list()?.[0];
      if (live === undefined) return;
      if (live.id !== this.#key?.id) this.#key = signerOf(live.id, live.privateKey);
      this.#revision = revision;
    } catch {
      // A file that cannot be read now can be in a moment.
    }
  }
}
