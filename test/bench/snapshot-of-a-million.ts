// A catalog takes a snapshot of a million subscriptions while it decides: how long it takes, how long another write waits, what memory
// it needs, and for how long the deciding thread is held. By itself: `npx node test/bench/snapshot-of-a-million.ts [subscriptions]`.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { openCatalog } from '../../src/catalog/open-catalog.ts';
import type { Change } from '../../src/domain/change.ts';
import type { SubscriptionState } from '../../src/domain/subscriber.ts';
import { sampleApi, sampleKeyManager } from '../unit/domain/catalog-samples.ts';

const SUBSCRIPTIONS = Number(process.argv[2] ?? 1_000_000);
const APIS = 100;
const APPLICATIONS = Math.ceil(SUBSCRIPTIONS / APIS);
/** As a follower passes them on. */
const PART = 200;
const KEY_MANAGER = sampleKeyManager();
const { id: keyManagerId, organization } = KEY_MANAGER;
const bare = { attributes: {}, groups: [], extra: {}, description: '', state: 'APPROVED', version: 1 } as const;

function* everything(state: SubscriptionState): Generator<Change> {
  const dto = { id: keyManagerId, name: KEY_MANAGER.name, type: 'CustomKeyManager' };
  const judged = { dto, enabled: true, issuers: ['https://partner.example'], jwtRules: [], sealedSecrets: {} };
  const keyManager = { id: keyManagerId, organization, sequence: 1, version: 1, ...judged };
  yield { kind: 'key_manager', id: keyManagerId, entity: keyManager };
  for (let n = 0; n < APIS; n++) {
    const id = `api-${n}`;
    yield { kind: 'api', id, entity: sampleApi({ id, number: n + 1, name: id, context: `/${id}/1.0.0` }) };
  }
  for (let n = 0; n < APPLICATIONS; n++) {
    const id = `application-${n}`;
    const entity = { id, organization, name: id, owner: 'paula', policy: 'Gold', number: APIS + n + 1, ...bare };
    yield { kind: 'application', id, entity };
  }
  for (let n = 0; n < APPLICATIONS; n++) {
    const id = `key-${n}`;
    const place = { applicationId: `application-${n}`, keyManagerId, keyType: 'PRODUCTION', mode: 'MAPPED' } as const;
    yield { kind: 'key_mapping', id, entity: { id, consumerKey: `client-${n}`, ...place, extra: {} } };
  }
  for (let n = 0; n < SUBSCRIPTIONS; n++) {
    const id = `subscription-${n}`;
    const between = { apiId: `api-${n % APIS}`, applicationId: `application-${Math.floor(n / APIS)}` };
    yield { kind: 'subscription', id, entity: { id, number: n + 1, ...between, policy: 'Gold', state, version: 1 } };
  }
}

function* partsOf(changes: Iterable<Change>): Generator<readonly Change[]> {
  let part: Change[] = [];
  for (const change of changes) {
    part.push(change);
    if (part.length < PART) continue;
    yield part;
    part = [];
  }
  yield part;
}

/** The longest turn of this thread, in its own CPU time: other processes of the machine do not count. */
class Held {
  longestMs = 0;
  #last = process.threadCpuUsage();

  turn(): void {
    const now = process.threadCpuUsage();
    this.longestMs = Math.max(this.longestMs, (now.user + now.system - this.#last.user - this.#last.system) / 1000);
    this.#last = now;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-snapshot-'));
const catalog = await openCatalog({
  file: join(folder, 'catalog.db'),
  sealingKeys: [{ id: 'bench', secret: Buffer.alloc(32, 7).toString('base64url') }],
  resolveKeyManager: () => KEY_MANAGER,
  report: () => undefined,
});
const { source } = catalog.writer;
const seconds = (sinceMs: number) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

async function take(what: string, sequence: number, state: SubscriptionState): Promise<void> {
  const held = new Held();
  const stopped = new AbortController();
  let decisions = 0;
  const deciding = (async () => {
    while (!stopped.signal.aborted) {
      const moment = catalog.reader.moment();
      moment?.findSubscriber(`client-${decisions % APPLICATIONS}`, keyManagerId, `api-${decisions % APIS}`);
      decisions++;
      held.turn();
      await sleep(1);
    }
  })();
  const startedMs = performance.now();
  await source.stage(null, { epoch: 'bench', sequence });
  for (const part of partsOf(everything(state))) {
    await source.addStaged(part);
    held.turn();
  }
  const gathered = seconds(startedMs);
  const committingMs = performance.now();
  const { kind } = await source.commitStaged({ allowShrink: true });
  const committed = seconds(committingMs);
  stopped.abort();
  await deciding;
  const memory = `${Math.round(process.memoryUsage.rss() / 1e6)} MB`;
  process.stdout.write(
    `${what}: ${kind}; gathered in ${gathered}, committed in ${committed} (another write waits so long); ` +
      `deciding thread held ${held.longestMs.toFixed(1)} ms at most in ${decisions} decisions; ${memory} resident\n`,
  );
}

try {
  process.stdout.write(`${SUBSCRIPTIONS.toLocaleString('en')} subscriptions\n`);
  await take('into an empty catalog', 1, 'UNBLOCKED');
  await take('the same again', 2, 'UNBLOCKED');
  await take('every subscription differs', 3, 'BLOCKED');
  const held = new Held();
  const startedMs = performance.now();
  const reading = catalog.history.everything();
  let rows = 0;
  for (let part = reading.next(); part !== undefined; part = reading.next()) {
    rows += part.length;
    await turn();
    held.turn();
  }
  const size = `${Math.round(statSync(catalog.writer.file).size / 1e6)} MB`;
  process.stdout.write(
    `read for a follower: ${rows} entities in ${seconds(startedMs)}, held ${held.longestMs.toFixed(1)} ms at most; file of ${size}\n`,
  );
} finally {
  await catalog.close();
  rmSync(folder, { recursive: true, force: true });
}
