// Which headers the upstream may believe. Each identity header is either set here or removed, in every spelling that an
// upstream could take for it; a client's own never gets through.

import type { Known } from '../domain/decision.ts';
import { isEditableHeader } from '../domain/editable-header.ts';
import { type ClaimFact, claimOfFact, type IdentityFact } from '../domain/identity-fact.ts';
import { type Header, type HeaderRemoval, headerRemoval } from './check-response.ts';
import { claimText } from './claim-text.ts';
import { headerValue, headerValueList } from './header-value.ts';

const FACTS = {
  organization: (known) => headerValue(known.api?.organization),
  api: (known) => headerValue(known.api?.name),
  apiVersion: (known) => headerValue(known.api?.version),
  keyManager: (known) => headerValue(known.keyManager?.name),
  subject: (known) => headerValue(known.token?.subject),
  consumerKey: (known) => headerValue(known.token?.consumerKey),
  application: (known) => headerValue(known.application?.name),
  applicationId: (known) => headerValue(known.application?.id),
  applicationOwner: (known) => headerValue(known.application?.owner),
  applicationPolicy: (known) => headerValue(known.application?.policy),
  subscriptionPolicy: (known) => headerValue(known.subscription?.policy),
  keyType: (known) => headerValue(known.keyType),
  scopes: (known) => headerValueList(known.token?.scopes ?? []),
} as const satisfies Record<Exclude<IdentityFact, ClaimFact>, (known: Readonly<Known>) => string | undefined>;

function readerOf(fact: IdentityFact): (known: Readonly<Known>) => string | undefined {
  const claim = claimOfFact(fact);
  return claim === undefined
    ? FACTS[fact as keyof typeof FACTS]
    : (known) => headerValue(claimText(known.token?.claims ?? {}, claim));
}

/** The changes to the headers of an allowed request. */
export interface HeaderChanges {
  readonly set: readonly Header[];
  readonly remove: readonly HeaderRemoval[];
}

/** The configured identity headers, with everything constant worked out. Throws at boot when settings contradict each other. */
export class IdentityHeaders {
  readonly #headers: readonly {
    name: string;
    fact: (known: Readonly<Known>) => string | undefined;
    removal: HeaderRemoval;
  }[];
  readonly #always: HeaderRemoval;
  /** Every name that is set or removed, with `_` read as `-`. */
  readonly #folded: ReadonlySet<string>;
  readonly #named: ReadonlySet<string>;

  constructor(identityHeaders: Readonly<Record<string, IdentityFact>>, removeHeaders: readonly string[]) {
    const names = Object.keys(identityHeaders);
    const spellings = new Map<string, string>();
    for (const name of names) {
      checkName(name, 'identityHeaders');
      const other = spellings.get(fold(name));
      if (other !== undefined)
        throw new Error(
          `identityHeaders: "${other}" and "${name}" read the same to an upstream that folds "_" to "-"; keep one`,
        );
      spellings.set(fold(name), name);
    }
    for (const name of removeHeaders) {
      checkName(name, 'removeHeaders');
      if (spellings.has(fold(name)))
        throw new Error(
          `removeHeaders: "${name}" is an identity header, which is set or removed anyway; take it out of one list`,
        );
    }
    this.#headers = Object.entries(identityHeaders).map(([name, fact]) => ({
      name,
      fact: readerOf(fact),
      removal: headerRemoval([name]),
    }));
    const always = new Set<string>(removeHeaders);
    for (const name of [...names, ...removeHeaders]) always.add(fold(name)).add(fold(name).replaceAll('-', '_'));
    for (const name of names) always.delete(name);
    this.#always = headerRemoval([...always]);
    this.#folded = new Set([...names, ...removeHeaders].map(fold));
    this.#named = new Set([...names, ...always]);
  }

  /** What to set and to remove for these facts; `underscored` are the names in the request that hold an underscore. */
  changes(known: Readonly<Known>, underscored: readonly string[], credentialHeader: string | undefined): HeaderChanges {
    const set: Header[] = [];
    const remove = [this.#always];
    for (const header of this.#headers) {
      const value = header.fact(known);
      if (value === undefined) remove.push(header.removal);
      else set.push([header.name, value]);
    }
    const twins = underscored.map((name) => name.toLowerCase()).filter((name) => this.#isMixedTwin(name));
    if (twins.length > 0) remove.push(headerRemoval(twins));
    if (credentialHeader !== undefined && !set.some(([name]) => name === credentialHeader))
      remove.push(headerRemoval([credentialHeader]));
    return { set, remove };
  }

  #isMixedTwin(name: string): boolean {
    return !this.#named.has(name) && this.#folded.has(fold(name));
  }
}

function fold(name: string): string {
  return name.replaceAll('_', '-');
}

function checkName(name: string, field: string): void {
  if (!isEditableHeader(name))
    throw new Error(
      `${field}: "${name}" cannot be set or removed; use a lower-case header name that does not frame the message`,
    );
}
