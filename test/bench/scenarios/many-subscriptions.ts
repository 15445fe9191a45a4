// S11: a thousand to millions of subscriptions, 20,000 tokens drawn uniformly among their clients; a subscription is one look-up,
// so their number should not matter.

import { join } from 'node:path';
import { openForWriting } from '../../../src/catalog/open-database.ts';
import { StoredApis } from '../../../src/catalog/stored-apis.ts';
import { StoredApplications } from '../../../src/catalog/stored-applications.ts';
import { StoredKeyManagers } from '../../../src/catalog/stored-key-managers.ts';
import { StoredKeyMappings } from '../../../src/catalog/stored-key-mappings.ts';
import { StoredSubscriptions } from '../../../src/catalog/stored-subscriptions.ts';
import { inTransaction } from '../../../src/catalog/write-transaction.ts';
import { seededRandom } from '../../rig/seeded-random.ts';
import { checkCall } from '../call.ts';
import {
  API_VERSION,
  apiName,
  floorContestant,
  keyManagerName,
  ORDER_SCOPE,
  startInstallation,
} from '../installation.ts';
import { type Contestant, HALF_LOAD, type Scenario } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const COUNTS = [1_000, 100_000, 1_000_000];
const MOST = 5_000_000;
/** In all installations: what many subscriptions need, so that only their number differs. */
const APIS = 250;
const CLIENTS = 20_000;
const TOKENS = 20_000;
/** WSO2's organization, which the settings have by default. */
const ORGANIZATION = 'carbon.super';
const BUSY_TIMEOUT_MS = 1_000;

/** Known ES256 tokens of many clients; five million subscriptions take minutes to write, so they are asked for. */
export const manySubscriptions = (fiveMillion: boolean): Scenario => ({
  id: 'S11',
  title: 'many subscriptions',
  what: `${TOKENS} known ES256 tokens in random order, of up to ${CLIENTS} clients; ${APIS} APIs`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const contestants: Contestant[] = [];
    for (const subscriptions of fiveMillion ? [...COUNTS, MOST] : COUNTS) {
      const layout = layoutOf(subscriptions);
      const fill = (dataFolder: string) => write(join(dataFolder, 'catalog.db'), layout);
      const { gatehouse, token } = await startInstallation(lab, { algorithm: 'ES256', apis: APIS, fill });
      const random = seededRandom(subscriptions);
      const next = () => {
        const client = `client-${random.below(layout.clients)}`;
        const path = `/api-${random.below(layout.perClient)}/${API_VERSION}/orders/4711`;
        return checkCall({ token: token({ sub: client, azp: client, scope: ORDER_SCOPE }), path });
      };
      // First of all one: while thousands are made, the key manager in this process cannot answer for its keys.
      const answer = await verifiedAnswer(gatehouse.port, next(), 'allowed');
      const calls = Array.from({ length: TOKENS }, next);
      if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, () => calls));
      contestants.push({
        ...gatehouse,
        name: `${subscriptions.toLocaleString('en')} subscriptions`,
        calls: () => calls,
      });
    }
    return contestants;
  },
});

/** As many clients as there may be, each subscribed to the first APIs. */
function layoutOf(subscriptions: number) {
  const clients = Math.min(CLIENTS, subscriptions);
  return { clients, perClient: subscriptions / clients };
}

/** Writes applications with the catalog's own statements: no catalog file may be that large. */
function write(file: string, { clients, perClient }: ReturnType<typeof layoutOf>): void {
  const db = openForWriting(file, BUSY_TIMEOUT_MS);
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
