// The admin side's reads of the catalog. Unlike a decision's reads they may throw: an unreadable file is an error there.

import type { Database, Statement } from 'better-sqlite3';
import type { Api } from '../domain/api.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import { type KeyManagerUsage, keyManagerUsageFinder } from './key-manager-usage.ts';
import type { StoredAdminCredential } from './stored-admin-credential.ts';
import { StoredApis } from './stored-apis.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';

/** Lists and single entries, each within one organization. */
export class CatalogLists {
  readonly #apis: StoredApis;
  readonly #keyManagers: StoredKeyManagers;
  readonly #usageOf: (keyManagerId: string) => KeyManagerUsage;
  readonly #credentials: Statement<[], Omit<StoredAdminCredential, 'rights'> & { readonly rights: string }>;

  constructor(db: Database) {
    this.#apis = new StoredApis(db);
    this.#keyManagers = new StoredKeyManagers(db);
    this.#usageOf = keyManagerUsageFinder(db);
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

  /** Who refers to a key manager by name. */
  keyManagerUsage(id: string): KeyManagerUsage {
    return this.#usageOf(id);
  }

  /** The organization's APIs, by name and version. */
  listApis(organization: string): Api[] {
    return this.#apis.ofOrganization(organization);
  }

  /** Every kept credential for the admin side. */
  listAdminCredentials(): StoredAdminCredential[] {
    return this.#credentials.all().map((row) => ({ ...row, rights: JSON.parse(row.rights) as string[] }));
  }
}
