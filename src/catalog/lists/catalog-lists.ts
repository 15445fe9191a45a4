// The admin side's reads of the catalog. Unlike a decision's reads they may throw: an unreadable file is an error there. No secret is
// opened but where that is asked for by name.

import type { Database, Statement } from 'better-sqlite3';
import { type Api, GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { KeptAuditEntry } from '../../domain/audit.ts';
import type { EntityByKind, SourcePosition } from '../../domain/change.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { KeyManagerUsage } from '../../domain/key-manager-usage.ts';
import type { Revocation, SequencedRevocation } from '../../domain/revocation.ts';
import type { StoredSigningKey } from '../../domain/signing-key.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import type { Page, Paged } from '../tables/paged.ts';
import { readSourcePosition } from '../tables/source-position.ts';
import type { StoredAdminCredential } from '../tables/stored-admin-credential.ts';
import { StoredApis } from '../tables/stored-apis.ts';
import { StoredAudit } from '../tables/stored-audit.ts';
import { StoredKeyManagers } from '../tables/stored-key-managers.ts';
import { StoredRevocations } from '../tables/stored-revocations.ts';
import { StoredSecrets } from '../tables/stored-secrets.ts';
import { listSigningKeys } from '../tables/stored-signing-keys.ts';
import { type EntityFilters, EntityLists, type ListedKind } from './entity-lists.ts';
import { keyManagerUsageFinder } from './key-manager-usage.ts';

/** Lists and single entries, each within one organization. */
export class CatalogLists {
  readonly #db: Database;
  readonly #entities: EntityLists;
  readonly #apis: StoredApis;
  readonly #keyManagers: StoredKeyManagers;
  readonly #secrets: StoredSecrets;
  readonly #revocations: StoredRevocations;
  readonly #audit: StoredAudit;
  readonly #usageOf: (keyManagerId: string) => KeyManagerUsage;
  readonly #used: Statement<[], string>;
  readonly #signingKeys: () => readonly StoredSigningKey[] | undefined;
  readonly #credentials: Statement<[], Omit<StoredAdminCredential, 'rights'> & { readonly rights: string }>;

  constructor(db: Database, sealer: SecretSealer) {
    this.#db = db;
    this.#entities = new EntityLists(db);
    this.#apis = new StoredApis(db);
    this.#keyManagers = new StoredKeyManagers(db);
    this.#secrets = new StoredSecrets(db, sealer);
    this.#revocations = new StoredRevocations(db);
    this.#audit = new StoredAudit(db);
    this.#usageOf = keyManagerUsageFinder(db);
    this.#used = db
      .prepare<[], string>(
        `SELECT key_manager_id FROM api_key_manager UNION SELECT key_manager_id FROM api_key_manager_audience
         UNION SELECT key_manager_id FROM application_key_mapping`,
      )
      .pluck();
    this.#signingKeys = () => listSigningKeys(db, sealer);
    this.#credentials = db.prepare('SELECT * FROM admin_credential ORDER BY name');
  }

  /** Key managers of the organization, in order of creation. The Global one is listed in its own organization only. */
  listKeyManagers(organization: string): StoredKeyManager[] {
    return this.#keyManagers.ofOrganization(organization);
  }

  /** The organization's key manager of this id. */
  findKeyManager(organization: string, id: string): StoredKeyManager | undefined {
    const stored = this.#keyManagers.find(id);
    return stored?.organization === organization ? stored : undefined;
  }

  /** The same with its secrets in the clear, for who is to use them: never for an answer. Undefined also where one does not open. */
  openKeyManager(organization: string, id: string): StoredKeyManager | undefined {
    const stored = this.findKeyManager(organization, id);
    const secrets = stored && this.#secrets.of(id);
    return secrets && { ...stored, secrets };
  }

  /** The key manager that APIs of the organization mean by an id or a name: its own, else the Global one. */
  resolveKeyManager(organization: string, idOrName: string): StoredKeyManager | undefined {
    for (const owner of [organization, GLOBAL_ORGANIZATION]) {
      const found = this.findKeyManager(owner, idOrName) ?? this.findKeyManagerNamed(owner, idOrName);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The key manager of this name, of exactly this organization. */
  findKeyManagerNamed(organization: string, name: string): StoredKeyManager | undefined {
    const id = this.#keyManagers.idOf(organization, name);
    return id === undefined ? undefined : this.#keyManagers.find(id);
  }

  /** Who refers to a key manager by name. */
  keyManagerUsage(id: string): KeyManagerUsage {
    return this.#usageOf(id);
  }

  /** Ids of all key managers that somebody refers to by name (WSO2 `isUsed`). */
  usedKeyManagers(): ReadonlySet<string> {
    return new Set(this.#used.all());
  }

  /** The organization's APIs, by name and version. */
  listApis(organization: string): Api[] {
    return this.#apis.ofOrganization(organization);
  }

  /** A page of the organization's entities of a kind, in an order that stays. The total is exact up to 1000 keys and subscriptions of all, up to 10,000 of the others. */
  page<K extends ListedKind>(
    kind: K,
    organization: string,
    filter: EntityFilters[K],
    page: Page,
  ): Paged<EntityByKind[K]> {
    return this.#entities.page(kind, organization, filter, page);
  }

  /** The organization's entity of this id; a key mapping or subscription is of its application's organization. */
  find<K extends ListedKind>(kind: K, organization: string, id: string): EntityByKind[K] | undefined {
    return this.#entities.find(kind, organization, id);
  }

  /** Where this catalog stands in the history of the source that it follows; undefined where it follows none. */
  sourcePosition(): SourcePosition | undefined {
    return readSourcePosition(this.#db);
  }

  /** The organization's revocations in force, the latest first. */
  listRevocations(organization: string, nowMs: number, page: Page): Paged<Revocation> {
    return this.#revocations.page(organization, nowMs, page);
  }

  /** The organization's revocation of this id, and those that were made with it (`<id>.…`), as far as they are in force. */
  findRevocations(organization: string, id: string, nowMs: number): Revocation[] {
    return this.#revocations.family(organization, id, nowMs);
  }

  /** The organization's revocations in force after a sequence, in order: for reading all of them, a part at a time. */
  revocationsInForce(organization: string, nowMs: number, sequence: number, limit: number): SequencedRevocation[] {
    return this.#revocations.inForceAfter(organization, nowMs, sequence, limit);
  }

  /** Revocations and lifts of every organization after a sequence, in order. */
  revocationsSince(sequence: number, limit: number): SequencedRevocation[] {
    return this.#revocations.since(sequence, limit);
  }

  /** How far a stream of revocations was read and applied; undefined before the first time. */
  streamPosition(stream: string): string | undefined {
    return this.#revocations.position(stream);
  }

  /** The audit, the newest first: of one organization, or with null of all and of callers that nobody knew. */
  listAudit(organization: string | null, page: Page): Paged<KeptAuditEntry> {
    return this.#audit.page(organization, page);
  }

  /** The keys that sign what is told to upstreams, the live one first, in the clear; undefined where one does not open. */
  openSigningKeys(): readonly StoredSigningKey[] | undefined {
    return this.#signingKeys();
  }

  /** Every kept credential for the admin side. */
  listAdminCredentials(): StoredAdminCredential[] {
    return this.#credentials.all().map((row) => ({ ...row, rights: JSON.parse(row.rights) as string[] }));
  }
}
