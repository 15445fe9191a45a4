import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenValidationDto } from '../../../src/domain/key-manager-dto.ts';
import { claimsToken, rulesExclude } from '../../../src/domain/key-manager-index.ts';
import { literalPartOf, tokenRules } from '../../../src/keymanagers/token-rules.ts';
import { judged, problemsOf, resolved } from './key-manager-sample.ts';

const jwt = (body: unknown, more: object = {}) => ({ type: 'JWT' as const, value: { body }, ...more });
const reference = (value: unknown, more: object = {}) => ({ type: 'REFERENCE' as const, value, ...more });
const rules = (...given: TokenValidationDto[]) => tokenRules(given);

describe('JWT rules', () => {
  const claims = (body: Record<string, string>, token: Record<string, unknown>) =>
    claimsToken(resolved({ tokenValidation: [jwt(body)] }), token);

  test('without signs of a pattern are equality', () => {
    expect(claims({ tenant: 'blue' }, { tenant: 'blue' })).toBe(true);
    expect(claims({ tenant: 'blue' }, { tenant: 'blueish' })).toBe(false);
  });

  test('with signs of a pattern are looked for in the claim, as in WSO2', () => {
    expect(claims({ tenant: 'bl.e|green' }, { tenant: 'my-green-one' })).toBe(true);
    expect(claims({ tenant: '^blue$' }, { tenant: 'blues' })).toBe(false);
    expect(claims({ tenant: '.*' }, { tenant: ['blue'] })).toBe(false);
    expect(claims({ tenant: '.*' }, {})).toBe(false);
  });

  test('must all hold, unlike in WSO2', () => {
    expect(claims({ tenant: 'bl.e', env: 'prod' }, { tenant: 'blue', env: 'prod' })).toBe(true);
    expect(claims({ tenant: 'bl.e', env: 'prod' }, { tenant: 'blue', env: 'test' })).toBe(false);
  });

  test('that are anchored texts are texts, and so tell key managers apart', () => {
    const body = { iss2: '^https://a\\.example/x$', sub: '^spiffe://b\\.example\\/y$' };
    expect(rules(jwt(body)).jwtRules).toEqual([{ iss2: 'https://a.example/x', sub: 'spiffe://b.example/y' }]);
    expect(judged({ tokenValidation: [jwt(body)] }).jwtRules).toHaveLength(1);
  });

  test('that are switched off claim nothing, and are read all the same', () => {
    expect(rules(jwt({ a: 'b' }, { enable: false })).jwtRules).toEqual([]);
    expect(problemsOf({ tokenValidation: [jwt({ a: '(' }, { enable: false })] })).not.toEqual({});
  });

  test('tell key managers apart by their texts alone', () => {
    const { jwtRules } = rules(jwt({ tenant: 'blue', env: 'p.*' }), jwt({ env: 'p.*' }));
    expect(literalPartOf(jwtRules)).toEqual([{ tenant: 'blue' }, {}]);
    expect(judged({ tokenValidation: [jwt({ tenant: 'blue', env: 'p.*' })] }).jwtRules).toEqual([{ tenant: 'blue' }]);
  });

  test('a claim with the name of a prototype is a claim', () => {
    expect(claims({ constructor: 'x' }, {})).toBe(false);
    expect(rules({ type: 'JWT', value: JSON.parse('{"body":{"__proto__":"x"}}') }).jwtRules).toHaveLength(1);
  });

  test.each<[unknown, string]>([
    [null, 'body'],
    ['text', 'body'],
    [{}, 'body'],
    [{ body: null }, 'body'],
    [{ body: [] }, 'body'],
    [{ body: {} }, 'body'],
    [{ body: { a: 1 } }, 'body.a'],
    [{ body: { a: '' } }, 'body.a'],
    [{ body: { a: '(?=x)' } }, 'body.a'],
    [{ body: { a: '(a)\\1' } }, 'body.a'],
    [{ body: { a: '(' } }, 'body.a'],
    [{ body: { a: `${'a'.repeat(512)}.` } }, 'body.a'],
    [{ body: { a: '((a{100}){10}){10}' } }, 'body.a'],
  ])('that cannot be used are a problem of their field: %j', (value, field) => {
    expect(Object.keys(problemsOf({ tokenValidation: [jwt({ ok: 'x' }), { type: 'JWT', value }] }))).toEqual([
      `tokenValidation[1].value.${field}`,
    ]);
  });
});

