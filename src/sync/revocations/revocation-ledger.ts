// What is known of each revocation: whether it is kept here, and whether the stream has it. In memory only; all of it can be found
// out again from SQLite and from the stream.

import type { Revocation } from '../../domain/revocation.ts';

interface Known {
  /** In SQLite here, and in which state; undefined: not there. */
  kept: 'revoked' | 'lifted' | undefined;
  /** In the stream, and in which state. */
  streamed: 'revoked' | 'lifted' | undefined;
  /** When the newest entry that has it was sealed. */
  sealedAtMs: number;
}

/** One row per revocation id. */
export class RevocationLedger {
  readonly #known = new Map<string, Known>();

  /** It is in SQLite here. */
  keep(revocation: Revocation): void {
    const known = this.#of(revocation);
    known.kept = later(known.kept, revocation);
  }

  /** True when it has to be saved here. */
  isNews({ id, lifted }: Revocation): boolean {
    const kept = this.#known.get(id)?.kept;
    return kept === undefined || (lifted && kept === 'revoked');
  }

  /** An entry of the stream has it. */
  stream(revocation: Revocation, sealedAtMs: number): void {
    const known = this.#of(revocation);
    known.streamed = later(known.streamed, revocation);
    known.sealedAtMs = Math.max(known.sealedAtMs, sealedAtMs);
  }

  /** It could not be added to the stream after all. */
  unstream({ id }: Revocation): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.streamed = undefined;
  }

  /** True when the stream does not have it, or only in an entry that was sealed before a moment. */
  isMissing({ id, lifted }: Revocation, sealedBeforeMs: number): boolean {
    const known = this.#known.get(id);
    if (known?.streamed === undefined || known.sealedAtMs < sealedBeforeMs) return true;
    return lifted && known.streamed === 'revoked';
  }

  /** The stream is another one. */
  forgetStream(): void {
    for (const known of this.#known.values()) {
      known.streamed = undefined;
      known.sealedAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** Everything is to be found out anew, so that what was swept goes. */
  clear(): void {
    this.#known.clear();
  }

  get size(): number {
    return this.#known.size;
  }

  #of({ id }: Revocation): Known {
    const known = this.#known.get(id) ?? {
      kept: undefined,
      streamed: undefined,
      sealedAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#known.set(id, known);
    return known;
  }
}

/** What was lifted stays lifted, in whatever order the two come. */
function later(state: Known['kept'], { lifted }: Revocation): Known['kept'] {
  return lifted || state === 'lifted' ? 'lifted' : 'revoked';
}
