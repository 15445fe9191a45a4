// What is sealed opens in its place only, and everything else is nothing.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Envelopes, keyIdOf, lengthPrefixed } from '../../../src/sealing/envelope.ts';
import { deriveKey, type SealingKey } from '../../../src/sealing/sealing-key.ts';

const key = (id: string, byte: number): SealingKey => ({ id, secret: Buffer.alloc(32, byte).toString('base64url') });
const OLD = key('2025', 1);
const NEW = key('2026', 2);
const PLACE = ['table', 'row', 'field'];
const text = (opened: Buffer | undefined) => opened?.toString();

test('a value comes back in its place, and two envelopes of it have nothing in common', () => {
  const envelopes = new Envelopes([NEW], 'test');
  const [one, other] = [envelopes.seal(Buffer.from('s3cret'), PLACE), envelopes.seal(Buffer.from('s3cret'), PLACE)];
  expect(one.split(':')[2]?.slice(0, 8)).not.toBe(other.split(':')[2]?.slice(0, 8));
  expect([one, other].map((envelope) => text(envelopes.open(envelope, PLACE)))).toEqual(['s3cret', 's3cret']);
  expect(one).not.toContain('s3cret');
  expect(text(envelopes.open(envelopes.seal(Buffer.alloc(0), PLACE), PLACE))).toBe('');
});

test.each([
  ['another row', ['table', 'other', 'field']],
  ['another field', ['table', 'row', 'other']],
  ['the same letters, cut elsewhere', ['table', 'rowf', 'ield']],
  ['a longer place', [...PLACE, '']],
  ['no place', []],
])('a value does not open in %s', (_what, place) => {
  const envelopes = new Envelopes([NEW], 'test');
  expect(envelopes.open(envelopes.seal(Buffer.from('x'), PLACE), place)).toBeUndefined();
});

test('one purpose does not open what another one sealed', () => {
  const sealed = new Envelopes([NEW], 'one').seal(Buffer.from('x'), PLACE);
  expect(new Envelopes([NEW], 'other').open(sealed, PLACE)).toBeUndefined();
  expect(deriveKey(NEW, 'one')).not.toEqual(deriveKey(NEW, 'other'));
});

test('the first key seals and all of them open; a key that is not there, or another one of its name, opens nothing', () => {
  const before = new Envelopes([OLD], 'test').seal(Buffer.from('x'), PLACE);
  const both = new Envelopes([NEW, OLD], 'test');
  expect(text(both.open(before, PLACE))).toBe('x');
  expect(both.isCurrent(before)).toBe(false);
  const after = both.seal(Buffer.from('x'), PLACE);
  expect([keyIdOf(before), keyIdOf(after), both.isCurrent(after)]).toEqual(['2025', '2026', true]);
  expect(new Envelopes([NEW], 'test').open(before, PLACE)).toBeUndefined();
  expect(new Envelopes([key('2025', 9)], 'test').open(before, PLACE)).toBeUndefined();
  expect(new Envelopes([NEW, OLD], 'test').open(after.replace('2026', '2025'), PLACE)).toBeUndefined();
  expect(() => new Envelopes([], 'test')).toThrow('no sealing key');
});

test('no changed character of an envelope is let pass', () => {
  const envelopes = new Envelopes([NEW], 'test');
  const sealed = envelopes.seal(Buffer.from('secret value'), PLACE);
  for (let at = 0; at < sealed.length; at++)
    for (const other of ['A', 'B', '-']) {
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      if (changed !== sealed) expect(envelopes.open(changed, PLACE)).toBeUndefined();
    }
});

test('garbage, cut and lengthened envelopes are nothing and no error', () => {
  const envelopes = new Envelopes([NEW], 'test');
  const sealed = envelopes.seal(Buffer.from('secret value'), PLACE);
  for (const bad of [
    '',
    ':',
    '1::',
    '1:2026:',
    `${sealed}A`,
    sealed.slice(0, -1),
    sealed.slice(0, 40),
    ` ${sealed}`,
    `${sealed}\n`,
  ])
    expect(envelopes.open(bad, PLACE)).toBeUndefined();
  fc.assert(fc.property(fc.string(), (bad) => envelopes.open(bad, PLACE) === undefined));
});

test('no two lists of texts have the same bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      const wellFormed = (list: string[]) => JSON.stringify(list.map((one) => one.toWellFormed()));
      expect(lengthPrefixed(a).equals(lengthPrefixed(b))).toBe(wellFormed(a) === wellFormed(b));
    }),
  );
  expect(lengthPrefixed(['ab', 'c']).equals(lengthPrefixed(['a', 'bc']))).toBe(false);
});
