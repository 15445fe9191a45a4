// What followers read: changes since a position and snapshots, always one moment's; and what they make of it, whatever order it comes in.

import { copyFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { CatalogFeed } from '../../../../src/catalog/history/catalog-feed.ts';
import type { WriteRefusal } from '../../../../src/domain/catalog-facts.ts';
import type { Change, ChangeBatch } from '../../../../src/domain/change.ts';
import { AUDIT, api, keyManager, ORGANIZATION, pizzaFacts, revocation, SEALING_KEY } from '../catalog-samples.ts';
import { behindItsBack, openTemporary, subscriberOf } from '../temporary-catalog.ts';

// Each test starts threads, and machines are busy.
vi.setConfig({ testTimeout: 120_000 });

const NEW = { organization: ORGANIZATION, id: null, expectedVersion: null };
const at = (id: string) => ({ organization: ORGANIZATION, id, expectedVersion: null });
const PLAIN = { policy: 'Gold', description: '', attributes: {}, groups: [], extra: {}, state: 'APPROVED' } as const;
const ALLOWED = { allowShrink: true };
const GUARDED = { allowShrink: false };

type Catalog = Awaited<ReturnType<typeof openTemporary>>;

/** What was written; a refusal fails the test. */
function done<T>(result: T): Exclude<T, WriteRefusal> {
  expect(result).not.toMatchObject({ kind: 'refused' });
  return result as Exclude<T, WriteRefusal>;
}

async function hubWithPizza() {
  const hub = await openTemporary();
  await hub.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  return hub;
}

function* snapshotOf({ file }: Catalog, partSize = 3): Generator<readonly Change[]> {
  const feed = new CatalogFeed(file);
  try {
    for (const { changes } of feed.snapshot(partSize)) yield changes;
  } finally {
    feed.close();
  }
}

function changesSince({ feed }: Catalog, from: ChangeBatch['from'], limit = 1000): ChangeBatch {
  const batch = feed.changesSince(from, limit);
  if (batch === 'too_far') throw new Error('too far');
  return batch;
}

const kindsOf = (batch: ChangeBatch) =>
  batch.changes.map(({ kind, entity }) => `${kind}${entity === null ? ' gone' : ''}`).toSorted();

test('a write is one step of the history, with the whole of each entity that it changed, parts included', async () => {
  const hub = await hubWithPizza();
  const start = hub.feed.position();
  expect(changesSince(hub, start)).toEqual({ from: start, to: start, changes: [] });
  const shack = done(await hub.writer.putApplication(NEW, { ...PLAIN, name: 'Shack2', owner: 'bob' }, AUDIT));
  const first = changesSince(hub, start);
  expect(first).toEqual({
    from: start,
    to: { epoch: start.epoch, sequence: start.sequence + 1 },
    changes: [{ kind: 'application', id: shack.id, entity: shack }],
  });
  const pizza = hub.lists.page('api', ORGANIZATION, { name: 'Pizza' }, { offset: 0, limit: 1 }).list[0];
  done(await hub.writer.putApi(at(pizza?.id ?? ''), api('Pizza', { keyManagers: ['Staff'] }), AUDIT));
  expect(kindsOf(changesSince(hub, first.to))).toEqual(['api']);
  done(await hub.writer.deleteApi(at(pizza?.id ?? ''), true, AUDIT));
  expect(kindsOf(changesSince(hub, first.to))).toEqual(['api gone', 'subscription gone']);
  await hub.writer.saveRevocations([revocation()], { kind: 'admin', audit: AUDIT });
  expect(kindsOf(changesSince(hub, first.to))).toContain('revocation');
});

test('a secret that is written anew is a change of its key manager, and travels sealed', async () => {
  const hub = await openTemporary();
  const secrets = { '/additionalProperties/client_secret': '"canary"' };
  const write = { ...keyManager('Partner', { additionalProperties: { client_secret: '*****' } }), secrets };
  const stored = done(await hub.writer.createKeyManager(write, AUDIT));
  const { to, changes } = changesSince(hub, { ...hub.feed.position(), sequence: 0 });
  expect(JSON.stringify(changes)).not.toContain('canary');
  const key = { organization: ORGANIZATION, id: stored.id, expectedVersion: null };
  done(await hub.writer.updateKeyManager(key, write, AUDIT));
  expect(kindsOf(changesSince(hub, to))).toEqual(['key_manager']);
  const follower = await openTemporary();
  const taken = await follower.writer.source.replaceAll(hub.feed.position(), snapshotOf(hub), GUARDED);
  expect(taken).toMatchObject({ kind: 'applied', leftOut: [] });
  expect(follower.lists.openKeyManager(ORGANIZATION, stored.id)?.secrets).toEqual(secrets);
});

test('secrets that a start seals with a new key are a change that followers take', async () => {
  const hub = await openTemporary();
  const secrets = { '/additionalProperties/client_secret': '"canary"' };
  const write = { ...keyManager('Partner', { additionalProperties: { client_secret: '*****' } }), secrets };
  done(await hub.writer.createKeyManager(write, AUDIT));
  const before = hub.feed.position();
  await hub.close();
  const next = { id: 'next', secret: Buffer.alloc(32, 8).toString('base64url') };
  const restarted = await openTemporary(hub.file, { sealingKeys: [next, SEALING_KEY] });
  expect(kindsOf(changesSince(restarted, before))).toEqual(['key_manager']);
  expect(restarted.feed.position().sequence).toBe(before.sequence + 1);
});

test('positions of another history, of the future, and before what is remembered need a snapshot', async () => {
  const hub = await hubWithPizza();
  const position = hub.feed.position();
  expect(hub.feed.changesSince({ ...position, epoch: 'other' }, 10)).toBe('too_far');
  expect(hub.feed.changesSince({ ...position, sequence: position.sequence + 1 }, 10)).toBe('too_far');
  expect(hub.feed.changesSince({ ...position, sequence: 0 }, 2)).toBe('too_far');
  for (const name of ['A', 'B', 'C']) {
    const { id } = done(await hub.writer.putApplication(NEW, { ...PLAIN, name, owner: 'bob' }, AUDIT));
    done(await hub.writer.deleteApplication(at(id), AUDIT));
  }
  expect(kindsOf(changesSince(hub, position))).toEqual(Array(3).fill('application gone'));
  expect(await hub.writer.sweepDeletions(1)).toEqual({ kind: 'swept', swept: 2 });
  expect(hub.feed.changesSince(position, 10)).toBe('too_far');
  const reachable = { ...position, sequence: position.sequence + 4 };
  expect(kindsOf(changesSince(hub, reachable))).toEqual(['application gone']);
});

test('the history goes on over a start, and who stood where it was at a former run gets what came since', async () => {
  const first = await hubWithPizza();
  const before = first.feed.position();
  await first.close();
  const second = await openTemporary(first.file);
  const start = second.feed.position();
  expect(start.sequence).toBe(before.sequence);
  expect(start.epoch).not.toBe(before.epoch);
  expect(changesSince(second, before)).toEqual({ from: before, to: start, changes: [] });
  done(await second.writer.putApplication(NEW, { ...PLAIN, name: 'A', owner: 'bob' }, AUDIT));
  const between = second.feed.position();
  await second.close();
  const third = await openTemporary(first.file);
  done(await third.writer.putApplication(NEW, { ...PLAIN, name: 'B', owner: 'bob' }, AUDIT));
  expect(kindsOf(changesSince(third, before))).toEqual(['application', 'application']);
  expect(kindsOf(changesSince(third, between))).toEqual(['application']);
  const follower = await openTemporary();
  await follower.writer.source.replaceAll(before, snapshotOf(first), GUARDED);
  const batch = changesSince(third, before);
  expect(await follower.writer.source.applyChanges(batch, GUARDED)).toMatchObject({ kind: 'applied', changed: 2 });
  expect(await follower.writer.source.applyChanges(batch, GUARDED)).toMatchObject({ kind: 'applied', changed: 0 });
  expect(follower.feed.digest().digest).toBe(third.feed.digest().digest);
});

test('an image that was put back is another history from there on, though it comes to the same revision', async () => {
  const hub = await hubWithPizza();
  await hub.close();
  const image = `${hub.file}.image`;
  copyFileSync(hub.file, image);
  const lost = await openTemporary(hub.file);
  const shared = lost.feed.position();
  done(await lost.writer.putApplication(NEW, { ...PLAIN, name: 'Lost', owner: 'bob' }, AUDIT));
  const ahead = lost.feed.position();
  await lost.close();
  copyFileSync(image, hub.file);
  const restored = await openTemporary(hub.file);
  done(await restored.writer.putApplication(NEW, { ...PLAIN, name: 'Other', owner: 'bob' }, AUDIT));
  expect(restored.feed.position().sequence).toBe(ahead.sequence);
  expect(restored.history.after(ahead)).toBe('gone');
  done(await restored.writer.putApplication(NEW, { ...PLAIN, name: 'Another', owner: 'bob' }, AUDIT));
  for (const position of [ahead, shared]) expect(restored.feed.changesSince(position, 10)).toBe('too_far');
});

test('a follower that took the snapshot decides as its hub does, and has the same digest', async () => {
  const hub = await hubWithPizza();
  const follower = await openTemporary();
  const position = hub.feed.position();
  expect(follower.lists.sourcePosition()).toBeUndefined();
  const taken = await follower.writer.source.replaceAll(position, snapshotOf(hub), GUARDED);
  expect(taken).toMatchObject({ kind: 'applied', position, leftOut: [] });
  expect(follower.lists.sourcePosition()).toEqual(position);
  expect(follower.feed.digest().digest).toBe(hub.feed.digest().digest);
  const [km] = hub.lists.listKeyManagers(ORGANIZATION);
  const pizza = hub.lists.listApis(ORGANIZATION).find(({ name }) => name === 'Pizza');
  const [found, wanted] = [follower, hub].map(({ reader }) => subscriberOf(reader, 'shack', km?.id, pizza?.id));
  expect(found?.subscription).toEqual(wanted?.subscription);
  expect(found?.subscription).toMatchObject({ state: 'UNBLOCKED' });
});

test('a snapshot again changes nothing, and one that breaks off, or follows another, leaves what is here', async () => {
  const hub = await hubWithPizza();
  const follower = await openTemporary();
  await follower.writer.source.replaceAll(hub.feed.position(), snapshotOf(hub), GUARDED);
  const snapshot = follower.reader.snapshot();
  const again = await follower.writer.source.replaceAll(hub.feed.position(), snapshotOf(hub), GUARDED);
  expect(again).toMatchObject({ kind: 'applied', changed: 0 });
  expect(follower.reader.snapshot()).toBe(snapshot);
  const before = follower.feed.digest().digest;
  const broken = function* () {
    yield [...snapshotOf(hub)][0] ?? [];
    throw new Error('the connection is gone');
  };
  const later = { ...hub.feed.position(), sequence: 99 };
  await expect(follower.writer.source.replaceAll(later, broken(), ALLOWED)).rejects.toThrow('the connection is gone');
  expect(follower.feed.digest().digest).toBe(before);
  expect(follower.lists.sourcePosition()).toEqual(hub.feed.position());
});

test('a source that is suddenly empty or much smaller is held back until it is allowed', async () => {
  const hub = await hubWithPizza();
  for (let n = 0; n < 30; n++)
    done(await hub.writer.putApplication(NEW, { ...PLAIN, name: `A${n}`, owner: 'bob' }, AUDIT));
  const follower = await openTemporary();
  const { source } = follower.writer;
  await source.replaceAll(hub.feed.position(), snapshotOf(hub), GUARDED);
  const before = follower.feed.digest().digest;
  const empty = { epoch: 'other', sequence: 1 };
  const counts = [{ kind: 'application', present: 31, removed: 31 }];
  expect(await source.replaceAll(empty, [], GUARDED)).toEqual({ kind: 'held_back', counts });
  const gone = follower.lists.page('application', ORGANIZATION, {}, { offset: 0, limit: 11 }).list.map(({ id }) => id);
  const from = hub.feed.position();
  const batch: ChangeBatch = {
    from,
    to: { ...from, sequence: from.sequence + 1 },
    changes: gone.map((id) => ({ kind: 'application', id, entity: null })),
  };
  expect(await source.applyChanges(batch, GUARDED)).toMatchObject({ kind: 'held_back' });
  expect(follower.feed.digest().digest).toBe(before);
  expect(await source.applyChanges({ ...batch, changes: batch.changes.slice(0, 7) }, GUARDED)).toMatchObject({
    kind: 'applied',
  });
  expect(await source.replaceAll(empty, [], ALLOWED)).toMatchObject({ kind: 'applied' });
  expect(follower.lists.listApis(ORGANIZATION)).toEqual([]);
});

test('applications, key managers and APIs may trade names, clients and contexts in one step', async () => {
  const hub = await hubWithPizza();
  const follower = await openTemporary();
  const position = hub.feed.position();
  await follower.writer.source.replaceAll(position, snapshotOf(hub), GUARDED);
  behindItsBack(hub.file, (db) =>
    db.transaction(() => {
      db.exec(
        "INSERT INTO application SELECT 'twin', organization, 'Twin', owner, policy, 99, '', '{}', '[]', 'APPROVED', '{}', 1 FROM application",
      );
      db.exec('UPDATE meta SET revision = revision + 1');
    })(),
  );
  const first = changesSince(hub, position);
  await follower.writer.source.applyChanges(first, GUARDED);
  behindItsBack(hub.file, (db) =>
    db.transaction(() => {
      for (const table of ['application', 'key_manager', 'api'])
        db.exec(`UPDATE ${table} SET name = CASE name WHEN 'Shack' THEN 'x' WHEN 'Twin' THEN 'Shack' WHEN 'Partner' THEN 'x'
          WHEN 'Staff' THEN 'Partner' WHEN 'Pizza' THEN 'x' WHEN 'Orders' THEN 'Pizza' ELSE name END`);
      db.exec("UPDATE application SET name = 'Twin' WHERE name = 'x'");
      db.exec("UPDATE key_manager SET name = 'Staff', dto = json_set(dto, '$.name', 'Staff') WHERE name = 'x'");
      db.exec("UPDATE key_manager SET dto = json_set(dto, '$.name', 'Partner') WHERE name = 'Partner'");
      db.exec("UPDATE api SET name = 'Orders' WHERE name = 'x'");
      db.exec("UPDATE application_key_mapping SET application_id = 'twin'");
      db.exec('UPDATE meta SET revision = revision + 1');
    })(),
  );
  expect(await follower.writer.source.applyChanges(changesSince(hub, first.to), GUARDED)).toMatchObject({
    kind: 'applied',
    leftOut: [],
  });
  expect(follower.feed.digest().digest).toBe(hub.feed.digest().digest);
});

test.each([
  [
    'deny policy of a type that is not known here',
    'deny_policy',
    { type: 'CUSTOM', value: 'x', invert: false, enabled: true },
  ],
  ['deny policy without a value', 'deny_policy', { type: 'USER', invert: false, enabled: true }],
  ['revocation without a value', 'revocation', { kind: 'jti', lifted: false }],
] as const)('a %s is not left out: nothing of its batch comes', async (_what, kind, entity) => {
  const hub = await hubWithPizza();
  const follower = await openTemporary();
  const position = hub.feed.position();
  await follower.writer.source.replaceAll(position, snapshotOf(hub), GUARDED);
  const shack = done(await hub.writer.putApplication(NEW, { ...PLAIN, name: 'Late', owner: 'bob' }, AUDIT));
  const forbidding = {
    kind,
    id: 'f',
    entity: { ...entity, id: 'f', number: 1, organization: ORGANIZATION, version: 1 },
  };
  const batch: ChangeBatch = {
    from: position,
    to: { ...position, sequence: position.sequence + 1 },
    changes: [{ kind: 'application', id: shack.id, entity: shack }, forbidding as unknown as Change],
  };
  expect((await follower.writer.source.applyChanges(batch, GUARDED)).kind).toBe('refused');
  expect(follower.lists.find('application', ORGANIZATION, shack.id)).toBeUndefined();
  expect(follower.sink.position()).toEqual(position);
});

test('what cannot stand beside the rest is left out, and denied; the rest comes', async () => {
  const hub = await hubWithPizza();
  const follower = await openTemporary();
  const position = hub.feed.position();
  await follower.writer.source.replaceAll(position, snapshotOf(hub), GUARDED);
  const [held] = follower.lists.page('key_mapping', ORGANIZATION, {}, { offset: 0, limit: 1 }).list;
  const [subscription] = follower.lists.page('subscription', ORGANIZATION, {}, { offset: 0, limit: 1 }).list;
  if (held === undefined || subscription === undefined) throw new Error('nothing to copy');
  const shack = done(await hub.writer.putApplication(NEW, { ...PLAIN, name: 'Late', owner: 'bob' }, AUDIT));
  const batch: ChangeBatch = {
    from: position,
    to: { ...position, sequence: position.sequence + 1 },
    changes: [
      { kind: 'key_mapping', id: 'copy', entity: { ...held, id: 'copy', applicationId: shack.id } },
      { kind: 'subscription', id: 'orphan', entity: { ...subscription, id: 'orphan', applicationId: 'nobody' } },
      { kind: 'subscription', id: 'poison', entity: {} as typeof subscription },
      { kind: 'application', id: shack.id, entity: shack },
    ],
  };
  const followed = await follower.writer.source.applyChanges(batch, GUARDED);
  expect(followed).toMatchObject({ kind: 'applied', leftOut: [{ id: 'copy' }, { id: 'orphan' }, { id: 'poison' }] });
  expect(follower.lists.find('application', ORGANIZATION, shack.id)).toEqual(shack);
  expect(follower.lists.find('key_mapping', ORGANIZATION, held.id)).toEqual(held);
  expect(behindItsBack(follower.file, (db) => db.pragma('foreign_key_check'))).toEqual([]);
});

/** A random write to the hub; ids come from what is there. */
const writes = fc.oneof(
  fc.record({ kind: fc.constant('application' as const), name: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant('delete application' as const), pick: fc.nat(9) }),
  fc.record({
    kind: fc.constant('key' as const),
    pick: fc.nat(9),
    client: fc.integer({ min: 0, max: 3 }),
    move: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('unmap' as const), pick: fc.nat(9) }),
  fc.record({ kind: fc.constant('subscribe' as const), pick: fc.nat(9), api: fc.nat(9) }),
  fc.record({ kind: fc.constant('state' as const), pick: fc.nat(9) }),
  fc.record({ kind: fc.constant('api' as const), name: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constant('delete api' as const), pick: fc.nat(9) }),
  fc.record({ kind: fc.constant('key manager' as const), name: fc.integer({ min: 0, max: 2 }), gone: fc.boolean() }),
  fc.record({ kind: fc.constant('deny' as const), value: fc.integer({ min: 0, max: 3 }), gone: fc.boolean() }),
  fc.record({ kind: fc.constant('revoke' as const), id: fc.integer({ min: 0, max: 4 }), lifted: fc.boolean() }),
);
type Write = typeof writes extends fc.Arbitrary<infer W> ? W : never;

async function perform(hub: Catalog, write: Write): Promise<void> {
  const { writer, lists } = hub;
  const all = { offset: 0, limit: 100 };
  const picked = <T>(list: readonly T[], n: number) => list[n % Math.max(1, list.length)];
  const applications = lists.page('application', ORGANIZATION, {}, all).list;
  const apis = lists.listApis(ORGANIZATION);
  const [km] = lists.listKeyManagers(ORGANIZATION);
  switch (write.kind) {
    case 'application':
      await writer.putApplication(NEW, { ...PLAIN, name: `A${write.name}`, owner: 'bob' }, AUDIT);
      return;
    case 'delete application':
      await writer.deleteApplication(at(picked(applications, write.pick)?.id ?? ''), AUDIT);
      return;
    case 'key': {
      const mapping = {
        applicationId: picked(applications, write.pick)?.id ?? '',
        keyType: 'PRODUCTION',
        mode: 'MAPPED',
      } as const;
      const client = { consumerKey: `c${write.client}`, keyManager: km?.id ?? '', extra: {} };
      await writer.mapKey(ORGANIZATION, { ...mapping, ...client }, { move: write.move }, AUDIT);
      return;
    }
    case 'unmap': {
      const mappings = lists.page('key_mapping', ORGANIZATION, {}, all).list;
      await writer.unmapKey(ORGANIZATION, picked(mappings, write.pick)?.id ?? '', AUDIT);
      return;
    }
    case 'subscribe': {
      const applicationId = picked(applications, write.pick)?.id ?? '';
      const apiId = picked(apis, write.api)?.id ?? '';
      await writer.putSubscription(NEW, { applicationId, apiId, policy: 'Gold', state: 'UNBLOCKED' }, AUDIT);
      return;
    }
    case 'state': {
      const subscriptions = lists.page('subscription', ORGANIZATION, {}, all).list;
      await writer.setSubscriptionState(at(picked(subscriptions, write.pick)?.id ?? ''), 'BLOCKED', AUDIT);
      return;
    }
    case 'api':
      await writer.putApi(NEW, api(`Api${write.name}`, { keyManagers: km === undefined ? [] : [km.id] }), AUDIT);
      return;
    case 'delete api':
      await writer.deleteApi(at(picked(apis, write.pick)?.id ?? ''), true, AUDIT);
      return;
    case 'key manager':
      if (!write.gone) await writer.createKeyManager(keyManager(`KM${write.name}`), AUDIT);
      else if (km !== undefined) await writer.deleteKeyManager({ ...at(km.id), id: km.id }, true, AUDIT);
      return;
    case 'deny': {
      const policy = lists.page('deny_policy', ORGANIZATION, { value: `/x${write.value}` }, all).list[0];
      if (!write.gone)
        await writer.putDenyPolicy(
          NEW,
          { type: 'API', value: `/x${write.value}`, invert: false, enabled: true },
          AUDIT,
        );
      else if (policy !== undefined) await writer.deleteDenyPolicy(at(policy.id), AUDIT);
      return;
    }
    case 'revoke':
      await writer.saveRevocations([revocation({ id: `r${write.id}`, lifted: write.lifted })], {
        kind: 'admin',
        audit: AUDIT,
      });
      return;
  }
}

test('whatever is lost, doubled, late or replayed on the way, a follower ends as its hub is, and never goes back', async () => {
  const hub = await openTemporary();
  const follower = await openTemporary();
  const { source } = follower.writer;
  await source.replaceAll(hub.feed.position(), snapshotOf(hub), ALLOWED);
  const sent: ChangeBatch[] = [];
  const positions: number[] = [];
  const rounds = fc.array(
    fc.tuple(fc.array(writes, { maxLength: 6 }), fc.constantFrom('sent', 'lost', 'doubled', 'late', 'replayed')),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      const late: ChangeBatch[] = [];
      // What the next batch goes on from: the sender believes that everything arrived.
      let believed = follower.lists.sourcePosition() ?? hub.feed.position();
      for (const [some, fate] of all) {
        for (const write of some) await perform(hub, write);
        const batch = changesSince(hub, believed);
        believed = batch.to;
        sent.push(batch);
        if (fate === 'late') late.push(batch);
        const now = fate === 'lost' || fate === 'late' ? [] : fate === 'doubled' ? [batch, batch] : [batch];
        const old = fate === 'replayed' ? sent.slice(-8) : [];
        for (const one of [...now, ...old, ...(fate === 'sent' ? late.splice(0) : [])]) {
          const before = follower.lists.sourcePosition()?.sequence ?? 0;
          const followed = await source.applyChanges(one, ALLOWED);
          expect(['applied', 'gap']).toContain(followed.kind);
          if (followed.kind === 'applied') expect(followed.leftOut).toEqual([]);
          const after = follower.lists.sourcePosition()?.sequence ?? 0;
          expect(after).toBeGreaterThanOrEqual(before);
          positions.push(after);
          // A gap is told, and answered with a snapshot.
          if (followed.kind === 'gap') await source.replaceAll(hub.feed.position(), snapshotOf(hub), ALLOWED);
        }
      }
      const held = follower.lists.sourcePosition() ?? hub.feed.position();
      await source.applyChanges(changesSince(hub, held), ALLOWED);
      expect(follower.lists.sourcePosition()).toEqual(hub.feed.position());
      expect(follower.feed.digest().digest).toBe(hub.feed.digest().digest);
      const inForce = (catalog: Catalog) =>
        catalog.lists
          .listRevocations(ORGANIZATION, 0, { offset: 0, limit: 99 })
          .list.map(({ id }) => id)
          .toSorted();
      expect(inForce(follower)).toEqual(inForce(hub));
    }),
    { numRuns: 60 },
  );
  expect(behindItsBack(follower.file, (db) => db.pragma('foreign_key_check'))).toEqual([]);
});
