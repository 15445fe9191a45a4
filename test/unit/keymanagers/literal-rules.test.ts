import { expect, test } from 'vitest';
import { literalRules } from '../../../src/keymanagers/literal-rules.ts';

const rule = (value: unknown, changes: object = {}) => ({ type: 'JWT' as const, value, ...changes });

test('keeps enabled JWT rules of plain text', () => {
  const rules = [
    rule({ body: { tenant: 'blue', kind: 'a-b_c/d:e' } }),
    rule({ body: { tenant: 'green' } }, { enable: true }),
    rule({ body: { tenant: 'off' } }, { enable: false }),
    { type: 'REFERENCE' as const, value: '[a-z]+' },
    { type: 'CUSTOM' as const, value: null },
  ];
  expect(literalRules(rules)).toEqual([{ tenant: 'blue', kind: 'a-b_c/d:e' }, { tenant: 'green' }]);
});

test.each(['.*', 'a+', 'blue|green', '^blue', 'blue$', 'a?', '(a)', '[a]', '{1}', 'a\\d', 'https://idp.example', ''])(
  'one rule with the pattern %s makes all of them useless for telling key managers apart',
  (pattern) => {
    expect(literalRules([rule({ body: { tenant: 'blue' } }), rule({ body: { tenant: pattern } })])).toEqual([]);
  },
);

test.each([null, 'text', [], {}, { body: null }, { body: [] }, { body: {} }, { body: { a: 1 } }])(
  'a rule that cannot be read is no literal rule: %j',
  (value) => {
    expect(literalRules([rule(value)])).toEqual([]);
  },
);
