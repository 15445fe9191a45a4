// That no entry names a token is remembered, and nobody can tell but by the time it takes.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openWritable } from '../../../../src/catalog/database/open-writable.ts';
import { CatalogTransactions } from '../../../../src/catalog/writer/catalog-transactions.ts';
import { type Revocation, type RevocationSubject, revocationHits } from '../../../../src/domain/revocation.ts';
import { AUDIT, keyManager, ORGANIZATION, revocation, SEALING_KEY } from '../catalog-samples.ts';
import { openReader, temporaryFile } from '../temporary-catalog.ts';

// Files are written, and machines are busy.
vi.setConfig({ testTimeout: 60_000 });

const BY_ADMIN = { kind: 'admin', audit: AUDIT } as const;
const HASHES = ['aa'.repeat(32), 'bb'.repeat(32)];

/** What each kind of entry names of the token. */
const NAMES: { readonly [K in Revocation['kind']]: (subject: RevocationSubject) => string | undefined } = {
  jti: ({ jti }) => jti,
  token: ({ tokenHash }) => tokenHash(),
  consumer_key: ({ consumerKey }) => consumerKey,
  subject: ({ subject }) => subject,
  kid: ({ keyId }) => keyId,
  key: ({ keyThumbprint }) => keyThumbprint,
  key_manager: ({ keyManagerId }) => keyManagerId,
};

function world() {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const catalog = openWritable({ file, busyTimeoutMs: 0, sealingKeys: [SEALING_KEY], secretNames: {} });
  onTestFinished(() => catalog.close());
  catalog.db.pragma('synchronous = OFF');
  return { db: catalog.db, writes: new CatalogTransactions({ ...catalog, clock: Date.now }), reader: openReader(file) };
}

function subjectOf(n: number, more: Partial<RevocationSubject> = {}): RevocationSubject {
  return {
    ...{ keyManagerId: 'km', keyManagerType: 'KeyCloak', organization: ORGANIZATION, apiOrganization: ORGANIZATION },
    ...{ jti: `v${n % 3}`, consumerKey: 'v3', subject: n % 2 ? 'v4' : undefined, keyId: undefined },
    ...{ keyThumbprint: 'v5', issuedAt: n % 4 ? 1000 + n : undefined },
    ...{ credentialHash: `token-${n}`, tokenHash: () => HASHES[n % 2] ?? '' },
    ...more,
  };
}

