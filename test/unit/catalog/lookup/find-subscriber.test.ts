// Subscribers are remembered, and nobody can tell but by the time it takes.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openWritable } from '../../../../src/catalog/database/open-writable.ts';
import { findSubscriberSql, type SubscriberRow, toSubscriber } from '../../../../src/catalog/lookup/subscriber-row.ts';
import { CatalogTransactions } from '../../../../src/catalog/writer/catalog-transactions.ts';
import type { Subscriber } from '../../../../src/domain/subscriber.ts';
import { AUDIT, api, keyManager, ORGANIZATION, revocation, SEALING_KEY } from '../catalog-samples.ts';
import { openReader, temporaryFile } from '../temporary-catalog.ts';

// Files are written, and machines are busy.
vi.setConfig({ testTimeout: 60_000 });

const NEW = { organization: ORGANIZATION, id: null, expectedVersion: null };
const at = (id: string) => ({ organization: ORGANIZATION, id, expectedVersion: null });
const CLIENTS = ['c0', 'c1', 'c2'];
const STATES = ['UNBLOCKED', 'BLOCKED', 'ON_HOLD'] as const;
const KEY_TYPES = ['PRODUCTION', 'SANDBOX'] as const;
const BY_ADMIN = { kind: 'admin', audit: AUDIT } as const;

/** A catalog, a reader of it on a connection of its own, and every kind of write, of things picked by number. */
function world() {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const catalog = openWritable({ file, busyTimeoutMs: 0, sealingKeys: [SEALING_KEY], secretNames: {} });
  onTestFinished(() => catalog.close());
  const { db } = catalog;
  db.pragma('synchronous = OFF');
  const writes = new CatalogTransactions({ ...catalog, clock: Date.now });
  const ids = (table: string) => db.prepare<[], string>(`SELECT id FROM ${table} ORDER BY id`).pluck().all();
  const pick = (table: string, n: number) => ids(table)[n % Math.max(1, ids(table).length)] ?? 'none';
  const names = ['Partner', 'Staff'] as const;
  const application = (n: number) => ({
    ...{ name: `App${n % 2}`, owner: 'paula', policy: 'Gold', description: '', state: 'APPROVED' as const },
    ...{ attributes: { n: `${n}` }, groups: [], extra: {} },
  });
  const mapping = (n: number, m: number) => ({
    ...{ applicationId: pick('application', m), keyManager: names[m % 2] ?? '', consumerKey: CLIENTS[n % 3] ?? '' },
    ...{ keyType: KEY_TYPES[n % 2] ?? 'SANDBOX', mode: 'MAPPED' as const, extra: {} },
  });
  const wanted = (n: number, m: number) => ({
    ...{ applicationId: pick('application', n), apiId: pick('api', m), policy: `P${n}` },
    state: STATES[m % 3] ?? 'BLOCKED',
  });
  const one = (n: number) => api(`Api${n % 2}`, { context: `/api${n % 2}/1` });
  const ofMany = Array.from({ length: 150 }, (_, n) => revocation({ id: `many-${n}`, value: `jti-${n}` }));
  const kinds: Readonly<Record<string, (n: number, m: number) => unknown>> = {
    putApplication: (n) => writes.putApplication(NEW, application(n), AUDIT),
    updateApplication: (n, m) => writes.putApplication(at(pick('application', n)), application(m), AUDIT),
    deleteApplication: (n) => writes.deleteApplication(at(pick('application', n)), AUDIT),
    mapKey: (n, m) => writes.mapKey(ORGANIZATION, mapping(n, m), { move: n % 3 === 0 }, AUDIT),
    unmapKey: (n) => writes.unmapKey(ORGANIZATION, pick('application_key_mapping', n), AUDIT),
    describeKey: (n) => writes.describeKey(ORGANIZATION, pick('application_key_mapping', n), { n }, AUDIT),
    subscribe: (n, m) => writes.putSubscription(NEW, wanted(n, m), AUDIT),
    updateSubscription: (n, m) => writes.putSubscription(at(pick('subscription', n)), wanted(n, m), AUDIT),
    setState: (n, m) => writes.setSubscriptionState(at(pick('subscription', n)), STATES[m % 3] ?? 'BLOCKED', AUDIT),
    unsubscribe: (n) => writes.deleteSubscription(at(pick('subscription', n)), AUDIT),
    putApi: (n) => writes.putApi(NEW, one(n), AUDIT),
    deleteApi: (n) => writes.deleteApi(at(pick('api', n)), true, AUDIT),
    createKeyManager: (n) => writes.createKeyManager(keyManager(names[n % 2] ?? ''), AUDIT),
    deleteKeyManager: (n) => writes.deleteKeyManager(at(pick('key_manager', n)), true, AUDIT),
    saveKeySet: (n) =>
      writes.saveKeySet(pick('key_manager', n), { url: 'https://a.example', jwks: '{}', fetchedAtMs: n }),
    revoke: (n) => writes.saveRevocations([revocation({ id: `r${n}`, createdAtMs: n })], BY_ADMIN),
    revokeMany: () => writes.saveRevocations(ofMany, BY_ADMIN),
    forgetDeletions: (n) => writes.sweepDeletions(n % 2),
    // Of someone at the file with SQLite's own shell: no revision rises.
    editSubscription: (n) => db.prepare('UPDATE subscription SET state = ?').run(STATES[n % 3]),
    editApplication: (n) => db.prepare('UPDATE application SET policy = ?').run(`Q${n}`),
    editKey: (n) => db.prepare('UPDATE application_key_mapping SET extra = ?').run(`{"n":${n}}`),
    nothing: () => undefined,
  };
  for (const n of [0, 1]) {
    kinds['createKeyManager']?.(n, 0);
    kinds['putApi']?.(n, 0);
    kinds['putApplication']?.(n, 0);
  }
  for (const n of [0, 1]) {
    kinds['mapKey']?.(n, n);
    kinds['subscribe']?.(n, n);
  }
  const asked = () =>
    CLIENTS.flatMap((client) =>
      ['none', ...ids('key_manager')].flatMap((keyManagerId) =>
        ['none', ...ids('api')].map((apiId) => [client, keyManagerId, apiId] as const),
      ),
    );
  const row = db.prepare<[string, string, string], SubscriberRow>(findSubscriberSql);
  const unremembered = (...question: readonly [string, string, string]): Subscriber | undefined => {
    const found = row.get(...question);
    return found && toSubscriber(found, question);
  };
  return { db, reader: openReader(file), kinds, asked, unremembered };
}

