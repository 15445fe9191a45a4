// Which headers the upstream may believe. Each identity header is either set here or removed, in every spelling that an
// upstream could take for it; a client's own never gets through.

import type { Known } from '../domain/decision.ts';
import { isEditableHeader } from '../domain/editable-header.ts';
import {
  type AttributeFact,
  attributeOfFact,
  type ClaimFact,
  claimOfFact,
  type IdentityFact,
} from '../domain/identity-fact.ts';
import { type Header, type HeaderRemoval, headerRemoval } from './check-response.ts';
import { claimText } from './claim-text.ts';
import { headerValue, headerValueList } from './header-value.ts';

const FACTS = {
  organization: (known) => headerValue(known.api?.organization),
  api: (known) => headerValue(known.api?.name),
  apiVersion: (known) => headerValue(known.api?.version),
  apiContext: (known) => headerValue(known.api?.context),
  apiPolicy: (known) => headerValue(known.api?.policy),
  resourcePolicy: (known) => headerValue(known.resource?.policy),
  keyManager: (known) => headerValue(known.keyManager?.name),
  subject: (known) => headerValue(known.token?.subject),
  consumerKey: (known) => headerValue(known.token?.consumerKey),
  application: (known) => headerValue(known.application?.name),
  applicationId: (known) => headerValue(known.application?.id),
  applicationOwner: (known) => headerValue(known.application?.owner),
  applicationPolicy: (known) => headerValue(known.application?.policy),
  applicationAttributes: (known) => headerValue(attributesText(known)),
  subscriptionId: (known) => headerValue(known.subscription?.id),
  subscriptionPolicy: (known) => headerValue(known.subscription?.policy),
  keyType: (known) => headerValue(known.keyType),
  scopes: (known) => headerValueList(known.token?.scopes ?? []),
} as const satisfies Record<
  Exclude<IdentityFact, ClaimFact | AttributeFact>,
  (known: Readonly<Known>) => string | undefined
>;

function readerOf(fact: IdentityFact): (known: Readonly<Known>) => string | undefined {
  const claim = claimOfFact(fact);
  if (claim !== undefined) return (known) => headerValue(claimText(known.token?.claims ?? {}, claim));
  const attribute = attributeOfFact(fact);
  if (attribute !== undefined) return (known) => headerValue(ownAttribute(known, attribute));
  return FACTS[fact as keyof typeof FACTS];
}

/** JSON, or nothing where there is no attribute. */
function attributesText({ application }: Readonly<Known>): string | undefined {
  const attributes = application?.attributes ?? {};
  return Object.keys(attributes).length === 0 ? undefined : JSON.stringify(attributes);
}

function ownAttribute({ application }: Readonly<Known>, name: string): string | undefined {
  const attributes = application?.attributes ?? {};
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

/** Credential headers whose removal is encoded once. */
const MAX_CREDENTIAL_HEADERS = 64;

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
  /** Of the headers in which APIs take credentials: mostly one and the same. */
  readonly #credentials = new Map<string, HeaderRemoval>();
  /** Every name that is set or removed, with `_` read as `-`. */
  readonly #folded: ReadonlySet<string>;
  readonly #named: ReadonlySet<string>;

  /** `assertionHeader` may be among those to remove, as it is by default: it is set or removed anyway. */
  constructor(
    identityHeaders: Readonly<Record<string, IdentityFact>>,
    removedHeaders: readonly string[],
    assertionHeader: string,
  ) {
    const names = [...Object.keys(identityHeaders), assertionHeader];
    const removeHeaders = removedHeaders.filter((name) => fold(name) !== fold(assertionHeader));
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
    const readers = Object.entries(identityHeaders).map(([name, fact]) => [name, readerOf(fact)] as const);
    // Of printable ASCII, and measured where it was made.
    const assertion = [assertionHeader, (known: Readonly<Known>) => known.assertion] as const;
    this.#headers = [...readers, assertion].map(([name, fact]) => ({ name, fact, removal: headerRemoval([name]) }));
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
    if (underscored.length > 0) {
      const twins = underscored.map((name) => name.toLowerCase()).filter((name) => this.#isMixedTwin(name));
      if (twins.length > 0) remove.push(headerRemoval(twins));
    }
    if (credentialHeader !== undefined && !set.some(([name]) => name === credentialHeader))
      remove.push(this.#credentialRemoval(credentialHeader));
    return { set, remove };
  }

  #credentialRemoval(name: string): HeaderRemoval {
    const known = this.#credentials.get(name);
    if (known !== undefined) return known;
    const removal = headerRemoval([name]);
    if (this.#credentials.size < MAX_CREDENTIAL_HEADERS) this.#credentials.set(name, removal);
    return removal;
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
