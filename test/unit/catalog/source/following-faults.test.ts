// What can go wrong on the disk while a catalog follows a source: killed, locked, full, damaged. A batch or a snapshot is there as a
// whole with its position, or not at all, and what was there goes on ruling.

import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { openWritable } from '../../../../src/catalog/database/open-writable.ts';
import { CatalogUnusable } from '../../../../src/catalog/outcome/catalog-unusable.ts';
import { SourceTransactions } from '../../../../src/catalog/source/source-transactions.ts';
import type { ChangeBatch } from '../../../../src/domain/change.ts';
import { ORGANIZATION, pizzaFacts, SEALING_KEY } from '../catalog-samples.ts';
import { startProgram } from '../child-program.ts';
import { APPLICATIONS, applicationsOf, EPOCH } from '../followed-steps.ts';
import { behindItsBack, idsOf, openTemporary, subscriberOf, temporaryFile } from '../temporary-catalog.ts';

// Each test starts threads or processes, and machines are busy.
vi.setConfig({ testTimeout: 120_000 });

const ROUNDS = 20;
const LONGEST_LIFE_MS = 120;
const GUARDED = { allowShrink: false };
/** More than any page that is free. */
const LONG = 'o'.repeat(8000);
const ALL = { offset: 0, limit: 1000 };

const positionAt = (sequence: number) => ({ epoch: EPOCH, sequence });
const batchTo = (step: number): ChangeBatch => {
  return { from: positionAt(step - 1), to: positionAt(step), changes: applicationsOf(step) };
};

/** The step that all of the file's applications are at; fails when they are not at one, or not where the position says. */
function stepOf(file: string): number {
  return behindItsBack(file, (db) => {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    const steps = db.prepare<[], string>('SELECT DISTINCT description FROM application').pluck().all();
    const count = db.prepare('SELECT count(*) FROM application').pluck().get();
    const position = db.prepare<[], number | null>('SELECT source_sequence FROM meta').pluck().get() ?? 0;
    expect(steps).toEqual(position === 0 ? [] : [String(position)]);
    expect(count).toBe(position === 0 ? 0 : APPLICATIONS);
    return position;
  });
}

/** The writes of a follower on a connection that the test may restrict. */
function openForOneTest() {
  const catalog = openWritable({
    file: temporaryFile(),
    busyTimeoutMs: 50,
    sealingKeys: [SEALING_KEY],
    secretNames: {},
  });
  return { ...catalog, source: new SourceTransactions({ ...catalog, clock: Date.now }) };
}

test('a follower that is killed at random moments has every acknowledged step, and never a part of one', async () => {
  const file = temporaryFile();
  let acknowledged = 0;
  let steps = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const program = startProgram('following-process.ts', file);
    // However slow the machine is, some rounds get on by a few steps.
    await program.said(1 + (round % 4));
    await sleep(Math.random() * LONGEST_LIFE_MS);
    await program.kill();
    const told = program.lines.slice(1).map((line) => line.split(' '));
    expect(told.every(([kind]) => kind === 'applied')).toBe(true);
    steps += told.length;
    acknowledged = Number(told.at(-1)?.[1] ?? acknowledged);
    // One more may have been in force without having been told.
    const reached = stepOf(file);
    expect([acknowledged, acknowledged + 1]).toContain(reached);
    // The next may be killed before it tells of any.
    acknowledged = reached;
  }
  expect(steps).toBeGreaterThan(ROUNDS);
});

