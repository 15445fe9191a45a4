// Secrets that a catalog document only refers to.

import { expect, test } from 'vitest';
import { resolveReferences, type SecretReference } from '../../../../src/documents/catalog/secret-references.ts';

const known: Record<string, string> = { 'env SECRET': 's3cret', 'file /run/key': 'key' };
const read = ({ kind, name }: SecretReference) => {
  const text = known[`${kind} ${name}`];
  return text === undefined ? { problem: `nothing in ${kind} ${name}` } : { text };
};
const resolve = (additionalProperties: Record<string, unknown>) =>
  resolveReferences({ name: 'Partner', type: 'CustomKeyManager', additionalProperties }, read);

test('references at any depth are replaced by what they refer to, and told by where they were', () => {
  const given = { a: { env: 'SECRET' }, plain: 1, 'b/c': [{ deep: { file: '/run/key' } }] };
  expect(resolve(given)).toEqual({
    dto: {
      name: 'Partner',
      type: 'CustomKeyManager',
      additionalProperties: { a: 's3cret', plain: 1, 'b/c': [{ deep: 'key' }] },
    },
    pointers: ['/additionalProperties/a', '/additionalProperties/b~1c/0/deep'],
  });
});

test('what only looks like a reference stays as it is', () => {
  const given = {
    env: 'SECRET',
    a: { env: 1 },
    b: { env: 'SECRET', file: 'x' },
    c: { envs: 'SECRET' },
    d: {},
    e: null,
  };
  expect(resolve(given)).toMatchObject({ dto: { additionalProperties: given }, pointers: [] });
  expect(resolveReferences({ name: 'P', type: 'T' }, read)).toEqual({ dto: { name: 'P', type: 'T' }, pointers: [] });
});

test('references that lead nowhere are told with their fields', () => {
  expect(resolve({ a: { env: 'NO' }, b: [{ file: '/no' }] })).toEqual({
    problems: [
      { field: 'additionalProperties.a', message: 'nothing in env NO' },
      { field: 'additionalProperties.b[0]', message: 'nothing in file /no' },
    ],
  });
});
