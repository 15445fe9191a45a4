// What can be revoked and how an entry is told from another. Plain facts, and the one rule for which token an entry hits.

import { GLOBAL_ORGANIZATION } from './api.ts';
import type { AuditContext } from './audit.ts';

/** What an entry names. A `token` is the hash of a JWT's signing input or of an opaque token, hex SHA-256; a `key` is a key's RFC 7638 thumbprint. */
export const REVOCATION_KINDS = ['jti', 'token', 'consumer_key', 'subject', 'kid', 'key', 'key_manager'] as const;
/** One of {@link REVOCATION_KINDS}. */
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** One revocation, as it is kept and spread. */
export interface Revocation {
  /** Unique wherever it was made; applying it twice changes nothing. */
  readonly id: string;
  readonly kind: RevocationKind;
  /** A jti, hash, consumer key, subject, kid, thumbprint or key manager id. */
  readonly value: string;
  /** Of the key managers whose tokens it hits; the Global one's are hit too where no key manager is named. */
  readonly organization: string;
  /** Narrows it to one key manager. */
  readonly keyManagerId: string | null;
  /** Narrows it to key managers of a type (WSO2 header X-WSO2-KEY-MANAGER). */
  readonly keyManagerType: string | null;
  /** Hits tokens issued before, and those of unknown issue time; milliseconds since the epoch. Null hits all. */
  readonly issuedBeforeMs: number | null;
  /** When it may be swept; null: stays until lifted. */
  readonly expiresAtMs: number | null;
  readonly createdAtMs: number;
  /** Who made it, for the audit. */
  readonly createdBy: string;
  /** True for one that takes the entry of this id back. */
  readonly lifted: boolean;
}

/** Where entries came from. */
export type RevocationSource =
  /** An admin of this catalog: remembered in the audit. */
  | { readonly kind: 'admin'; readonly audit: AuditContext }
  /** A stream that processes share, read up to `position` with these entries. */
  | { readonly kind: 'stream'; readonly stream: string; readonly position: string };

/** An entry with its place in this catalog's order; a lift takes a new place. */
export interface SequencedRevocation {
  readonly sequence: number;
  /** Null for one that was made here, else the stream that brought it. */
  readonly stream: string | null;
  readonly revocation: Revocation;
}

/** What of a proved token an entry may name. */
export interface RevocationSubject {
  readonly keyManagerId: string;
  readonly keyManagerType: string;
  /** The key manager's. */
  readonly organization: string;
  /** The API's, which differs from the key manager's for the Global one. */
  readonly apiOrganization: string;
  readonly jti: string | undefined;
  readonly consumerKey: string | undefined;
  readonly subject: string | undefined;
  readonly keyId: string | undefined;
  readonly keyThumbprint: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** Of the token as it was sent: no other has it. */
  readonly credentialHash: string;
  /** As an entry has it; worked out only where some token was revoked by its hash. */
  tokenHash(): string;
}

/** True when an entry that names the token (or its client, key, …) is in force for it. In doubt it is. */
export function revocationHits(entry: Revocation, subject: RevocationSubject, nowMs: number): boolean {
  if (entry.lifted || (entry.expiresAtMs !== null && entry.expiresAtMs <= nowMs)) return false;
  const isOrganizations =
    entry.organization === subject.organization ||
    // The Global key manager's token, as far as it is used for this organization's API.
    (subject.organization === GLOBAL_ORGANIZATION && entry.organization === subject.apiOrganization);
  if (!isOrganizations) return false;
  if (entry.keyManagerId !== null && entry.keyManagerId !== subject.keyManagerId) return false;
  // WSO2 itself spells its types in more than one way (`KeyCloak`, `Keycloak`).
  if (entry.keyManagerType !== null && entry.keyManagerType.toLowerCase() !== subject.keyManagerType.toLowerCase())
    return false;
  if (entry.issuedBeforeMs === null || subject.issuedAt === undefined) return true;
  // `iat` has whole seconds: a token of the very second of the revocation counts as issued before.
  return !(subject.issuedAt * 1000 >= entry.issuedBeforeMs);
}
