// What is remembered of writes and of attempts that came to nothing.

import { expect, test, vi } from 'vitest';
import { RefusedAttempts } from '../../../../src/catalog/writer/refused-attempts.ts';
import type { AuditEntry } from '../../../../src/domain/audit.ts';
import type { StoredKeyManager } from '../../../../src/domain/key-manager-dto.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts } from '../catalog-samples.ts';
import { behindItsBack, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const ALL = { offset: 0, limit: 1000 };
const NOW = 1_790_000_000_000;

const refused = (more: Partial<AuditEntry> = {}): AuditEntry => {
  const time = new Date(NOW).toISOString();
  return { ...AUDIT, time, method: 'DELETE', target: 'km', status: 403, ...more };
};

test('every write of a key manager leaves its entry: who, from where, what, before and after', async () => {
  const { writer, lists } = await openTemporary();
  const stored = (await writer.createKeyManager(keyManager('Partner'), AUDIT)) as StoredKeyManager;
  const key = { organization: ORGANIZATION, id: stored.id, expectedVersion: null };
  await writer.updateKeyManager(key, keyManager('Partner', { description: 'new' }), { ...AUDIT, requestId: 'two' });
  await writer.deleteKeyManager(key, false, { ...AUDIT, requestId: 'three', method: 'DELETE' });
  const { total, list } = lists.listAudit(ORGANIZATION, ALL);
  expect(total).toBe(3);
  const described = { keyManager: { name: 'Partner', description: 'new' } };
  expect(list).toMatchObject([
    {
      requestId: 'three',
      method: 'DELETE',
      status: 200,
      before: { version: 2, ...described, apis: [], applications: [] },
    },
    { requestId: 'two', status: 200, before: { version: 1 }, after: { version: 2, ...described } },
    { ...AUDIT, target: stored.id, status: 201, after: { version: 1, organization: ORGANIZATION } },
  ]);
  expect(list.map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  expect(list[0]).not.toHaveProperty('after');
  expect(Date.parse(list[0]?.time ?? '')).toBeGreaterThan(Date.parse('2026-01-01'));
});

test('a page of large entries ends early, and never before its first', async () => {
  const { writer, lists } = await openTemporary();
  const large = (time: string, length: number) => refused({ time, after: { note: 'x'.repeat(length) } });
  await writer.saveAuditEntries([large('4', 10), large('3', 900_000), large('2', 1_100_000), large('1', 4_000_000)]);
  const times = (offset: number) => lists.listAudit(null, { offset, limit: 1000 }).list.map(({ time }) => time);
  expect([times(0), times(1), times(3)]).toEqual([['1'], ['2', '3', '4'], ['4']]);
  expect(lists.listAudit(null, ALL).total).toBe(4);
});

test('a write that is refused leaves no entry of a write, and one that fails leaves neither', async () => {
  const { writer, lists } = await openTemporary();
  await writer.createKeyManager(keyManager('Partner'), AUDIT);
  expect(await writer.createKeyManager(keyManager('Partner'), AUDIT)).toMatchObject({ why: 'exists' });
  expect(lists.listAudit(null, ALL).total).toBe(1);
});

test('a write whose entry cannot be written is not made', async () => {
  const { writer, lists, file } = await openTemporary();
  behindItsBack(file, (db) =>
    db.exec("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'full'); END"),
  );
  expect(await writer.createKeyManager(keyManager('Partner'), AUDIT)).toMatchObject({ kind: 'refused', why: 'busy' });
  expect(lists.listKeyManagers(ORGANIZATION)).toEqual([]);
});

test('an applied catalog file is in the audit with what it changed', async () => {
  const { writer, lists } = await openTemporary();
  await writer.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  await writer.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  expect(lists.listAudit(null, ALL)).toMatchObject({
    total: 1,
    list: [
      {
        caller: 'catalog file',
        method: 'APPLY',
        after: { changes: expect.arrayContaining(['keyManagers[Staff] added']) },
      },
    ],
  });
});

test.each(["UPDATE audit SET caller = 'nobody'", 'DELETE FROM audit', 'REPLACE INTO audit SELECT * FROM audit'])(
  'the audit refuses %s',
  async (sql) => {
    const { writer, lists, file } = await openTemporary();
    await writer.createKeyManager(keyManager('Partner'), AUDIT);
    const before = lists.listAudit(null, ALL);
    const attempt = () => behindItsBack(file, (db) => db.exec(sql));
    expect(attempt).toThrow('append-only');
    expect(lists.listAudit(null, ALL)).toEqual(before);
  },
);

test('an organization sees its own entries, page by page; all of them are seen without one', async () => {
  const { writer, lists } = await openTemporary();
  const entries = ['a', 'b', 'a', 'a'].map((organization, at) => refused({ organization, requestId: `${at}` }));
  await writer.saveAuditEntries([
    ...entries,
    refused({ organization: undefined, caller: undefined, target: undefined }),
  ]);
  const idsOf = (organization: string | null, page = ALL) => {
    const { total, list } = lists.listAudit(organization, page);
    return [total, ...list.map(({ requestId }) => requestId)];
  };
  expect(idsOf('a')).toEqual([3, '3', '2', '0']);
  expect(idsOf('a', { offset: 1, limit: 1 })).toEqual([3, '2']);
  expect(idsOf('b')).toEqual([1, '1']);
  expect(idsOf(null)).toEqual([5, AUDIT.requestId, '3', '2', '1', '0']);
  expect(lists.listAudit(null, ALL).list[0]).toMatchObject({ caller: undefined, organization: undefined, status: 403 });
});

test('refused attempts are in the audit when the catalog is closed at the latest', async () => {
  const catalog = await openTemporary();
  catalog.refusedAttempts.note(refused());
  await catalog.close();
  const again = await openTemporary(catalog.file);
  expect(again.lists.listAudit(null, ALL).list).toMatchObject([
    { ...AUDIT, method: 'DELETE', target: 'km', status: 403 },
  ]);
});

test('who knocks without end fills nothing: attempts beyond the bound are counted, and known callers have room of their own', async () => {
  const saved: AuditEntry[] = [];
  let now = NOW;
  const attempts = new RefusedAttempts({ save: async (entries) => saved.push(...entries), clock: () => now });
  for (let at = 0; at < 5000; at++) attempts.note(refused({ caller: undefined, status: 401 }));
  attempts.note(refused());
  await attempts.flush();
  expect(saved.filter(({ caller }) => caller !== undefined)).toHaveLength(1);
  expect(saved).toHaveLength(62);
  expect(saved.at(-1)).toMatchObject({ route: 'further attempts', after: { attempts: 4940 } });
  now += 60_000;
  attempts.note(refused({ caller: undefined, status: 401 }));
  await attempts.flush();
  expect(saved).toHaveLength(63);
  await attempts.flush();
  expect(saved).toHaveLength(63);
});
