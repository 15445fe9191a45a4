import { expect, test } from 'vitest';
import { FOREIGN_TYP, type TokenMark } from '../../../../src/domain/key-manager.ts';
import { checkKind } from '../../../../src/tokens/claims/check-kind.ts';
import { claims, keyManager, unprovedJwt } from '../token-sample.ts';

const marks: readonly TokenMark[] = [
  { claim: 'at_hash', refuse: 'present' },
  { claim: 'typ', refuse: ['ID', 'Refresh'] },
  { claim: 'token_use', accept: ['access'] },
];
const accepts = (
  payload: Record<string, unknown>,
  header: Record<string, unknown> = {},
  profile: 'standard' | 'lenient' = 'standard',
) => checkKind(unprovedJwt(payload, header), keyManager({ marks, profile })) === 'passed';

test.each([
  [undefined, true, true],
  ['JWT', true, true],
  ['jwt', true, true],
  ['at+jwt', true, true],
  ['application/at+jwt', true, true],
  ['Application/JWT', true, true],
  ['vendor+jwt', false, true],
  ['', true, true],
])('header typ %s', (typ, standard, lenient) => {
  const header = typ === undefined ? {} : { typ };
  expect(accepts(claims(), header)).toBe(standard);
  expect(accepts(claims(), header, 'lenient')).toBe(lenient);
});

test.each(FOREIGN_TYP)('no profile takes a token of type %s', (typ) => {
  for (const spelled of [typ, typ.toUpperCase(), `application/${typ}`]) {
    expect(accepts(claims(), { typ: spelled })).toBe(false);
    expect(accepts(claims(), { typ: spelled }, 'lenient')).toBe(false);
  }
});

test.each([
  ['at_hash, whatever its value', { at_hash: null }, false],
  ['payload typ ID', { typ: 'ID' }, false],
  ['payload typ Refresh in a list', { typ: ['Bearer', 'Refresh'] }, false],
  ['payload typ Bearer', { typ: 'Bearer' }, true],
  ['token_use access', { token_use: 'access' }, true],
  ['token_use id', { token_use: 'id' }, false],
  ['token_use of the wrong type', { token_use: 1 }, false],
  ['token_use as a list of good and bad', { token_use: ['access', 'id'] }, false],
  ['nonce alone', { nonce: 'n' }, true],
])('a token with %s', (_what, changes, accepted) => {
  expect(accepts(claims(changes))).toBe(accepted);
});
