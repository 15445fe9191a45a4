import { expect, test } from 'vitest';
import { describeKeyManagerTypes } from '../../../src/keymanagers/describe-types.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';

const described = describeKeyManagerTypes(BUILT_IN_TYPES);

test('describes every type and preset, as plain JSON', () => {
  expect(described.map(({ type, preset }) => preset ?? type)).toEqual([
    ...BUILT_IN_TYPES.byType.keys(),
    ...BUILT_IN_TYPES.byPreset.keys(),
  ]);
  expect(JSON.parse(JSON.stringify(described))).toEqual(described);
});

test('says enough of a type to draw its form', () => {
  expect(described.find(({ type }) => type === 'Okta')).toMatchObject({
    displayName: 'Okta',
    defaultConsumerKeyClaim: 'cid',
    defaultScopesClaim: 'scp',
    introspection: true,
    configurations: [
      { name: 'apiKey', label: 'API key', type: 'input', mask: true, required: false, usedFor: 'registration' },
      { name: 'client_id', label: 'Client ID', mask: false, required: true, usedFor: 'introspection' },
      { name: 'client_secret', label: 'Client secret', mask: true, required: true, usedFor: 'introspection' },
    ],
  });
});
