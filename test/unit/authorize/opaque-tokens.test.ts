// Whose an opaque token is: decided by patterns, before anybody is asked, and for one key manager only.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pickKeyManager } from '../../../src/authorize/pick-key-manager.ts';
import type { Introspection } from '../../../src/domain/introspection.ts';
import type { KeyManager, TextPattern } from '../../../src/domain/key-manager.ts';
import { keyManagerIndexOf } from '../../../src/domain/key-manager-index.ts';
import { sampleApi, sampleKeyManager } from '../domain/catalog-samples.ts';
import { decide, type Witness } from './world-sample.ts';

const INTROSPECTION: Introspection = {
  endpoint: 'https://partner.example/introspect',
  auth: { kind: 'none', clientId: null },
  headers: {},
  tokenTypeHint: null,
  consumerKeyMembers: ['client_id'],
  scopesMembers: ['scope'],
  marks: [],
  tokenTypes: ['Bearer'],
  requireExp: true,
  ttlMs: 1000,
  timeoutMs: 100,
};
const pattern = (source: string): TextPattern => ({
  source,
  matches: (text) => new RegExp(`^(?:${source})$`).test(text),
});
const asked = (name: string, sequence: number, sources: readonly string[], over: Partial<KeyManager> = {}) =>
  sampleKeyManager({
    id: `km-${name}`,
    name,
    sequence,
    issuers: [`https://${name}.example`],
    introspection: INTROSPECTION,
    referenceRules: sources.map(pattern),
    ...over,
  });
const pick = (text: string, keyManagers: readonly KeyManager[], list: 'all' | readonly string[] = 'all') => {
  const ids = list === 'all' ? 'all' : list.map((name) => `km-${name}`);
  const api = sampleApi({ keyManagers: ids });
  const picked = pickKeyManager({ kind: 'opaque', text, hash: '' }, api, keyManagerIndexOf(keyManagers));
  return 'outcome' in picked ? picked.reason : picked.name;
};

describe('an opaque token goes to', () => {
  test('the key manager whose pattern fits', () => {
    const keyManagers = [asked('a', 1, ['a-.*']), asked('b', 2, ['b-.*'])];
    expect(pick('a-1', keyManagers)).toBe('a');
    expect(pick('b-1', keyManagers)).toBe('b');
    expect(pick('c-1', keyManagers)).toBe('opaque_token_not_claimed');
  });

  test('the first created of those that fit, where the API takes all', () => {
    expect(pick('x', [asked('late', 9, ['x']), asked('early', 2, ['.*'])])).toBe('early');
    expect(pick('x', [asked('early', 2, ['x']), asked('late', 9, ['x'])])).toBe('early');
  });

  test('the first of the API’s own list of those that fit', () => {
    const keyManagers = [asked('early', 2, ['x']), asked('late', 9, ['x'])];
    expect(pick('x', keyManagers, ['late', 'early'])).toBe('late');
    expect(pick('x', keyManagers, ['early'])).toBe('early');
  });

  test('a Global key manager, in order of creation among the organization’s own', () => {
    const global = asked('global', 3, ['x'], { organization: 'WSO2/System' });
    expect(pick('x', [global])).toBe('global');
    expect(pick('x', [global, asked('own', 2, ['x'])])).toBe('own');
    expect(pick('x', [global, asked('own', 4, ['x'])])).toBe('global');
  });

  test('the only one that introspects, where that one has no pattern', () => {
    expect(pick('anything', [asked('a', 1, []), sampleKeyManager({ sequence: 2 })])).toBe('a');
    expect(pick('anything', [asked('a', 1, []), asked('b', 2, ['b-.*'])])).toBe('opaque_token_not_claimed');
    expect(pick('anything', [asked('a', 1, []), asked('b', 2, [])], ['b'])).toBe('b');
    expect(pick('anything', [asked('a', 1, ['a'])])).toBe('opaque_token_not_claimed');
  });
});