test('whatever is written, in whatever order, what is remembered is what the file says', () => {
  const { reader, kinds, asked, unremembered } = world();
  const write = fc.tuple(fc.constantFrom(...Object.keys(kinds)), fc.nat(11), fc.nat(11));
  // Several before the next question too: a decision need not see each revision.
  const turns = fc.array(fc.array(write, { maxLength: 3 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(turns, (all) => {
      for (const turn of all) {
        for (const [kind, n, m] of turn) kinds[kind]?.(n, m);
        const moment = reader.moment();
        for (const question of asked()) expect(moment?.findSubscriber(...question)).toEqual(unremembered(...question));
      }
    }),
    { numRuns: 60 },
  );
});

test('an answer is remembered, no subscription too, until an application, a key or a subscription is written', () => {
  const { reader, kinds, asked } = world();
  const answers = () => asked().map((question) => reader.moment()?.findSubscriber(...question));
  const first = answers();
  expect(first.some((answer) => answer !== 'stale' && answer?.subscription)).toBe(true);
  expect(first.some((answer) => answer !== 'stale' && answer?.mapping === null)).toBe(true);
  const areThoseOf = (before: typeof first) => answers().map((answer, n) => answer === before[n]);
  expect(areThoseOf(first)).not.toContain(false);
  for (const kind of ['saveKeySet', 'revoke']) {
    kinds[kind]?.(1, 1);
    expect(areThoseOf(first), kind).not.toContain(false);
  }
  for (const kind of ['editApplication', 'describeKey', 'setState', 'editSubscription', 'revokeMany']) {
    const before = answers();
    kinds[kind]?.(1, 1);
    expect(areThoseOf(before), kind).not.toContain(true);
  }
});

test('a log of changes that does not tell all is not taken for one that does', () => {
  const { db, reader, kinds, asked, unremembered } = world();
  const question = asked().find((one) => unremembered(...one)?.subscription) ?? ['', '', ''];
  const told = () => reader.moment()?.findSubscriber(...question);
  db.exec('DROP TRIGGER subscription_update_logged');
  for (const [n, state] of STATES.entries()) {
    kinds['editSubscription']?.(n, 0);
    expect(told()).toMatchObject({ subscription: { state } });
  }
  for (const n of [0, 1]) kinds['unsubscribe']?.(n, 0);
  kinds['forgetDeletions']?.(0, 0);
  expect(told()).toMatchObject({ subscription: null });
});

test('what was committed between a moment and its question is told, and not remembered for that moment', () => {
  const { reader, kinds, asked, unremembered } = world();
  const question = asked().find((one) => unremembered(...one)?.subscription) ?? ['', '', ''];
  const moment = reader.moment();
  kinds['editSubscription']?.(1, 0);
  const late = moment?.findSubscriber(...question);
  expect(late).toMatchObject({ subscription: { state: 'BLOCKED' } });
  expect(moment?.findSubscriber(...question)).not.toBe(late);
  kinds['editSubscription']?.(0, 0);
  expect(reader.moment()?.findSubscriber(...question)).toMatchObject({ subscription: { state: 'UNBLOCKED' } });
});

test('a file that cannot be read is not answered from memory', () => {
  const { db, reader, asked } = world();
  const [question = ['', '', ''] as const] = asked();
  const moment = reader.moment();
  expect(moment?.findSubscriber(...question)).not.toBe('stale');
  db.exec('ALTER TABLE meta RENAME TO hidden');
  expect(reader.moment()).toBeUndefined();
  expect(moment?.findSubscriber(...question)).toBe('stale');
  db.exec('ALTER TABLE hidden RENAME TO meta');
  expect(reader.moment()?.findSubscriber(...question)).not.toBe('stale');
});

test('nobody who is told of a subscriber can change what others are told', () => {
  const { reader, asked } = world();
  for (const question of asked()) {
    const found = reader.moment()?.findSubscriber(...question);
    if (found === undefined || found === 'stale') throw new Error('the catalog cannot be read');
    for (const part of [found, found.mapping, found.application, found.application?.attributes, found.subscription])
      if (part) expect(Object.isFrozen(part)).toBe(true);
  }
});
