import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LiteralRule } from '../../../src/domain/key-manager.ts';
import {
  claimsToken,
  keyManagerIndexOf,
  keyManagersOfIssuer,
  rulesExclude,
} from '../../../src/domain/key-manager-index.ts';
import { sampleKeyManager } from './catalog-samples.ts';

const names = (organization: string, issuer: string, ...keyManagers: ReturnType<typeof sampleKeyManager>[]) =>
  keyManagersOfIssuer(keyManagerIndexOf(keyManagers), organization, issuer).map(({ name }) => name);

describe('key managers of an issuer', () => {
  test('are those of the organization and the Global one', () => {
    const own = sampleKeyManager({ id: '1', name: 'own', organization: 'a' });
    const global = sampleKeyManager({ id: '2', name: 'global', organization: 'WSO2/System' });
    const foreign = sampleKeyManager({ id: '3', name: 'foreign', organization: 'b' });
    expect(names('a', 'https://partner.example', own, global, foreign)).toEqual(['global', 'own']);
  });

  test('come in order of creation, however they were loaded', () => {
    const first = sampleKeyManager({ id: '1', name: 'first', sequence: 1 });
    const second = sampleKeyManager({ id: '2', name: 'second', sequence: 2 });
    expect(names('carbon.super', 'https://partner.example', second, first)).toEqual(['first', 'second']);
  });

  test('are found by each of their issuers', () => {
    const google = sampleKeyManager({
      name: 'google',
      issuers: ['https://accounts.google.com', 'accounts.google.com'],
    });
    expect(names('carbon.super', 'accounts.google.com', google)).toEqual(['google']);
  });
});

describe('rules', () => {
  test('all pairs of a rule must hold, one of several rules suffices', () => {
    const keyManager = sampleKeyManager({ jwtRules: [{ tid: 'a', env: 'x' }, { tid: 'b' }] });
    expect(claimsToken(keyManager, { tid: 'a', env: 'x' })).toBe(true);
    expect(claimsToken(keyManager, { tid: 'a' })).toBe(false);
    expect(claimsToken(keyManager, { tid: 'b' })).toBe(true);
    expect(claimsToken(keyManager, { tid: ['b'] })).toBe(false);
  });

  test('without rules every token of its issuer is claimed, and none where there is no issuer', () => {
    expect(claimsToken(sampleKeyManager(), { any: 'thing' })).toBe(true);
    expect(claimsToken(sampleKeyManager({ issuers: [] }), { any: 'thing' })).toBe(false);
  });

  test('a claim that every object inherits is not a claim', () => {
    expect(claimsToken(sampleKeyManager({ jwtRules: [{ constructor: 'x' }] }), {})).toBe(false);
  });

  test('that exclude each other never both claim a token', () => {
    const rules = fc.array(
      fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { minKeys: 1, noNullPrototype: true }),
      { minLength: 1, maxLength: 3 },
    ) as fc.Arbitrary<LiteralRule[]>;
    const claims = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { noNullPrototype: true });
    fc.assert(
      fc.property(rules, rules, claims, (one, other, token) => {
        const both =
          claimsToken(sampleKeyManager({ jwtRules: one }), token) &&
          claimsToken(sampleKeyManager({ jwtRules: other }), token);
        return !(both && rulesExclude(one, other));
      }),
    );
  });

  test('a key manager without rules excludes none', () => {
    expect(rulesExclude([], [{ a: '1' }])).toBe(false);
  });
});
