import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SIGNATURE_ALGORITHMS } from '../../../src/domain/signature-algorithm.ts';
import type { KeyManagerType } from '../../../src/keymanagers/key-manager-type.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';

const ROOM = join(import.meta.dirname, '../../../src/keymanagers');
const types: KeyManagerType[] = [...BUILT_IN_TYPES.byType.values(), ...BUILT_IN_TYPES.byPreset.values()];

test('every file that describes a type is listed', async () => {
  const names = readdirSync(ROOM).filter((name) => name.endsWith('.ts'));
  const exported = await Promise.all(names.map((name) => import(join(ROOM, name)) as Promise<Record<string, unknown>>));
  const described = exported
    .flatMap((module) => Object.values(module))
    .filter(
      (value) =>
        typeof value === 'object' &&
        value !== null &&
        'type' in value &&
        'preset' in value &&
        'displayName' in value &&
        'discovery' in value &&
        'notes' in value,
    );
  expect(new Set(described)).toEqual(new Set(types));
});

test("has WSO2's type ids", () => {
  expect([...BUILT_IN_TYPES.byType.keys()].sort()).toEqual([
    'Asgardeo',
    'Auth0',
    'AzureAD',
    'CustomKeyManager',
    'Forgerock',
    'KeyCloak',
    'Okta',
    'PingFederate',
    'WSO2-IS',
    'WSO2-IS-7',
    'default',
  ]);
});

test.each(types)(
  '$type $preset accepts asymmetric algorithms only, names its claims, and reads no nonce as a mark',
  (type) => {
    expect(type.algorithms.length).toBeGreaterThan(0);
    expect(type.algorithms.filter((alg) => !SIGNATURE_ALGORITHMS.has(alg))).toEqual([]);
    expect(type.consumerKeyClaims.length).toBeGreaterThan(0);
    expect(type.scopesClaims.length).toBeGreaterThan(0);
    expect(type.marks.map(({ claim }) => claim)).not.toContain('nonce');
    const betraying = type.tokenKind === 'identity' ? ['events'] : ['at_hash', 'c_hash', 'events'];
    expect(type.marks.map(({ claim }) => claim)).toEqual(expect.arrayContaining(betraying));
  },
);

test('only ForgeRock and Apple read the client from the audience', () => {
  const names = types
    .filter((type) => type.consumerKeyClaims.includes('aud'))
    .map(({ type, preset }) => preset ?? type);
  expect(names).toEqual(['Forgerock', 'apple']);
});

test.each(['KeyCloak', 'CustomKeyManager'])('%s tells ID, refresh and logout tokens by the payload’s typ', (name) => {
  const mark = BUILT_IN_TYPES.byType.get(name)?.marks.find(({ claim }) => claim === 'typ');
  expect(mark?.refuse).toEqual(['ID', 'Refresh', 'Offline', 'Logout']);
});
