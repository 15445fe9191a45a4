// Takes each JWT apart once, not once a request: what it says of itself depends on its text alone, whoever asks and whenever. Bounded in
// bytes, free to forget, and without the token: what is held is found by its hash and vouches for nothing. Of most tokens nothing but
// the issuer is asked for again, so that is all that is held of them.

import { hash } from 'node:crypto';
import { isRefusal, type Refusal } from '../../domain/decision.ts';
import type { UnprovedJwt, UnprovedToken } from '../../domain/token.ts';
import { HeaderReadings } from './header-readings.ts';
import { readToken } from './read-token.ts';

/** Of one generation; two are held. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Map entry, hash and object of a reading, roughly. */
const ENTRY_OVERHEAD_BYTES = 192;
/** An object, list, number or text by itself, and what a member takes in it; whoever forges a token chooses how many it has. */
const VALUE_BYTES = 48;

/** What a JWT says of itself. */
type Parts = Pick<UnprovedJwt, 'header' | 'claims'>;

/** What is held of a JWT. */
interface Reading {
  readonly issuer: string | undefined;
  /** Once somebody asked for them again, as rules do that tell the key managers of one issuer apart. */
  parts: Parts | undefined;
}

/** Two generations: what was read since the last turn, and what was in the generation before. */
export class TokenReadings {
  readonly #headers = new HeaderReadings();
  #young = new Map<string, Reading>();
  #old: ReadonlyMap<string, Reading> = new Map();
  #youngBytes = 0;

  /** As {@link readToken}. */
  read(credential: string): UnprovedToken | Refusal {
    const digest = hash('sha256', credential, 'hex');
    const young = this.#young.get(digest);
    const known = young ?? this.#old.get(digest);
    if (known === undefined) {
      const token = readToken(credential, digest, this.#headers.read);
      if ('kind' in token && token.kind === 'jwt') this.#note(digest, { issuer: token.issuer, parts: undefined });
      return token;
    }
    if (young === undefined) this.#note(digest, known);
    return new KnownJwt(credential, digest, known, this.#readAgain);
  }

  #note(digest: string, reading: Reading): void {
    const bytes = ENTRY_OVERHEAD_BYTES + sizeOf(reading.issuer) + sizeOf(reading.parts);
    if (this.#youngBytes + bytes > MAX_BYTES) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(digest, reading);
    this.#youngBytes += bytes;
  }

  readonly #readAgain = (credential: string, digest: string, reading: Reading): Parts => {
    const token = readToken(credential, digest, this.#headers.read);
    if (isRefusal(token) || token.kind !== 'jwt') throw new Error('a JWT was read in two ways');
    reading.parts = { header: token.header, claims: token.claims };
    this.#note(digest, reading);
    return reading.parts;
  };
}

/** A JWT that was read before. */
class KnownJwt implements UnprovedJwt {
  readonly kind = 'jwt';
  readonly text: string;
  readonly hash: string;
  readonly #reading: Reading;
  readonly #readAgain: (text: string, hash: string, reading: Reading) => Parts;

  constructor(
    text: string,
    hash: string,
    reading: Reading,
    readAgain: (text: string, hash: string, reading: Reading) => Parts,
  ) {
    this.text = text;
    this.hash = hash;
    this.#reading = reading;
    this.#readAgain = readAgain;
  }

  get issuer(): string | undefined {
    return this.#reading.issuer;
  }

  get header(): UnprovedJwt['header'] {
    return (this.#reading.parts ?? this.#readAgain(this.text, this.hash, this.#reading)).header;
  }

  get claims(): UnprovedJwt['claims'] {
    return (this.#reading.parts ?? this.#readAgain(this.text, this.hash, this.#reading)).claims;
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
