import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SIGNATURE_ALGORITHMS } from '../../../src/domain/signature-algorithm.ts';
import { KEY_MANAGER_TYPES } from '../../../src/keymanagers/types.ts';

const ROOM = join(import.meta.dirname, '../../../src/keymanagers');
const types = [...KEY_MANAGER_TYPES.values()];

test('every file that describes a type is listed', async () => {
  const names = readdirSync(ROOM).filter((name) => name.endsWith('.ts'));
  const exported = await Promise.all(names.map((name) => import(join(ROOM, name)) as Promise<Record<string, unknown>>));
  const described = exported
    .flatMap((module) => Object.values(module))
    .filter((value) => typeof value === 'object' && value !== null && 'type' in value && 'displayName' in value);
  expect(new Set(described)).toEqual(new Set(types));
});

test("has WSO2's type ids", () => {
  expect([...KEY_MANAGER_TYPES.keys()].sort()).toEqual([
    'Asgardeo',
    'Auth0',
    'CustomKeyManager',
    'Forgerock',
    'KeyCloak',
    'Okta',
    'WSO2-IS',
    'WSO2-IS-7',
    'default',
  ]);
});

test.each(types)('$type accepts asymmetric algorithms only, names its claims, and reads no nonce as a mark', (type) => {
  expect(type.algorithms.length).toBeGreaterThan(0);
  expect(type.algorithms.filter((alg) => !SIGNATURE_ALGORITHMS.has(alg))).toEqual([]);
  expect(type.consumerKeyClaims.length).toBeGreaterThan(0);
  expect(type.scopesClaims.length).toBeGreaterThan(0);
  expect(type.marks.map(({ claim }) => claim)).not.toContain('nonce');
  expect(type.marks.map(({ claim }) => claim)).toEqual(expect.arrayContaining(['at_hash', 'c_hash', 'events']));
});

test('only ForgeRock reads the client from the audience', () => {
  expect(types.filter((type) => type.consumerKeyClaims.includes('aud')).map(({ type }) => type)).toEqual(['Forgerock']);
});

test.each(['KeyCloak', 'CustomKeyManager'])('%s tells ID, refresh and logout tokens by the payload’s typ', (name) => {
  const mark = KEY_MANAGER_TYPES.get(name)?.marks.find(({ claim }) => claim === 'typ');
  expect(mark?.refuse).toEqual(['ID', 'Refresh', 'Offline', 'Logout']);
});
