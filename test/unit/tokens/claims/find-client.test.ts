import { expect, test } from 'vitest';
import { findClient } from '../../../../src/tokens/claims/find-client.ts';

const find = (claims: Record<string, unknown>, ...names: string[]) => {
  const found = findClient(claims, names);
  return 'reason' in found ? found.reason : found.consumerKey;
};

test.each([
  ['the only listed claim', { azp: 'c' }, ['azp'], 'c'],
  ['the second when the first is absent', { client_id: 'c' }, ['azp', 'client_id'], 'c'],
  ['both when they agree', { azp: 'c', client_id: 'c' }, ['azp', 'client_id'], 'c'],
  ['nothing when none is present', { client_id: 'c' }, ['azp'], undefined],
  ['a list of one', { azp: ['c'] }, ['azp'], 'c'],
  ['a list of equal values', { azp: ['c', 'c'] }, ['azp'], 'c'],
  ['a JSON pointer', { act: { client: 'c' } }, ['/act/client'], 'c'],
  ['a JSON pointer with escapes', { 'a/b': { '~': 'c' } }, ['/a~1b/~0'], 'c'],
  ['a JSON pointer into a list', { x: ['a', 'c'] }, ['/x/1'], 'c'],
  ['a literal name that looks like a pointer', { '/azp': 'c', azp: 'd' }, ['/azp'], 'c'],
  ['a name with dots', { 'urn:x.y': 'c' }, ['urn:x.y'], 'c'],
  ['a single-valued audience in default of anything better', { aud: ['c'] }, ['client_id', 'aud'], 'c'],
  ['the client claim, whatever the audience', { client_id: 'c', aud: ['api', 'x'] }, ['client_id', 'aud'], 'c'],
])('takes %s', (_what, claims, names, client) => {
  expect(find(claims, ...names)).toBe(client);
});

test.each([
  ['two claims that differ', { azp: 'c', client_id: 'd' }, ['azp', 'client_id'], 'client_ambiguous'],
  ['a claim of two values', { azp: ['c', 'd'] }, ['azp'], 'client_ambiguous'],
  ['an audience of two values', { aud: ['c', 'd'] }, ['client_id', 'aud'], 'client_ambiguous'],
  ['a number', { azp: 7 }, ['azp'], 'claims_malformed'],
  ['null', { azp: null }, ['azp'], 'claims_malformed'],
  ['an object', { azp: { id: 'c' } }, ['azp'], 'claims_malformed'],
  ['an empty text', { azp: '' }, ['azp'], 'claims_malformed'],
  ['a line break', { azp: 'c\r\nx: y' }, ['azp'], 'claims_malformed'],
])('refuses %s', (_what, claims, names, reason) => {
  expect(find(claims, ...names)).toBe(reason);
});

test.each(['constructor', 'toString', '__proto__', '/constructor', '/constructor/name', '/x/length', '/x/-1', '/x/01'])(
  'finds nothing that is not a claim: %s',
  (name) => {
    expect(find({ x: ['a'] }, name)).toBeUndefined();
  },
);
