import { describe, expect, test } from 'vitest';
import type { Revocation } from '../../../../src/domain/revocation.ts';
import type { KeyManagerName, KeyManagerNames } from '../../../../src/sync/revocations/feed-ports.ts';
import { arrive, readEntry, writeEntries } from '../../../../src/sync/revocations/travelling-revocation.ts';

const REVOCATION: Revocation = {
  id: 'r-1',
  kind: 'jti',
  value: 'jti-1',
  organization: 'carbon.super',
  keyManagerId: null,
  keyManagerType: null,
  issuedBeforeMs: null,
  expiresAtMs: 2_000,
  createdAtMs: 1_000,
  createdBy: 'admin',
  lifted: false,
};
const names = (known: Record<string, KeyManagerName>): KeyManagerNames => ({
  nameOf: (id) => known[id],
  idOf: ({ organization, name }) =>
    Object.keys(known).find((id) => known[id]?.organization === organization && known[id]?.name === name),
});
const KEYCLOAK = { organization: 'carbon.super', name: 'Keycloak' };
const NOBODY = names({});
const travelled = (revocation: Revocation, from: KeyManagerNames) =>
  writeEntries([revocation], from).flatMap((text) => readEntry(text) ?? []);

test('what was written is read, in as few entries as hold it', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => ({ ...REVOCATION, id: `r-${n}`, value: 'v'.repeat(n + 1) }));
  const entries = writeEntries(many, NOBODY);
  expect(entries.flatMap((text) => readEntry(text)?.map(({ revocation }) => revocation))).toEqual(many);
  expect(entries.length).toBeGreaterThan(10);
  for (const text of entries) expect(Buffer.byteLength(text)).toBeLessThan(45_000);
  expect(writeEntries([], NOBODY)).toEqual([]);
});

test.each(['no JSON', 'null', '[]', '{}', '{"f":2,"r":[]}', '{"f":1}', '{"f":1,"r":{}}'])('%s is no entry', (text) => {
  expect(readEntry(text)).toBeUndefined();
});

test.each<[string, object]>([
  ['an unknown kind', { kind: 'everything' }],
  ['no id', { id: '' }],
  ['an endless id', { id: 'x'.repeat(1_000) }],
  ['a value that is no text', { value: 7 }],
  ['a time that is none', { expiresAtMs: 'soon' }],
  ['a time that JSON cannot hold', { expiresAtMs: 1e300 }],
  ['lifted that is neither', { lifted: 'no' }],
  ['a key manager that is none', { keyManagerId: {} }],
])('a row with %s is left out, the rows beside it are not', (_name, wrong) => {
  const row = (revocation: object) => JSON.stringify({ revocation, keyManager: null });
  const text = `{"f":1,"r":[${row({ ...REVOCATION, ...wrong })},${row(REVOCATION)}]}`;
  expect(readEntry(text)).toEqual([{ revocation: REVOCATION, keyManager: null }]);
});

test('one that nobody could read is not written', () => {
  const endless = { ...REVOCATION, value: 'x'.repeat(100_000) };
  expect(writeEntries([endless, REVOCATION], NOBODY)).toEqual(writeEntries([REVOCATION], NOBODY));
});

test('members that are not of a revocation do not come along', () => {
  const row = JSON.stringify({ revocation: { ...REVOCATION, admin: true }, keyManager: null, more: 1 });
  expect(readEntry(`{"f":1,"r":[${row}]}`)).toEqual([{ revocation: REVOCATION, keyManager: null }]);
});

describe('the key manager of a revocation', () => {
  const narrowed = { ...REVOCATION, keyManagerId: 'id-there' };
  const [travelling = { revocation: REVOCATION, keyManager: null }] = travelled(
    narrowed,
    names({ 'id-there': KEYCLOAK }),
  );

  test('is found by its name', () => {
    expect(arrive(travelling, names({ 'id-here': KEYCLOAK }))).toEqual({ ...narrowed, keyManagerId: 'id-here' });
  });
  test('is found by its id where it was renamed', () => {
    const renamed = names({ 'id-there': { ...KEYCLOAK, name: 'Old Keycloak' } });
    expect(arrive(travelling, renamed)).toEqual(narrowed);
  });
  test('is not another one that has its id here', () => {
    const here = names({ 'id-there': { ...KEYCLOAK, name: 'Okta' }, 'id-here': KEYCLOAK });
    expect(arrive(travelling, here)?.keyManagerId).toBe('id-here');
  });
  test('is not one of its name in another organization', () => {
    expect(arrive(travelling, names({ 'id-here': { ...KEYCLOAK, organization: 'other' } }))).toBeUndefined();
  });
  test('is waited for where it does not exist', () => {
    expect(arrive(travelling, NOBODY)).toBeUndefined();
  });
  test('that is revoked as a whole is found the same way', () => {
    const whole: Revocation = { ...REVOCATION, kind: 'key_manager', value: 'id-there' };
    const [row = travelling] = travelled(whole, names({ 'id-there': KEYCLOAK }));
    expect(arrive(row, names({ 'id-here': KEYCLOAK }))).toEqual({ ...whole, value: 'id-here' });
  });
  test('that is named by nobody is of no matter', () => {
    expect(arrive({ revocation: REVOCATION, keyManager: null }, NOBODY)).toEqual(REVOCATION);
  });
});