describe('an opaque token never goes to', () => {
  test.each<[string, Partial<KeyManager>]>([
    ['one that is disabled', { enabled: false }],
    ['one whose tokens are exchanged first', { tokenType: 'EXCHANGED' }],
    ['one without introspection', { introspection: null }],
    ['one of another organization', { organization: 'other.example' }],
  ])('%s', (_what, over) => {
    expect(pick('x', [asked('a', 1, ['x'], over)])).toBe('opaque_token_unsupported');
    expect(pick('x', [asked('a', 1, ['x'], over), asked('b', 2, ['x'])])).toBe('b');
  });

  test('one that the API does not list', () => {
    expect(pick('x', [asked('a', 1, ['x']), asked('b', 2, ['y'])], ['b'])).toBe('opaque_token_not_claimed');
    expect(pick('x', [asked('a', 1, ['x'])], [])).toBe('opaque_token_unsupported');
  });

  test('a second one, when the first refuses it', () => {
    const witness: Witness = { asked: [] };
    const keyManagers = [asked('a', 1, ['opaque']), asked('b', 2, ['opaque'])];
    const decided = decide(
      {
        keyManagers,
        apis: [sampleApi({ keyManagers: 'all' })],
        headers: { authorization: ['Bearer opaque'] },
        proof: { kind: 'refused', reason: 'token_inactive', evidence: {} },
      },
      witness,
    );
    expect(decided).toMatchObject({ outcome: 'deny', reason: 'token_inactive' });
    expect(witness.asked).toEqual(['a']);
  });
});

test('a JWT of an unknown issuer goes to nobody, whatever the patterns', () => {
  const witness: Witness = { asked: [] };
  const keyManagers = [asked('a', 1, ['.*'])];
  const decided = decide({ keyManagers, apis: [sampleApi({ keyManagers: 'all' })] }, witness);
  expect(decided).toMatchObject({ outcome: 'deny', reason: 'issuer_unknown' });
  expect(witness.asked).toEqual([]);
});

test('a JWT whose key manager does not let us validate it goes to that one', () => {
  const witness: Witness = { asked: [] };
  const own = asked('own', 2, ['never'], { issuers: ['https://partner.example'], selfValidateJwt: false });
  decide({ keyManagers: [asked('a', 1, ['.*']), own], apis: [sampleApi({ keyManagers: 'all' })] }, witness);
  expect(witness.asked).toEqual(['own']);
});

test('a thousand key managers with one pattern cost one comparison', () => {
  let compared = 0;
  const counting: TextPattern = { source: 'p', matches: () => ++compared > 0 && false };
  const many = Array.from({ length: 1000 }, (_, at) => asked(`${at}`, at, [], { referenceRules: [counting] }));
  expect(pick('x', many)).toBe('opaque_token_not_claimed');
  expect(compared).toBe(1);
});

test('the answer is that of going through the list one by one', () => {
  const keyManager = fc.record({
    sources: fc.array(fc.constantFrom('a', 'b', '[ab]'), { maxLength: 2 }),
    enabled: fc.boolean(),
    introspects: fc.boolean(),
    global: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(keyManager, { maxLength: 6 }),
      fc.constantFrom('a', 'b', 'c'),
      fc.boolean(),
      (rows, text, all) => {
        const keyManagers = rows.map(({ sources, enabled, introspects, global }, at) =>
          asked(`${at}`, at, sources, {
            enabled,
            introspection: introspects ? INTROSPECTION : null,
            organization: global ? 'WSO2/System' : 'carbon.super',
          }),
        );
        const list = all ? keyManagers : keyManagers.toReversed();
        const able = list.filter(({ enabled, introspection }) => enabled && introspection !== null);
        const claiming =
          able.find(({ referenceRules }) => referenceRules.some(({ matches }) => matches(text))) ??
          (able.length === 1 ? able.find(({ referenceRules }) => referenceRules.length === 0) : undefined);
        const reason = able.length === 0 ? 'opaque_token_unsupported' : 'opaque_token_not_claimed';
        expect(pick(text, keyManagers, all ? 'all' : list.map(({ name }) => name))).toBe(claiming?.name ?? reason);
      },
    ),
  );
});
