// How sources read and write a catalog: a hub's history in parts of one moment, a follower's changes gathered beside what rules, and a
// control plane's entities with secrets that only the catalog seals.

import { expect, test, vi } from 'vitest';
import type { HistoryReading } from '../../../../src/catalog/history/catalog-history.ts';
import { CatalogEntities } from '../../../../src/catalog/lists/catalog-entities.ts';
import { SourceCopy } from '../../../../src/catalog/writer/source-copy.ts';
import type { Change } from '../../../../src/domain/change.ts';
import { keyManager, ORGANIZATION } from '../catalog-samples.ts';
import { applicationsOf } from '../followed-steps.ts';
import { behindItsBack, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

/** As many parts as a history has for this many. */
const MANY = 7;

/** Applications enough for several parts, at one step. */
const manyAt = (step: number): readonly Change[] =>
  Array.from({ length: MANY }, (_, n) =>
    applicationsOf(step).map((change) => {
      const id = `${change.id}-${n}`;
      return { ...change, id, entity: { ...change.entity, id, name: id } } as Change;
    }),
  ).flat();

const opened = (reading: HistoryReading | 'current' | 'gone'): HistoryReading => {
  if (typeof reading === 'string') throw new Error(reading);
  return reading;
};

function* partsOf(reading: HistoryReading): Generator<readonly Change[]> {
  for (let part = reading.next(); part !== undefined; part = reading.next()) yield part;
}

const stepsIn = (changes: readonly Change[]) =>
  new Set(changes.map(({ entity }) => entity && 'description' in entity && entity.description));

test('what is read in parts is of one moment, whatever is written between two of them', async () => {
  const { history, writer } = await openTemporary();
  const start = history.position();
  expect(history.after(start)).toBe('current');
  expect(history.after({ ...start, epoch: 'other' })).toBe('gone');
  await writer.source.applySource(manyAt(1));
  for (const open of [() => history.after(start), () => history.everything()] as const) {
    await writer.source.applySource(manyAt(1));
    const reading = opened(open());
    const all: Change[] = [];
    let parts = 0;
    for (const part of partsOf(reading)) {
      all.push(...part);
      parts++;
      await writer.source.applySource(manyAt(2));
    }
    expect(parts).toBeGreaterThan(1);
    expect(all).toHaveLength(manyAt(1).length);
    expect([...stepsIn(all)]).toEqual(['1']);
    expect(reading.position.sequence).toBeLessThan(history.position().sequence);
    reading.close();
    reading.close();
  }
});

test('what a follower gathers rules when it is committed, not before, and not when it is discarded', async () => {
  const { sink, lists } = await openTemporary();
  const to = { epoch: 'hub', sequence: 5 };
  const names = () => lists.page('application', ORGANIZATION, {}, { offset: 0, limit: 1 }).total;
  const gather = async (from: Parameters<typeof sink.stage>[0], sequence: number) => {
    const staged = await sink.stage(from, { ...to, sequence });
    if (staged === 'busy') throw new Error('busy');
    expect(await staged.add(applicationsOf(sequence))).toBe(true);
    return staged;
  };
  await (await gather(null, 5)).discard();
  expect([names(), sink.position()]).toEqual([0, undefined]);
  const snapshot = await gather(null, 5);
  expect(names()).toBe(0);
  expect(await snapshot.commit(false)).toBe('committed');
  expect([names(), sink.position()]).toEqual([40, to]);
  expect(await (await gather({ ...to, sequence: 9 }, 10)).commit(false)).toBe('unfit');
  expect(await (await gather(to, 6)).commit(false)).toBe('committed');
  expect(sink.position()).toEqual({ ...to, sequence: 6 });
  const empty = await sink.stage(null, { ...to, sequence: 7 });
  if (empty === 'busy') throw new Error('busy');
  expect(await empty.commit(false)).toBe('held_back');
  expect(names()).toBe(40);
  expect(await empty.commit(true)).toBe('committed');
  expect(names()).toBe(0);
});

test("a control plane's key managers are sealed here, found again with their secrets, and keep their place", async () => {
  const catalog = await openTemporary();
  const leftOut: unknown[] = [];
  const copy = new SourceCopy(catalog.entities, catalog.writer.source, (those) => leftOut.push(...those));
  expect(catalog.entities).toBeInstanceOf(CatalogEntities);
  const secrets = { '/additionalProperties/client_secret': '"canary-77"' };
  const { dto } = keyManager('Resident', { additionalProperties: { client_secret: '*****' } });
  const facts = { enabled: true, issuers: ['https://resident'], jwtRules: [], organization: ORGANIZATION };
  const entity = { ...facts, id: 'km-1', dto: { ...dto, id: 'km-1' }, secrets };
  expect(await copy.apply([{ kind: 'key_manager', id: 'km-1', entity }])).toEqual({ kind: 'applied' });
  expect(copy.find('key_manager', 'km-1')).toEqual(entity);
  const stored = behindItsBack(catalog.file, (db) =>
    db.prepare<[], string>('SELECT sealed FROM key_manager_secret').pluck().all(),
  );
  expect(stored.join()).not.toContain('canary');
  await copy.apply([{ kind: 'key_manager', id: 'km-1', entity: { ...entity, enabled: false } }]);
  const [kept] = catalog.lists.listKeyManagers(ORGANIZATION);
  expect(kept).toMatchObject({ id: 'km-1', sequence: 1, version: 2 });
  await copy.apply(applicationsOf(1));
  expect([...copy.pages('application')].flat()).toHaveLength(40);
  const orphan = {
    id: 's',
    number: 1,
    apiId: 'none',
    applicationId: 'app-1',
    policy: '',
    state: 'UNBLOCKED',
    version: 1,
  } as const;
  expect(await copy.apply([{ kind: 'subscription', id: 's', entity: orphan }])).toEqual({ kind: 'applied' });
  expect(leftOut).toMatchObject([{ kind: 'subscription', id: 's' }]);
  await copy.apply([{ kind: 'key_manager', id: 'km-1', entity: null }]);
  expect(copy.find('key_manager', 'km-1')).toBeUndefined();
});