test('a full disk refuses a batch and a snapshot as a whole, and both come in when there is room', () => {
  const { db, close, source } = openForOneTest();
  source.stage(null, positionAt(1), {});
  source.addStaged(applicationsOf(1, LONG));
  const pages = () => db.pragma('page_count', { simple: true }) as number;
  db.pragma(`max_page_count = ${pages()}`);
  expect(() => source.commitStaged(GUARDED)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
  expect(db.prepare('SELECT count(*) FROM application').pluck().get()).toBe(0);
  db.pragma('max_page_count = 100000');
  expect(source.commitStaged(GUARDED)).toMatchObject({ kind: 'applied', position: positionAt(1) });
  db.pragma(`max_page_count = ${pages()}`);
  const batch = { ...batchTo(2), changes: applicationsOf(2, `${LONG}${LONG}`) };
  expect(() => source.applyChanges(batch, GUARDED)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
  expect(db.prepare('SELECT DISTINCT description FROM application').pluck().all()).toEqual(['1']);
  expect(db.prepare('SELECT source_sequence FROM meta').pluck().get()).toBe(1);
  db.pragma('max_page_count = 100000');
  expect(source.applyChanges(batch, GUARDED)).toMatchObject({ kind: 'applied', position: positionAt(2) });
  close();
});

test('where no file can be made beside the catalog a snapshot is refused with what to look at, and decisions go on', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  mkdirSync(`${catalog.file}.incoming`);
  const refused = await catalog.writer.source.replaceAll(positionAt(1), [applicationsOf(1)], GUARDED);
  expect(refused).toMatchObject({ kind: 'refused', why: 'busy' });
  expect(idsOf(catalog).subscriber('shack').subscription?.state).toBe('UNBLOCKED');
  rmSync(`${catalog.file}.incoming`, { recursive: true });
  const taken = await catalog.writer.source.replaceAll(positionAt(1), [applicationsOf(1)], { allowShrink: true });
  expect(taken).toMatchObject({ kind: 'applied' });
});

test('what a killed snapshot left beside the catalog is thrown away', async () => {
  const file = temporaryFile();
  await (await openTemporary(file)).close();
  writeFileSync(`${file}.incoming`, 'half of something');
  const { writer } = await openTemporary(file);
  expect(existsSync(`${file}.incoming`)).toBe(false);
  expect(await writer.source.replaceAll(positionAt(1), [applicationsOf(1)], GUARDED)).toMatchObject({
    kind: 'applied',
  });
  expect(existsSync(`${file}.incoming`)).toBe(false);
});

test('while another program holds the file for 5 seconds, decisions go on and batches are refused; then they come in', async () => {
  const catalog = await openTemporary();
  const { source } = catalog.writer;
  await source.replaceAll(positionAt(1), [applicationsOf(1)], GUARDED);
  const structureRevision = catalog.reader.snapshot()?.structureRevision ?? -1;
  const holder = startProgram('holding-process.ts', catalog.file);
  await holder.firstLine;
  const until = performance.now() + 5000;
  let refusals = 0;
  while (performance.now() < until) {
    expect(await source.applyChanges(batchTo(2), GUARDED)).toMatchObject({ kind: 'refused', why: 'busy' });
    expect(catalog.reader.snapshot()?.structureRevision).toBe(structureRevision);
    expect(subscriberOf(catalog.reader, 'nobody', 'none', 'none').mapping).toBeNull();
    refusals++;
  }
  expect(refusals).toBeGreaterThan(1);
  expect(catalog.lists.sourcePosition()).toEqual(positionAt(1));
  await holder.kill();
  expect(await source.applyChanges(batchTo(2), GUARDED)).toMatchObject({ kind: 'applied' });
  expect(
    catalog.lists.page('application', ORGANIZATION, {}, ALL).list.every(({ description }) => description === '2'),
  ).toBe(true);
});

test('a file whose pages are zeroed under a running catalog denies or decides as before, and is refused at the next start', async () => {
  const file = temporaryFile();
  const first = await openTemporary(file);
  await first.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  await first.writer.source.applySource(applicationsOf(1));
  const ids = idsOf(first);
  await first.close();
  const catalog = await openTemporary(file);
  const size = statSync(file).size;
  const descriptor = openSync(file, 'r+');
  // The header stays: a file that is no SQLite file is another test.
  writeSync(descriptor, Buffer.alloc(size - 8192), 0, size - 8192, 8192);
  closeSync(descriptor);
  for (const client of ['shack', 'nobody', 'shack']) {
    const [keyManagerId, apiId] = [ids.keyManagers.get('Partner') ?? '', ids.apis.get('Pizza') ?? ''];
    const found = catalog.reader.moment()?.findSubscriber(client, keyManagerId, apiId);
    if (found === undefined || found === 'stale' || found.subscription === null) continue;
    expect([client, found.subscription.state]).toEqual(['shack', 'UNBLOCKED']);
  }
  await catalog.close();
  await expect(openTemporary(file)).rejects.toThrow(CatalogUnusable);
});

test('a WAL without its index is read again: nothing that was acknowledged is lost', async () => {
  const file = temporaryFile();
  const program = startProgram('following-process.ts', file);
  await program.firstLine;
  await vi.waitFor(() => expect(program.lines.length).toBeGreaterThan(5), { timeout: 30_000 });
  await program.kill();
  rmSync(`${file}-shm`, { force: true });
  const last = Number(program.lines.at(-1)?.split(' ')[1]);
  const { lists } = await openTemporary(file);
  expect(lists.sourcePosition()?.sequence).toBeGreaterThanOrEqual(last);
});
