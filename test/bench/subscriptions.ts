// Fills a catalog with subscriptions by the catalog's own statements: no catalog file may be as large as is wanted here.

import { join } from 'node:path';
import { openForWriting } from '../../src/catalog/database/open-database.ts';
import { StoredApis } from '../../src/catalog/tables/stored-apis.ts';
import { StoredApplications } from '../../src/catalog/tables/stored-applications.ts';
import { StoredKeyManagers } from '../../src/catalog/tables/stored-key-managers.ts';
import { StoredKeyMappings } from '../../src/catalog/tables/stored-key-mappings.ts';
import { StoredSubscriptions } from '../../src/catalog/tables/stored-subscriptions.ts';
import { inTransaction } from '../../src/catalog/tables/write-transaction.ts';
import { API_VERSION, apiName, keyManagerName } from './installation.ts';

/** How subscriptions are spread: each client is subscribed to the first APIs. */
export interface SubscriptionLayout {
  readonly clients: number;
  readonly perClient: number;
}

const CLIENTS = 20_000;
/** WSO2's organization, which the settings have by default. */
const ORGANIZATION = 'carbon.super';
const BUSY_TIMEOUT_MS = 1_000;
/** Of the filling connection: the indexes of five million subscriptions, or each row would read pages that were written before. */
const FILLING_CACHE_KIBIBYTES = 2 * 1024 * 1024;

/** As many clients as there may be. */
export function layoutOf(subscriptions: number): SubscriptionLayout {
  const clients = Math.min(CLIENTS, subscriptions);
  return { clients, perClient: subscriptions / clients };
}

/** Writes them into the catalog of a Gatehouse that does not run, in one transaction. */
export function writeSubscriptions(dataFolder: string, { clients, perClient }: SubscriptionLayout): void {
  const db = openForWriting(join(dataFolder, 'catalog.db'), BUSY_TIMEOUT_MS);
  // Nothing here needs to survive: no journal and no waiting for the disk. The start that follows makes it durable again.
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', `cache_size = -${FILLING_CACHE_KIBIBYTES}`])
    db.pragma(pragma);
  try {
    const apis = new StoredApis(db);
    const applications = new StoredApplications(db);
    const keyMappings = new StoredKeyMappings(db);
    const subscriptions = new StoredSubscriptions(db);
    const keyManagerId = new StoredKeyManagers(db).resolve(ORGANIZATION, keyManagerName(0)) ?? '';
    const apiIds = Array.from(
      { length: perClient },
      (_, at) => apis.idOf(ORGANIZATION, apiName(at), API_VERSION) ?? '',
    );
    inTransaction(db, () => {
      for (let client = 0; client < clients; client++) {
        const id = `application-${client}`;
        applications.put({
          ...{ id, number: client + 1, organization: ORGANIZATION, name: id, owner: 'paula', policy: 'Unlimited' },
          ...{ description: '', attributes: {}, groups: [], state: 'APPROVED', extra: {}, version: 1 },
        });
        keyMappings.insert({
          id: `key-${client}`,
          applicationId: id,
          keyType: 'PRODUCTION',
          keyManagerId,
          consumerKey: `client-${client}`,
          mode: 'MAPPED',
          extra: {},
        });
        for (const [at, apiId] of apiIds.entries())
          subscriptions.put({
            id: `${id}-${at}`,
            number: client * perClient + at + 1,
            applicationId: id,
            apiId,
            policy: 'Gold',
            state: 'UNBLOCKED',
            version: 1,
          });
      }
      return { commit: true, result: undefined };
    });
  } finally {
    db.close();
  }
}
