// Remembers tokens that no revocation names, bounded in bytes. It never asks whether that is still so.

import { LRUCache } from 'lru-cache';
import type { RevocationSubject } from '../../domain/revocation.ts';

/** What it depends on whether an entry names a token, beside the token itself. */
const FACTS = [
  ...(['keyManagerId', 'organization', 'apiOrganization', 'jti', 'consumerKey'] as const),
  ...(['subject', 'keyId', 'keyThumbprint', 'issuedAt'] as const),
];

type Facts = Pick<RevocationSubject, (typeof FACTS)[number]>;

/** Of one that is remembered, without its texts: its hash, an object, the place in the cache. */
const ENTRY_BYTES = 400;

/** Least recently used go first. */
export class UnnamedTokens {
  readonly #facts: LRUCache<string, Facts>;

  constructor(maxBytes: number) {
    this.#facts = new LRUCache({ maxSize: maxBytes, sizeCalculation: bytesOf });
  }

  /** An introspected token may have other facts than last time, and one of two APIs another organization. */
  has(subject: RevocationSubject): boolean {
    const known = this.#facts.get(subject.credentialHash);
    return known !== undefined && FACTS.every((fact) => known[fact] === subject[fact]);
  }

  add(subject: RevocationSubject): void {
    // Without what tells the token's hash, which would keep the token itself.
    const { keyManagerId, organization, apiOrganization, jti, consumerKey } = subject;
    const { subject: user, keyId, keyThumbprint, issuedAt } = subject;
    const facts = { keyManagerId, organization, apiOrganization, jti, consumerKey, keyId, keyThumbprint, issuedAt };
    this.#facts.set(subject.credentialHash, { ...facts, subject: user });
  }

  clear(): void {
    this.#facts.clear();
  }
}

/** Of texts, two bytes a character at the most. */
function bytesOf(facts: Facts): number {
  return FACTS.reduce((bytes, fact) => bytes + 2 * `${facts[fact] ?? ''}`.length, ENTRY_BYTES);
}
