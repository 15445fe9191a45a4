// Deny policies: whom they name, in every spelling of an address, and that one that cannot be read lets nobody through.

import { describe, expect, test } from 'vitest';
import {
  denyPolicyIndexOf,
  denyPolicyProblem,
  findAddressPolicy,
  findNamingPolicy,
} from '../../../src/domain/deny-policy-index.ts';
import { sampleDenyPolicy } from './catalog-samples.ts';

const hits = (type: 'IP' | 'IPRANGE', value: string, address: string | undefined, invert = false) =>
  findAddressPolicy(denyPolicyIndexOf([sampleDenyPolicy({ type, value, invert })]), 'carbon.super', () => address) !==
  undefined;

describe('an address policy', () => {
  const TABLE: ['IP' | 'IPRANGE', string, string, boolean][] = [
    ['IP', '192.0.2.7', '192.0.2.7', true],
    ['IP', '192.0.2.7', '192.0.2.8', false],
    ['IP', '192.0.2.7', '::ffff:192.0.2.7', true],
    ['IP', '192.0.2.7', '::ffff:c000:207', true],
    ['IP', '::ffff:192.0.2.7', '192.0.2.7', true],
    ['IP', '2001:DB8::7', '2001:db8:0:0:0:0:0:7', true],
    ['IP', 'fe80::1', 'fe80::1%eth0', true],
    ['IP', ' 192.0.2.7 ', '192.0.2.7', true],
    ['IPRANGE', '192.0.2.1-192.0.2.9', '192.0.2.1', true],
    ['IPRANGE', '192.0.2.1 - 192.0.2.9', '192.0.2.9', true],
    ['IPRANGE', '192.0.2.1-192.0.2.9', '192.0.2.10', false],
    ['IPRANGE', '192.0.2.1-192.0.2.9', '2001:db8::1', false],
    ['IPRANGE', '192.0.2.9-192.0.2.100', '192.0.2.20', true],
    ['IPRANGE', '2001:db8::-2001:db8::ffff', '2001:db8::1234', true],
    ['IPRANGE', '192.0.2.0/24', '192.0.2.200', true],
    ['IPRANGE', '192.0.2.0/24', '192.0.3.1', false],
    ['IPRANGE', '2001:db8::/32', '2001:db8:ffff::1', true],
  ];
  test.each(TABLE)('%s %s and %s: %s', (type, value, address, hit) => {
    expect(denyPolicyProblem({ type, value })).toBeUndefined();
    expect(hits(type, value, address)).toBe(hit);
    expect(hits(type, value, address, true), 'inverted').toBe(!hit);
  });

  test.each([undefined, '', 'unknown', '192.0.2', '/run/socket', '192.0.2.7, 10.0.0.1'])(
    'keeps out who comes from %j, inverted or not: nobody knows whether it is meant',
    (address) => {
      expect(hits('IP', '192.0.2.7', address)).toBe(true);
      expect(hits('IP', '192.0.2.7', address, true)).toBe(true);
    },
  );

  test.each([
    ['IP', '192.0.2.0/24'],
    ['IP', ''],
    ['IP', '{"fixedIp":"192.0.2.7"}'],
    ['IPRANGE', '192.0.2.9-192.0.2.1'],
    ['IPRANGE', '192.0.2.1-2001:db8::1'],
    ['IPRANGE', '192.0.2.0/33'],
    ['IPRANGE', '192.0.2.0/'],
    ['IPRANGE', '192.0.2.0/x'],
    ['IPRANGE', '192.0.2.1'],
    ['IPRANGE', '192.0.2.1-192.0.2.2-192.0.2.3'],
  ] as const)(
    'that cannot be read is told of when written, and keeps everybody out when it is there: %s %s',
    (type, value) => {
      expect(denyPolicyProblem({ type, value })).toMatch(/^is no /);
      expect(hits(type, value, '198.51.100.1')).toBe(true);
      expect(hits(type, value, '198.51.100.1', true)).toBe(true);
    },
  );

  test('of another organization, or one that is off, is no matter; no address is asked for then', () => {
    const index = denyPolicyIndexOf([
      sampleDenyPolicy({ type: 'IP', value: '192.0.2.7', organization: 'other' }),
      sampleDenyPolicy({ type: 'IP', value: '192.0.2.7', enabled: false }),
    ]);
    const asked = () => {
      throw new Error('asked');
    };
    expect(findAddressPolicy(index, 'carbon.super', asked)).toBeUndefined();
  });
});

test('a naming policy is found by organization, type and exact name among thousands', () => {
  const many = Array.from({ length: 5000 }, (_, at) =>
    sampleDenyPolicy({ id: `p${at}`, type: 'USER', value: `u${at}` }),
  );
  const index = denyPolicyIndexOf(many);
  expect(findNamingPolicy(index, 'USER', ['carbon.super'], ['nobody', 'u4999'])?.id).toBe('p4999');
  expect(findNamingPolicy(index, 'USER', ['other'], ['u4999'])).toBeUndefined();
  expect(findNamingPolicy(index, 'APPLICATION', ['carbon.super'], ['u4999'])).toBeUndefined();
  expect(findNamingPolicy(index, 'USER', ['carbon.super'], ['U4999', 'u4999 '])).toBeUndefined();
});

test('an API is named with or without the slash at the end of its context', () => {
  const index = denyPolicyIndexOf([sampleDenyPolicy({ id: 'slash', type: 'API', value: '/pizza/1.0.0/' })]);
  expect(findNamingPolicy(index, 'API', ['carbon.super'], ['/pizza/1.0.0'])?.id).toBe('slash');
});
