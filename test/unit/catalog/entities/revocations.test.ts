// Revocations in the catalog: which tokens they hit, in which order they may come, and how long they stay.

import { expect, test, vi } from 'vitest';
import type { OpenCatalog } from '../../../../src/catalog/open-catalog.ts';
import { GLOBAL_ORGANIZATION } from '../../../../src/domain/api.ts';
import type { Revocation, RevocationSubject } from '../../../../src/domain/revocation.ts';
import { AUDIT, ORGANIZATION, revocation } from '../catalog-samples.ts';
import { behindItsBack, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const NOW = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const ALL = { offset: 0, limit: 1000 };
const OTHER = 'other.example';
const BY_ADMIN = { kind: 'admin', audit: AUDIT } as const;
const HASH = 'ab'.repeat(32);

const subject = (more: Partial<RevocationSubject> = {}): RevocationSubject => ({
  keyManagerId: 'km-1',
  keyManagerType: 'KeyCloak',
  organization: ORGANIZATION,
  apiOrganization: ORGANIZATION,
  jti: 'jti-1',
  consumerKey: 'shack',
  subject: 'bob',
  keyId: 'kid-1',
  keyThumbprint: 'thumb-1',
  issuedAt: NOW / 1000 - 60,
  credentialHash: 'ef'.repeat(32),
  tokenHash: () => HASH,
  ...more,
});

const save = ({ writer }: OpenCatalog, ...entries: Revocation[]) => writer.saveRevocations(entries, BY_ADMIN);
const hit = ({ reader }: OpenCatalog, more: Partial<RevocationSubject> = {}, nowMs = NOW) => {
  const moment = reader.moment();
  if (moment === undefined) throw new Error('the catalog cannot be read');
  const found = moment.findRevocation(subject(more), nowMs);
  return found === 'unreadable' ? found : found?.id;
};

const GLOBAL = { organization: GLOBAL_ORGANIZATION };
test.each<[string, Partial<Revocation>, Partial<RevocationSubject>, boolean]>([
  ['its jti', {}, {}, true],
  ['another jti', {}, { jti: 'jti-2' }, false],
  ['no jti', {}, { jti: undefined }, false],
  ['its hash', { kind: 'token', value: HASH }, {}, true],
  ['another hash', { kind: 'token', value: 'cd'.repeat(32) }, {}, false],
  ['its client', { kind: 'consumer_key', value: 'shack' }, {}, true],
  ['its subject', { kind: 'subject', value: 'bob' }, {}, true],
  ['a subject by the name of its client', { kind: 'subject', value: 'shack' }, {}, false],
  ['its kid', { kind: 'kid', value: 'kid-1' }, {}, true],
  ['its key, under any kid', { kind: 'key', value: 'thumb-1' }, { keyId: undefined }, true],
  ['its key manager', { kind: 'key_manager', value: 'km-1' }, {}, true],
  ['another key manager', { kind: 'key_manager', value: 'km-2' }, {}, false],
  ['letters of another case', { value: 'JTI-1' }, {}, false],
  ['another organization', { organization: OTHER }, {}, false],
  ['the key manager that it names', { keyManagerId: 'km-1' }, {}, true],
  ['a key manager that it does not name', { keyManagerId: 'km-2' }, {}, false],
  ['a type in another spelling', { keyManagerType: 'Keycloak' }, {}, true],
  ['another type', { keyManagerType: 'Okta' }, {}, false],
  ['the Global key manager’s token at an API of its organization', {}, GLOBAL, true],
  ['the Global key manager’s token at another organization’s API', {}, { ...GLOBAL, apiOrganization: OTHER }, false],
  ['the Global key manager by name, at an API of its organization', { keyManagerId: 'km-1' }, GLOBAL, true],
  ['the Global organization’s entry, its token at any API', GLOBAL, { ...GLOBAL, apiOrganization: OTHER }, true],
  ['the Global organization’s entry, a token of an organization’s own key manager', GLOBAL, {}, false],
  ['a token issued before', { issuedBeforeMs: NOW }, {}, true],
  ['a token issued in the same second', { issuedBeforeMs: NOW + 500 }, { issuedAt: NOW / 1000 }, true],
  ['a token issued at the very moment', { issuedBeforeMs: NOW }, { issuedAt: NOW / 1000 }, false],
  ['a token issued later', { issuedBeforeMs: NOW }, { issuedAt: NOW / 1000 + 1 }, false],
  ['a token of unknown issue time', { issuedBeforeMs: NOW }, { issuedAt: undefined }, true],
  ['a token whose issue time is no number', { issuedBeforeMs: NOW }, { issuedAt: Number.NaN }, true],
  ['a token before it expires', { expiresAtMs: NOW + 1 }, {}, true],
  ['a token when it has expired', { expiresAtMs: NOW }, {}, false],
  ['a token after it was lifted', { lifted: true }, {}, false],
])('an entry and %s', async (_what, of, token, expected) => {
  const catalog = await openTemporary();
  await save(catalog, revocation(of));
  expect(hit(catalog, token)).toBe(expected ? 'r1' : undefined);
});

test('of thousands of entries for one user the one that hits is found, wherever it stands and whatever it lacks', async () => {
  const catalog = await openTemporary();
  const ofUser = (id: string, more: Partial<Revocation>) => revocation({ id, kind: 'subject', value: 'bob', ...more });
  const logOuts = Array.from({ length: 3000 }, (_, at) => ofUser(`old-${at}`, { issuedBeforeMs: NOW - DAY_MS - at }));
  await save(catalog, ...logOuts);
  expect(hit(catalog)).toBeUndefined();
  expect(hit(catalog, { issuedAt: undefined })).toMatch(/^old-/);
  await save(catalog, ofUser('hits', { issuedBeforeMs: NOW }), ofUser('other', { keyManagerId: 'km-2' }));
  expect(hit(catalog)).toBe('hits');
  await save(catalog, ofUser('hits', { lifted: true }), ofUser('all', {}));
  expect(hit(catalog)).toBe('all');
  expect(hit(catalog, { issuedAt: Number.MAX_SAFE_INTEGER })).toBe('all');
});

test('names that look like SQL or patterns are only names', async () => {
  const catalog = await openTemporary();
  const odd = ["' OR 1=1 --", '%', '_', '\0', '🔑', ''];
  await save(catalog, ...odd.map((value, at) => revocation({ id: `r${at}`, value })));
  for (const [at, jti] of odd.entries()) expect(hit(catalog, { jti })).toBe(`r${at}`);
  expect(hit(catalog, { jti: 'harmless' })).toBeUndefined();
});

test('a token is hashed only where some token was revoked by its hash', async () => {
  const catalog = await openTemporary();
  const tokenHash = vi.fn(() => HASH);
  hit(catalog, { tokenHash });
  await save(catalog, revocation({ value: 'another' }));
  hit(catalog, { tokenHash });
  expect(tokenHash).not.toHaveBeenCalled();
  const revoked = revocation({ id: 'r2', kind: 'token', value: HASH });
  await save(catalog, revoked);
  expect(hit(catalog, { tokenHash })).toBe('r2');
  expect(tokenHash).toHaveBeenCalledTimes(1);
  await save(catalog, { ...revoked, lifted: true });
  expect(hit(catalog, { tokenHash })).toBeUndefined();
  expect(tokenHash).toHaveBeenCalledTimes(1);
});

test('a revocation rules the very next question, survives a restart, and so does its lift', async () => {
  const catalog = await openTemporary();
  await save(catalog, revocation());
  expect(hit(catalog)).toBe('r1');
  await catalog.close();
  const second = await openTemporary(catalog.file);
  expect(hit(second)).toBe('r1');
  await save(second, revocation({ lifted: true, createdBy: 'ben' }));
  expect(hit(second)).toBeUndefined();
  await second.close();
  expect(hit(await openTemporary(catalog.file))).toBeUndefined();
});

test('a revocation rebuilds nothing that decides', async () => {
  const catalog = await openTemporary();
  const before = catalog.reader.snapshot();
  await save(catalog, revocation());
  expect(catalog.reader.snapshot()).toBe(before);
});

test('entries and lifts may come twice and in any order: what was lifted stays lifted', async () => {
  const [revoked, lifted] = [revocation(), revocation({ lifted: true })];
  const orders = [
    [revoked, lifted],
    [lifted, revoked],
    [revoked, lifted, revoked, revoked],
    [lifted, lifted, revoked],
  ];
  for (const order of orders) {
    const catalog = await openTemporary();
    for (const one of order) await save(catalog, one);
    expect(hit(catalog)).toBeUndefined();
    expect(catalog.lists.listRevocations(ORGANIZATION, NOW, ALL)).toEqual({ total: 0, list: [] });
    await catalog.close();
  }
  const catalog = await openTemporary();
  expect(await save(catalog, revoked, revoked)).toMatchObject({ kind: 'saved', added: 1 });
  expect(await save(catalog, revoked)).toMatchObject({ added: 0 });
});

test('sequences rise with every entry and lift and are never used again', async () => {
  const catalog = await openTemporary();
  await save(catalog, revocation(), revocation({ id: 'r2', expiresAtMs: NOW }));
  await save(catalog, revocation({ lifted: true }));
  const since = (sequence: number) =>
    catalog.lists.revocationsSince(sequence, 10).map((one) => [one.sequence, one.revocation.id, one.revocation.lifted]);
  expect(since(0)).toEqual([
    [2, 'r2', false],
    [3, 'r1', true],
  ]);
  expect(since(2)).toEqual([[3, 'r1', true]]);
  await catalog.writer.sweepRevocations(NOW + 400 * DAY_MS);
  expect(since(0)).toEqual([]);
  expect(await save(catalog, revocation({ id: 'r4' }))).toMatchObject({ lastSequence: 4 });
});

test('what a stream brought is kept with how far it was read, and told with its origin', async () => {
  const catalog = await openTemporary();
  const source = { kind: 'stream', stream: 'revocations', position: '5-0' } as const;
  expect(catalog.lists.streamPosition('revocations')).toBeUndefined();
  await catalog.writer.saveRevocations([revocation()], source);
  await save(catalog, revocation({ id: 'r2' }));
  await catalog.writer.saveRevocations([], { ...source, position: '9-0' });
  await catalog.close();
  const { lists } = await openTemporary(catalog.file);
  expect(lists.streamPosition('revocations')).toBe('9-0');
  expect(lists.revocationsSince(0, 10).map(({ stream }) => stream)).toEqual(['revocations', null]);
  // What others did is in their audit.
  expect(lists.listAudit(null, ALL).list.map(({ target }) => target)).toEqual(['r2']);
});

test('an entry whose time is over is swept, the others stay, and a lift is remembered for a month', async () => {
  const catalog = await openTemporary(undefined, { sweepIntervalMs: 10 });
  const old = Date.now() - DAY_MS;
  await save(
    catalog,
    revocation({ id: 'over', expiresAtMs: old }),
    revocation({ id: 'still', expiresAtMs: Date.now() + DAY_MS, kind: 'token', value: HASH }),
    revocation({ id: 'forever', kind: 'subject', value: 'bob' }),
    revocation({ id: 'lifted', lifted: true, expiresAtMs: old, createdAtMs: Date.now() }),
  );
  const ids = () => catalog.lists.revocationsSince(0, 10).map(({ revocation }) => revocation.id);
  await vi.waitFor(() => expect(ids()).not.toContain('over'), { timeout: 20_000 });
  expect(ids()).toEqual(['still', 'forever', 'lifted']);
  const counts = () =>
    behindItsBack(catalog.file, (db) => db.prepare('SELECT revocations, token_revocations FROM meta').raw().get());
  expect(counts()).toEqual([2, 1]);
  const swept = await catalog.writer.sweepRevocations(Date.now() + 40 * DAY_MS);
  expect(swept).toEqual({ kind: 'swept', swept: 2 });
  expect([ids(), counts()]).toEqual([['forever'], [1, 0]]);
});

test('many entries are swept in batches', async () => {
  const catalog = await openTemporary();
  await save(catalog, ...Array.from({ length: 1500 }, (_, at) => revocation({ id: `${at}`, expiresAtMs: NOW })));
  const sweep = () => catalog.writer.sweepRevocations(NOW);
  const revision = () => catalog.reader.revision();
  expect([await sweep(), await sweep()]).toMatchObject([{ swept: 1000 }, { swept: 500 }]);
  const before = revision();
  expect([await sweep(), revision()]).toEqual([{ kind: 'swept', swept: 0 }, before]);
});

test('an organization lists and finds its own entries in force, the latest first', async () => {
  const catalog = await openTemporary();
  await save(
    catalog,
    revocation({ id: 'a' }),
    revocation({ id: 'a.1', kind: 'key', value: 'thumb' }),
    revocation({ id: 'ab' }),
    revocation({ id: 'b', organization: OTHER }),
    revocation({ id: 'c', expiresAtMs: NOW }),
    revocation({ id: 'd', lifted: true }),
    revocation({ id: 'e', kind: 'subject', value: 'bob' }),
  );
  const idsOf = (list: readonly Revocation[]) => list.map(({ id }) => id);
  const page = catalog.lists.listRevocations(ORGANIZATION, NOW, { offset: 1, limit: 2 });
  expect([page.total, idsOf(page.list)]).toEqual([4, ['ab', 'a.1']]);
  expect(idsOf(catalog.lists.findRevocations(ORGANIZATION, 'a', NOW))).toEqual(['a', 'a.1']);
  for (const [organization, id] of [
    [ORGANIZATION, 'b'],
    [OTHER, 'a'],
    [ORGANIZATION, 'c'],
    [ORGANIZATION, 'd'],
  ] as const)
    expect(catalog.lists.findRevocations(organization, id, NOW)).toEqual([]);
  const all = (sequence: number, limit: number) => catalog.lists.revocationsInForce(ORGANIZATION, NOW, sequence, limit);
  const [first, second, ...others] = all(0, 10);
  expect([first, second, ...others].map((one) => one?.revocation.id)).toEqual(['a', 'a.1', 'ab', 'e']);
  expect(all(second?.sequence ?? 0, 1).map(({ revocation }) => revocation.id)).toEqual(['ab']);
});

test('a revocation is not edited behind the counters that tell whether there is any', async () => {
  const catalog = await openTemporary();
  await save(catalog, revocation());
  const edit = () => behindItsBack(catalog.file, (db) => db.exec('UPDATE revocation SET lifted = 1'));
  expect(edit).toThrow('replaced, not edited');
});

test('a catalog that cannot be read says so and lets nothing pass', async () => {
  const catalog = await openTemporary();
  await save(catalog, revocation());
  expect(hit(catalog)).toBe(revocation().id);
  behindItsBack(catalog.file, (db) => db.exec('ALTER TABLE revocation RENAME TO lost'));
  expect(hit(catalog)).toBe('unreadable');
  behindItsBack(catalog.file, (db) => db.exec('ALTER TABLE meta RENAME TO hidden'));
  expect(catalog.reader.moment()).toBeUndefined();
});
