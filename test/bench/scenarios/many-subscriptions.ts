// S11: a thousand to millions of subscriptions, 20,000 tokens drawn uniformly among their clients; a subscription is one look-up,
// so their number should not matter. S11b: how long a start takes with as many.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../rig/free-port.ts';
import type { GatehouseProcess, SettingsSections } from '../../rig/gatehouse-process.ts';
import { seededRandom } from '../../rig/seeded-random.ts';
import { childrenOf } from '../accounting.ts';
import { type Call, checkCall } from '../call.ts';
import { API_VERSION, floorContestant, type Installation, ORDER_SCOPE, startInstallation } from '../installation.ts';
import type { Lab } from '../lab.ts';
import { type Contestant, HALF_LOAD, type Scenario } from '../scenario.ts';
import { layoutOf, writeSubscriptions } from '../subscriptions.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const COUNTS = [1_000, 100_000, 1_000_000, 5_000_000];
/** With which a start is compared with that on the fewest. */
const BOOT = 1_000_000;
/** In all installations: what many subscriptions need, so that only their number differs. */
const APIS = 250;
const TOKENS = 20_000;
const WORKERS = 2;
/** A start takes about a second. */
const STARTS_PER_SECOND = 0.5;
const countText = (subscriptions: number) => `${subscriptions.toLocaleString('en')} subscriptions`;

/** Known ES256 tokens of many clients. */
export const manySubscriptions = (most: number): Scenario => ({
  id: 'S11',
  title: 'many subscriptions',
  what: `${TOKENS} known ES256 tokens in random order, of up to 20,000 clients; ${APIS} APIs`,
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const contestants: Contestant[] = [];
    for (const subscriptions of COUNTS.filter((count) => count <= most)) {
      const { gatehouse, token } = await startWith(lab, subscriptions);
      const next = callMaker(subscriptions, token);
      // First of all one: while thousands are made, the key manager in this process cannot answer for its keys.
      const answer = await verifiedAnswer(gatehouse.port, next(), 'allowed');
      const calls = Array.from({ length: TOKENS }, next);
      if (contestants.length === 0) contestants.push(await floorContestant(lab, answer, () => calls));
      const catalogBytes = statSync(join(gatehouse.folder, 'data', 'catalog.db')).size;
      contestants.push({ ...gatehouse, name: countText(subscriptions), calls: () => calls, catalogBytes });
    }
    return contestants;
  },
});

/** The same tokens at one of two workers, for what a process that only decides takes. */
export const workerMemory = (most: number): Scenario => ({
  id: 'S11m',
  title: 'memory of a worker',
  what: 'as S11, asked of one worker of two; memory and CPU are those of this worker’s process alone',
  rates: { kind: 'shares', shares: [] },
  contestants: async (lab) => {
    const subscriptions = Math.min(BOOT, most);
    const listen = [`tcp://127.0.0.1:${await freePorts(WORKERS)}`];
    const { gatehouse, token } = await startWith(lab, subscriptions, { workers: WORKERS, extauthz: { listen } });
    // Forked in the order of their ports; were it the other one, its CPU would say so.
    const [worker = 0] = childrenOf(gatehouse.pid);
    await lab.pinToServerCore(worker);
    const next = callMaker(subscriptions, token);
    const answer = await verifiedAnswer(gatehouse.port, next(), 'allowed');
    const calls = Array.from({ length: TOKENS }, next);
    return [
      await floorContestant(lab, answer, () => calls),
      { name: `worker, ${countText(subscriptions)}`, port: gatehouse.port, pids: [worker], calls: () => calls },
    ];
  },
});

/** Starts on a file that the system has in its cache. */
export const boot = (most: number): Scenario => ({
  id: 'S11b',
  title: 'from start to ready',
  what: `a start on a catalog that is there already, in the system’s file cache; ${APIS} APIs`,
  rates: { kind: 'fixed', perSecond: STARTS_PER_SECOND },
  contestants: async (lab) => {
    const [fewest = 0] = COUNTS;
    return [await bootContestant(lab, fewest), await bootContestant(lab, Math.min(BOOT, most))];
  },
});

async function bootContestant(lab: Lab, subscriptions: number): Promise<Contestant> {
  const { gatehouse } = await startWith(lab, subscriptions);
  let running: GatehouseProcess = gatehouse;
  lab.defer(() => running.stop());
  const trial = async () => {
    await running.stop();
    const startMs = Date.now();
    running = await running.again();
    const ready = running.log().find(({ msg }) => msg === 'ready');
    return Date.parse(String(ready?.['time'])) - startMs;
  };
  return { name: countText(subscriptions), port: gatehouse.port, pids: [], calls: () => [], trial };
}

/** Calls of clients and of APIs that they are subscribed to, drawn uniformly. */
function callMaker(subscriptions: number, token: Installation['token']): () => Call {
  const { clients, perClient } = layoutOf(subscriptions);
  const random = seededRandom(subscriptions);
  return () => {
    const client = `client-${random.below(clients)}`;
    const path = `/api-${random.below(perClient)}/${API_VERSION}/orders/4711`;
    return checkCall({ token: token({ sub: client, azp: client, scope: ORDER_SCOPE }), path });
  };
}

function startWith(lab: Lab, subscriptions: number, settings: SettingsSections = {}) {
  const fill = (dataFolder: string) => writeSubscriptions(dataFolder, layoutOf(subscriptions));
  return startInstallation(lab, { algorithm: 'ES256', apis: APIS, fill, settings });
}
