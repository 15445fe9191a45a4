// Which headers the upstream may believe. Each identity header is either set here or removed, in every spelling that an
// upstream could take for it; a client's own never gets through.

import type { Api } from '../../domain/api.ts';
import type { Known } from '../../domain/decision.ts';
import { isEditableHeader } from '../../domain/editable-header.ts';
import {
  type AttributeFact,
  attributeOfFact,
  type ClaimFact,
  claimOfFact,
  type IdentityFact,
} from '../../domain/identity-fact.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import { type Allowed, encodedHeaders, type Header } from './check-response.ts';
import { claimText } from './claim-text.ts';
import { EncodedOnce } from './encoded-once.ts';
import { headerValue, headerValueList } from './header-value.ts';

type Read<T> = (facts: T) => string | undefined;

/** What an API says for as long as nobody changes it. */
const API_FACTS = {
  organization: (api) => headerValue(api.organization),
  api: (api) => headerValue(api.name),
  apiVersion: (api) => headerValue(api.version),
  apiContext: (api) => headerValue(api.context),
  apiPolicy: (api) => headerValue(api.policy),
} as const satisfies Partial<Record<IdentityFact, Read<Api>>>;

const KEY_MANAGER_FACTS = {
  keyManager: (keyManager) => headerValue(keyManager.name),
} as const satisfies Partial<Record<IdentityFact, Read<KeyManager>>>;

type CatalogFact = keyof typeof API_FACTS | keyof typeof KEY_MANAGER_FACTS;

const CALL_FACTS = {
  resourcePolicy: (known) => headerValue(known.resource?.policy),
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
} as const satisfies Record<Exclude<IdentityFact, ClaimFact | AttributeFact | CatalogFact>, Read<Readonly<Known>>>;

function readerOf(fact: IdentityFact): Read<Readonly<Known>> {
  const claim = claimOfFact(fact);
  if (claim !== undefined) return (known) => headerValue(claimText(known.token?.claims ?? {}, claim));
  const attribute = attributeOfFact(fact);
  if (attribute !== undefined) return (known) => headerValue(ownAttribute(known, attribute));
  return CALL_FACTS[fact as keyof typeof CALL_FACTS];
}

/** The headers for what one object says, each set or removed; all of them removed where there is no such object. */
class HeadersOf<T extends object> {
  readonly #unknown: Buffer;
  readonly #known: EncodedOnce<T>;

  constructor(
    configured: readonly (readonly [name: string, fact: string])[],
    facts: Readonly<Record<string, Read<T>>>,
  ) {
    const headers = configured.flatMap(([name, fact]) => {
      const read = Object.hasOwn(facts, fact) ? facts[fact] : undefined;
      return read === undefined ? [] : [{ name, read }];
    });
    this.#unknown = encodedHeaders(
      [],
      headers.map(({ name }) => name),
    );
    this.#known = new EncodedOnce((object) => {
      const set = headers.flatMap(({ name, read }): Header[] => {
        const value = read(object);
        return value === undefined ? [] : [[name, value]];
      });
      const removed = headers.filter(({ read }) => read(object) === undefined);
      return encodedHeaders(
        set,
        removed.map(({ name }) => name),
      );
    });
  }

  of(object: T | undefined): Buffer {
    return object === undefined ? this.#unknown : this.#known.of(object);
  }
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
export type HeaderChanges = Pick<Allowed, 'setHeaders' | 'encodedHeaders'>;

/** The configured identity headers, with everything constant worked out. Throws at boot when settings contradict each other. */
export class IdentityHeaders {
  readonly #ofApi: HeadersOf<Api>;
  readonly #ofKeyManager: HeadersOf<KeyManager>;
  readonly #ofCall: readonly { name: string; read: Read<Readonly<Known>>; removal: Buffer }[];
  readonly #always: Buffer;
  /** Of the headers in which APIs take credentials: mostly one and the same. */
  readonly #credentials = new Map<string, Buffer>();
  /** Every one is either set or removed. */
  readonly #identity: ReadonlySet<string>;
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
    const configured = Object.entries(identityHeaders);
    this.#ofApi = new HeadersOf(configured, API_FACTS);
    this.#ofKeyManager = new HeadersOf(configured, KEY_MANAGER_FACTS);
    const ofCall = configured.filter(([, fact]) => !(fact in API_FACTS || fact in KEY_MANAGER_FACTS));
    const readers = ofCall.map(([name, fact]) => ({ name, read: readerOf(fact) }));
    // Of printable ASCII, and measured where it was made.
    const assertion = { name: assertionHeader, read: (known: Readonly<Known>) => known.assertion };
    this.#ofCall = [...readers, assertion].map((header) => ({ ...header, removal: encodedHeaders([], [header.name]) }));
    this.#identity = new Set(names);
    const always = new Set<string>(removeHeaders);
    for (const name of [...names, ...removeHeaders]) always.add(fold(name)).add(fold(name).replaceAll('-', '_'));
    for (const name of names) always.delete(name);
    this.#always = encodedHeaders([], [...always]);
    this.#folded = new Set([...names, ...removeHeaders].map(fold));
    this.#named = new Set([...names, ...always]);
  }

  /** What to set and to remove for these facts; `underscored` are the names in the request that hold an underscore. */
  changes(known: Readonly<Known>, underscored: readonly string[], credentialHeader: string | undefined): HeaderChanges {
    const setHeaders: Header[] = [];
    const encoded = [this.#always, this.#ofApi.of(known.api), this.#ofKeyManager.of(known.keyManager)];
    for (const { name, read, removal } of this.#ofCall) {
      const value = read(known);
      if (value === undefined) encoded.push(removal);
      else setHeaders.push([name, value]);
    }
    if (underscored.length > 0) {
      const twins = underscored.map((name) => name.toLowerCase()).filter((name) => this.#isMixedTwin(name));
      if (twins.length > 0) encoded.push(encodedHeaders([], twins));
    }
    if (credentialHeader !== undefined && !this.#identity.has(credentialHeader))
      encoded.push(this.#credentialRemoval(credentialHeader));
    return { setHeaders, encodedHeaders: encoded };
  }

  #credentialRemoval(name: string): Buffer {
    const known = this.#credentials.get(name);
    if (known !== undefined) return known;
    const removal = encodedHeaders([], [name]);
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
