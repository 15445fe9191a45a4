// JWTs are taken apart once: what is remembered must be what the strict reader said, of this text and of no other.

import { describe, expect, test } from 'vitest';
import { isRefusal, type Refusal } from '../../../../src/domain/decision.ts';
import type { UnprovedToken } from '../../../../src/domain/token.ts';
import { readToken } from '../../../../src/tokens/reading/read-token.ts';
import { TokenReadings } from '../../../../src/tokens/reading/token-readings.ts';
import { liveHeapBytes } from '../../../rig/live-heap.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object, signature = 'c2lnbmF0dXJl') => `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`;

/** All that a reading says. */
function told(read: UnprovedToken | Refusal) {
  if (isRefusal(read) || read.kind === 'opaque') return read;
  const { kind, text, hash, header, claims, issuer } = read;
  return { kind, text, hash, header, claims, issuer };
}

describe('a reading', () => {
  test('is that of the strict reader, the first time and every other time', () => {
    const readings = new TokenReadings();
    for (const credential of [
      jwt({ iss: 'https://a.example' }),
      jwt({ iss: 1 }),
      jwt({}),
      'opaque',
      'a.b.c',
      `${jwt({})}=`,
    ])
      for (let time = 0; time < 3; time++) expect(told(readings.read(credential))).toEqual(readToken(credential));
  });

  test('is of one text: another signature under the same claims is another token', () => {
    const readings = new TokenReadings();
    const [one, other] = [jwt({ sub: 'a' }, 'AAAA'), jwt({ sub: 'a' }, 'AAAB')];
    readings.read(one);
    expect(told(readings.read(other))).toEqual(readToken(other));
    expect(told(readings.read(one))).toEqual(readToken(one));
  });

  test('is right for those in use and for those forgotten in a flood of others', () => {
    const readings = new TokenReadings();
    const inUse = jwt({ sub: 'in use' });
    const filler = 'x'.repeat(500_000);
    const flood = Array.from({ length: 60 }, (_, serial) => jwt({ serial, filler }));
    for (const credential of [...flood, ...flood.slice(0, 5)]) {
      expect(told(readings.read(credential))).toEqual(readToken(credential));
      expect(told(readings.read(inUse))).toEqual(readToken(inUse));
    }
  });

  test('takes no more memory than its bound, however many distinct tokens come', () => {
    const readings = new TokenReadings();
    const read = (from: number, to: number) => {
      for (let serial = from; serial < to; serial++)
        readings.read(jwt({ iss: 'https://a.example', sub: `s${serial}` }));
    };
    read(0, 100);
    const before = liveHeapBytes();
    read(100, 60_000);
    const held = liveHeapBytes() - before;
    read(60_000, 120_000);
    const later = liveHeapBytes() - before;
    // Two generations of 8 MiB, estimated: a quarter more would be a wrong estimate.
    for (const bytes of [held, later]) expect(bytes / 2 ** 20).toBeLessThan(16 * 1.25);
    expect(readings.read(jwt({ iss: 'https://a.example', sub: 's1' }))).toMatchObject({ issuer: 'https://a.example' });
  });

  test('is held without what it says, until that is asked for again: then for as long as the token is in use', () => {
    const readings = new TokenReadings();
    const claimsOf = (credential: string) => {
      const token = readings.read(credential);
      return 'kind' in token && token.kind === 'jwt' ? token.claims : undefined;
    };
    const inUse = jwt({ sub: 'in use' });
    expect(claimsOf(inUse)).toEqual({ sub: 'in use' });
    const again = claimsOf(inUse);
    expect(again).toEqual({ sub: 'in use' });
    const filler = 'x'.repeat(500_000);
    const flood = (serial: number) => [1, 2].map(() => claimsOf(jwt({ serial, filler })));
    for (let serial = 0; serial < 60; serial++) {
      flood(serial);
      expect(claimsOf(inUse)).toBe(again);
    }
    for (let serial = 0; serial < 60; serial++) flood(serial);
    expect(claimsOf(inUse)).not.toBe(again);
  });

  test('says the same of header and claims whichever is asked for first', () => {
    for (const order of [['header', 'claims'] as const, ['claims', 'header'] as const]) {
      const readings = new TokenReadings();
      const credential = jwt({ sub: 'a' });
      readings.read(credential);
      const token = readings.read(credential);
      if (isRefusal(token) || token.kind !== 'jwt') throw new Error('not a JWT');
      expect(order.map((part) => token[part])).toEqual(
        order.map((part) => ({ header: { alg: 'RS256' }, claims: { sub: 'a' } })[part]),
      );
    }
  });
});

describe('a header', () => {
  const spelled = (header: string) => `${Buffer.from(header).toString('base64url')}.${part({ iss: 'a' })}.AAAA`;

  test('that was read before is that of its exact spelling, and a refused one is refused each time', () => {
    const readings = new TokenReadings();
    const headers = [
      '{"alg":"RS256","kid":"a"}',
      '{"alg":"RS256","kid":"b"}',
      '{"alg":"RS256","kid":"a" }',
      '{"alg":"RS256","kid":"a","kid":"b"}',
      '{"alg":"RS256","crit":["x"]}',
      '{"alg":"RS256","outcome":"deny"}',
      '{"alg":1}',
      '[]',
    ];
    const of = (header: string, serial: number) => spelled(header).replace('AAAA', `AAA${'ABCDEFGH'[serial]}`);
    for (let serial = 0; serial < 3; serial++)
      for (const header of headers) {
        const credential = of(header, serial);
        expect(told(readings.read(credential))).toEqual(readToken(credential));
        expect(told(readings.read(`${credential}=`))).toEqual(readToken(`${credential}=`));
        const padded = credential.replace('.', '=.');
        expect(told(readings.read(padded))).toEqual(readToken(padded));
      }
  });

  test('is right in a flood of made-up ones', () => {
    const readings = new TokenReadings();
    for (let serial = 0; serial < 5_000; serial++) {
      const credential = spelled(`{"alg":"RS256","kid":"${serial % 2 === 0 ? 'in use' : serial}"}`);
      expect(told(readings.read(credential))).toEqual(readToken(credential));
    }
  });
});