describe('REFERENCE rules', () => {
  const fits = (given: TokenValidationDto[], text: string, type = 'CustomKeyManager') =>
    resolved({ type, tokenValidation: given }).referenceRules.some((pattern) => pattern.matches(text));

  test('must fit the whole token', () => {
    expect(fits([reference('[a-f0-9]{4}')], 'ab12')).toBe(true);
    expect(fits([reference('[a-f0-9]{4}')], 'xab12')).toBe(false);
    expect(fits([reference('[a-f0-9]{4}')], 'ab12\n')).toBe(false);
    expect(fits([reference('a|bc')], 'abc')).toBe(false);
    expect(fits([reference('^ab$')], 'ab')).toBe(true);
  });

  test('suffice one by one', () => {
    const given = [reference('a+'), reference('b+')];
    expect(fits(given, 'aa')).toBe(true);
    expect(fits(given, 'bb')).toBe(true);
    expect(fits(given, 'ab')).toBe(false);
  });

  test('stand in the place of the type’s pattern', () => {
    const uuid = '3f8a1c1e-7b0f-3d5e-9a52-0d7c6b1a2f3e';
    expect(fits([], uuid, 'default')).toBe(true);
    expect(fits([jwt({ a: 'b' })], uuid, 'default')).toBe(true);
    expect(fits([reference('x')], uuid, 'default')).toBe(false);
  });

  test('that are all switched off claim nothing, not even what the type would', () => {
    const keyManager = resolved({ type: 'default', tokenValidation: [reference('x', { enable: false })] });
    expect(keyManager.referenceRules).toHaveLength(1);
    expect(keyManager.referenceRules.some((pattern) => pattern.matches('x') || pattern.matches(''))).toBe(false);
  });

  test.each([[null], [7], [''], [{}], ['('], ['(?<=a)b'], ['a'.repeat(513)]])('%j is a problem', (value) => {
    expect(Object.keys(problemsOf({ tokenValidation: [reference(value)] }))).toEqual(['tokenValidation[0].value']);
  });

  test('take a pattern that backtracking engines choke on, and a long token, without trouble', () => {
    expect(fits([reference('(a+)+b')], `${'a'.repeat(16_000)}c`)).toBe(false);
    expect(fits([reference('a*')], 'a'.repeat(20_000))).toBe(false);
  });
});

test('CUSTOM rules name code that is not here, so they are refused, unless they are switched off', () => {
  const custom = { type: 'CUSTOM' as const, value: 'org.example.Handler' };
  expect(problemsOf({ tokenValidation: [custom] })).toEqual({
    'tokenValidation[0].type': expect.stringContaining('CUSTOM'),
  });
  expect(problemsOf({ tokenValidation: [{ ...custom, enable: false }] })).toEqual({});
});

test('key managers whose literal parts exclude each other never both claim a token', () => {
  const text = fc.constantFrom('1', '2', '[12]', '.*', '^1$');
  const body = fc.dictionary(fc.constantFrom('a', 'b'), text, { minKeys: 1, noNullPrototype: true });
  const list = fc
    .array(body, { minLength: 1, maxLength: 2 })
    .map((bodies) => rules(...bodies.map((one) => jwt(one))).jwtRules);
  const token = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '12'), { noNullPrototype: true });
  const [one, other] = [resolved(), resolved()];
  fc.assert(
    fc.property(list, list, token, (a, b, claims) => {
      const both = claimsToken({ ...one, jwtRules: a }, claims) && claimsToken({ ...other, jwtRules: b }, claims);
      return !(both && rulesExclude(literalPartOf(a), literalPartOf(b)));
    }),
  );
});
