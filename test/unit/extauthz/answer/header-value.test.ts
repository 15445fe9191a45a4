// Facts as header values: safe for the wire, and never two facts in one value.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerValue, headerValueList, MAX_HEADER_VALUE_BYTES } from '../../../../src/extauthz/answer/header-value.ts';

test.each([
  ['alice', 'alice'],
  ['Pizza Shack (EU)', 'Pizza Shack (EU)'],
  ['a\r\nx-admin: 1', 'a%0D%0Ax-admin: 1'],
  ['tab\there\x00\x7f', 'tab%09here%00%7F'],
  ['Zoë 🍕', 'Zo%C3%AB %F0%9F%8D%95'],
  ['Zo%C3%AB', 'Zo%25C3%25AB'],
  [' padded ', '%20padded%20'],
  [' ', '%20'],
])('%j becomes %j', (fact, value) => {
  expect(headerValue(fact)).toBe(value);
});

test.each([
  ['nothing', undefined],
  ['an empty text', ''],
  ['half a surrogate pair', 'a\ud83c'],
  ['a text over the limit', 'a'.repeat(MAX_HEADER_VALUE_BYTES + 1)],
  ['a text over the limit once encoded', 'é'.repeat(MAX_HEADER_VALUE_BYTES / 4)],
])('%s is left out, not cut', (_name, fact) => {
  expect(headerValue(fact)).toBeUndefined();
});

test('a text of exactly the limit passes', () => {
  expect(headerValue('a'.repeat(MAX_HEADER_VALUE_BYTES))).toHaveLength(MAX_HEADER_VALUE_BYTES);
});

test('every value is printable ASCII that decodes to its fact', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), (fact) => {
      const value = headerValue(fact) ?? '';
      expect(value).toMatch(/^[!-~](?:[ -~]*[!-~])?$/);
      expect(decodeURIComponent(value)).toBe(fact);
    }),
  );
});

test('a list is separated by spaces, and a space inside an element does not make two of it', () => {
  expect(headerValueList(['read', '', 'write all'])).toBe('read write%20all');
  expect(headerValueList([])).toBeUndefined();
  expect(headerValueList(['read', '\ud800'])).toBeUndefined();
  expect(headerValueList(Array.from({ length: 100 }, () => 'a'.repeat(100)))).toBeUndefined();
});
