// Guesses at misspelled names: near ones help, far ones would mislead.

import { expect, test } from 'vitest';
import { didYouMean } from '../../../../src/documents/reading/did-you-mean.ts';

const NAMES = ['id', 'issuer', 'tokenEndpoint', 'consumerKeyClaim'];

test.each([
  ['isuer', 'issuer'],
  ['ISSUER', 'issuer'],
  ['token_endpoint', 'tokenEndpoint'],
  ['consumerKeyClaims', 'consumerKeyClaim'],
])('takes %s for %s', (written, meant) => {
  expect(didYouMean(written, NAMES)).toBe(meant);
});

test.each(['<<', 'audience', 'x'.repeat(10_000)])('makes no guess at %.20s', (written) => {
  expect(didYouMean(written, NAMES)).toBe(undefined);
});

test('makes no guess where nothing is known', () => {
  expect(didYouMean('issuer', [])).toBe(undefined);
});
