// Contexts and URI templates as people write them, against what a request can carry.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readContext, readDefaultVersionContext, readTemplate } from '../../../../src/documents/wso2/read-segments.ts';
import { readPath } from '../../../../src/domain/path.ts';

test.each([
  ['/pizza', '/pizza/1.0.0', '/pizza'],
  ['/{version}/pizza', '/1.0.0/pizza', '/pizza'],
  ['/eu/{version}/pizza', '/eu/1.0.0/pizza', '/eu/pizza'],
  ['/', '/1.0.0', '/'],
  ['/{version}', '/1.0.0', '/'],
  ['/caf%c3%a9', '/caf%C3%A9/1.0.0', '/caf%C3%A9'],
  ['/café', '/caf%C3%A9/1.0.0', '/caf%C3%A9'],
])('the context %s is %s on the wire, and %s for the default version', (context, wire, unversioned) => {
  expect(readContext(context, '1.0.0')).toMatchObject({ text: wire });
  expect(readDefaultVersionContext(context)).toMatchObject({ text: unversioned });
});

test('a version inside a segment has no default version', () => {
  expect(readContext('/pizza-{version}', 'v1')).toMatchObject({ text: '/pizza-v1' });
  expect(readDefaultVersionContext('/pizza-{version}')).toMatchObject({ message: 'has {version} inside a segment' });
});

test.each([
  ['/', '/'],
  ['/*', '/*'],
  ['/menu/{item}', '/menu/{item}'],
  ['/{a}/{b}/*', '/{a}/{b}/*'],
  ['/straße', '/stra%C3%9Fe'],
  ['/日本/{x}', '/%E6%97%A5%E6%9C%AC/{x}'],
  ['/a%3ab', '/a:b'],
  ['/a:b@c', '/a:b@c'],
])('the template %s is stored as %s', (template, stored) => {
  expect(readTemplate(template)).toMatchObject({ text: stored });
});

test.each([
  ['menu', 'does not start with a slash'],
  ['', 'does not start with a slash'],
  ['/menu/', 'has two slashes in a row or one at its end'],
  ['/a//b', 'has two slashes in a row or one at its end'],
  ['/a/*/b', 'has a * that is not its whole last segment'],
  ['/a*', 'has a * that is not its whole last segment'],
  ['/{}', 'has a variable that is not a whole segment'],
  ['/x-{id}', 'has a variable that is not a whole segment'],
  ['/{a}{b}', 'has a variable that is not a whole segment'],
  ['/a/./b', 'has a segment of dots, which is resolved on the way'],
  ['/a/../b', 'has a segment of dots, which is resolved on the way'],
  ['/..;x', 'has a segment of dots, which is resolved on the way'],
  ['/%2e%2e', 'escapes a character that needs no escape'],
  ['/%61', 'escapes a character that needs no escape'],
  ['/100%', 'has a % that is not followed by two hex digits'],
  ['/%252e', 'has %25 followed by two hex digits, an escape inside an escape'],
  ['/%00', 'escapes a control character'],
  ['/a b', 'has white space or a control character'],
  ['/a\\b', 'has a backslash, which some servers read as a slash'],
  ['/a?b=c', 'has a query'],
  ['/a#b', 'has a #, which never reaches a server'],
  ['/\ud800', 'has half a character (a lone surrogate)'],
])('the template %j is refused: it %s', (template, message) => {
  expect(readTemplate(template)).toEqual({ message, fix: expect.stringMatching(/./) });
});

test('a literal template that is accepted is exactly the path of a request that is accepted', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 }), (segments) => {
      const template = readTemplate(`/${segments.join('/')}`);
      fc.pre('text' in template && !/[{*]/.test(template.text) && template.text !== '/');
      const path = readPath('text' in template ? template.text : '');
      expect(path).toMatchObject({ segments: 'text' in template ? template.text.slice(1).split('/') : [] });
    }),
  );
});