test('whatever is revoked, lifted and swept, in whatever order, the answer is that of all entries read one by one', () => {
  const { db, writes, reader } = world();
  const entry = fc.record({
    id: fc.constantFrom('r0', 'r1', 'r2', 'r3', 'r4'),
    kind: fc.constantFrom(...(Object.keys(NAMES) as Revocation['kind'][])),
    value: fc.constantFrom('v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'km', ...HASHES),
    organization: fc.constantFrom(ORGANIZATION, 'elsewhere'),
    keyManagerId: fc.constantFrom(null, 'km', 'other'),
    issuedBeforeMs: fc.constantFrom(null, 1_002_000, 1_005_000),
    expiresAtMs: fc.constantFrom(null, 500, 1500),
    lifted: fc.boolean(),
  });
  const save = (facts: Partial<Revocation>) => writes.saveRevocations([revocation(facts)], BY_ADMIN);
  const turn = fc.oneof(
    { weight: 4, arbitrary: entry.map((facts) => () => save(facts)) },
    fc.nat(2000).map((nowMs) => () => writes.sweepRevocations(nowMs)),
    // Of someone at the file with SQLite's own shell: no revision rises.
    fc.constant(() => db.exec("DELETE FROM revocation WHERE id = 'r0'")),
    entry.map(
      ({ kind, value }) =>
        () =>
          db
            .prepare(
              "INSERT OR IGNORE INTO revocation SELECT NULL, 'own', ?, ?, ?, NULL, NULL, NULL, NULL, 1, 'me', 0, NULL",
            )
            .run(kind, value, ORGANIZATION),
    ),
    fc.constant(() => writes.createKeyManager(keyManager('Partner'), AUDIT)),
  );
  const hits = () => {
    const rows = db
      .prepare<[], Omit<Revocation, 'lifted'> & { lifted: number }>(
        `SELECT id, kind, value, organization, key_manager_id AS keyManagerId, key_manager_type AS keyManagerType,
         issued_before_ms AS issuedBeforeMs, expires_at_ms AS expiresAtMs, lifted FROM revocation`,
      )
      .all();
    return (subject: RevocationSubject, nowMs: number) =>
      rows
        .map((row) => ({ ...row, lifted: row.lifted === 1 }))
        .filter((row) => NAMES[row.kind](subject) === row.value && revocationHits(row, subject, nowMs))
        .map(({ id }) => id);
  };
  fc.assert(
    fc.property(
      fc.array(turn, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(2000), { minLength: 2, maxLength: 3 }),
      (turns, times) => {
        for (const commit of turns) {
          commit();
          const [moment, expected] = [reader.moment(), hits()];
          for (const nowMs of times)
            for (let n = 0; n < 8; n++) {
              const found = moment?.findRevocation(subjectOf(n), nowMs);
              const among = expected(subjectOf(n), nowMs);
              if (found === undefined) expect(among).toEqual([]);
              else expect(among).toContain(found === 'unreadable' ? found : found.id);
            }
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('that no entry names a token is remembered until the next revocation, for these facts of this token', () => {
  const { writes, reader } = world();
  writes.saveRevocations([revocation({ id: 'r0', kind: 'token', value: HASHES[0] ?? '' })], BY_ADMIN);
  let looks = 0;
  const ask = (n: number, more: Partial<RevocationSubject> = {}) => {
    const tokenHash = () => {
      looks++;
      return subjectOf(n).tokenHash();
    };
    const before = looks;
    const found = reader.moment()?.findRevocation(subjectOf(n, { tokenHash, ...more }), 0);
    return [found === 'unreadable' ? found : found?.id, looks - before];
  };
  expect([ask(0), ask(0)]).toEqual([
    ['r0', 1],
    ['r0', 1],
  ]);
  expect([ask(1), ask(1)]).toEqual([
    [undefined, 1],
    [undefined, 0],
  ]);
  writes.createKeyManager(keyManager('Partner'), AUDIT);
  expect(ask(1)).toEqual([undefined, 0]);
  for (const more of [{ apiOrganization: 'elsewhere' }, { jti: 'other' }, { issuedAt: 5 }, { subject: 'other' }])
    expect(ask(1, more)).toEqual([undefined, 1]);
  expect(ask(3)).toEqual([undefined, 1]);
  writes.saveRevocations([revocation({ id: 'r1', value: 'v1' })], BY_ADMIN);
  expect([ask(1), ask(3)]).toEqual([
    ['r1', 1],
    [undefined, 1],
  ]);
});

test('a revocation between a moment and its question is told, and what was found is not remembered for that moment', () => {
  const { writes, reader } = world();
  writes.saveRevocations([revocation({ id: 'r0', value: 'of another' })], BY_ADMIN);
  const moment = reader.moment();
  writes.saveRevocations([revocation({ id: 'r1', value: 'and another' })], BY_ADMIN);
  expect(moment?.findRevocation(subjectOf(1), 0)).toBeUndefined();
  writes.saveRevocations([revocation({ id: 'r2', value: 'v1' })], BY_ADMIN);
  expect(moment?.findRevocation(subjectOf(1), 0)).toMatchObject({ id: 'r2' });
});

test('an entry that was put in behind the catalog’s back hits as well', () => {
  const { db, writes, reader } = world();
  writes.saveRevocations([revocation({ id: 'r0', value: 'of another' })], BY_ADMIN);
  const ask = () => reader.moment()?.findRevocation(subjectOf(1), 0);
  expect([ask(), ask()]).toEqual([undefined, undefined]);
  db.exec(
    `INSERT INTO revocation SELECT NULL, 'own', kind, 'v1', organization, NULL, NULL, NULL, NULL, 1, 'me', 0, NULL FROM revocation`,
  );
  expect(ask()).toMatchObject({ id: 'own' });
});

test('an entry is not remembered: its end comes by the clock', () => {
  const { writes, reader } = world();
  writes.saveRevocations([revocation({ id: 'r0', value: 'v1', expiresAtMs: 1000 })], BY_ADMIN);
  const ask = (nowMs: number) => reader.moment()?.findRevocation(subjectOf(1), nowMs);
  expect(ask(999)).toMatchObject({ id: 'r0' });
  expect(ask(1000)).toBeUndefined();
  // A clock that is set back finds it again.
  expect(ask(999)).toMatchObject({ id: 'r0' });
});
