// Takes each JWT apart once, not once a request: what it says of itself depends on its text alone, whoever asks and whenever. Bounded in
// bytes, free to forget, and without the token: what is held is found by its hash and vouches for nothing.

import { hash } from 'node:crypto';
import type { Refusal } from '../domain/decision.ts';
import type { UnprovedJwt, UnprovedToken } from '../domain/token.ts';
import { readToken } from './read-token.ts';

/** Of one generation; two are held. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Map entry and hash of a reading, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;
/** An object, list, number or text by itself, and what a member takes in it; whoever forges a token chooses how many it has. */
const VALUE_BYTES = 48;

/** What a JWT says. */
type Reading = Pick<UnprovedJwt, 'header' | 'claims' | 'issuer'>;

/** Two generations: what was read since the last turn, and what was in the generation before. */
export class TokenReadings {
  #young = new Map<string, Reading>();
  #old: ReadonlyMap<string, Reading> = new Map();
  #youngBytes = 0;

  /** As {@link readToken}. */
  read(credential: string): UnprovedToken | Refusal {
    const digest = hash('sha256', credential, 'hex');
    const young = this.#young.get(digest);
    const known = young ?? this.#old.get(digest);
    if (known === undefined) {
      const token = readToken(credential, digest);
      if ('kind' in token && token.kind === 'jwt') this.#note(token, token);
      return token;
    }
    const { header, claims, issuer } = known;
    const token: UnprovedJwt = { kind: 'jwt', text: credential, hash: digest, header, claims, issuer };
    if (young === undefined) this.#note(token, known);
    return token;
  }

  #note({ hash }: UnprovedJwt, { header, claims, issuer }: Reading): void {
    const bytes = ENTRY_OVERHEAD_BYTES + sizeOf(header) + sizeOf(claims);
    if (this.#youngBytes + bytes > MAX_BYTES) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(hash, { header, claims, issuer });
    this.#youngBytes += bytes;
  }
}

/** Bytes of a JSON value, roughly. It is not deep: the reader has seen to that. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  let bytes = VALUE_BYTES;
  for (const [name, member] of Object.entries(value)) bytes += 2 * name.length + sizeOf(member);
  return bytes;
}
