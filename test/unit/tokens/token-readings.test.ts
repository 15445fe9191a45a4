// JWTs are taken apart once: what is remembered must be what the strict reader said, of this text and of no other.

import { describe, expect, test } from 'vitest';
import { readToken } from '../../../src/tokens/read-token.ts';
import { TokenReadings } from '../../../src/tokens/token-readings.ts';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object, signature = 'c2lnbmF0dXJl') => `${part({ alg: 'RS256' })}.${part(claims)}.${signature}`;

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
      for (let time = 0; time < 3; time++) expect(readings.read(credential)).toEqual(readToken(credential));
  });

  test('is of one text: another signature under the same claims is another token', () => {
    const readings = new TokenReadings();
    const [one, other] = [jwt({ sub: 'a' }, 'AAAA'), jwt({ sub: 'a' }, 'AAAB')];
    readings.read(one);
    expect(readings.read(other)).toEqual(readToken(other));
    expect(readings.read(one)).toEqual(readToken(one));
  });

  test('is right for those in use and for those forgotten in a flood of others', () => {
    const readings = new TokenReadings();
    const inUse = jwt({ sub: 'in use' });
    const filler = 'x'.repeat(500_000);
    const flood = Array.from({ length: 60 }, (_, serial) => jwt({ serial, filler }));
    for (const credential of [...flood, ...flood.slice(0, 5)]) {
      expect(readings.read(credential)).toEqual(readToken(credential));
      expect(readings.read(inUse)).toEqual(readToken(inUse));
    }
  });

  test('takes the objects of before for as long as the token is in use', () => {
    const readings = new TokenReadings();
    const claimsOf = (credential: string) => {
      const token = readings.read(credential);
      return 'kind' in token && token.kind === 'jwt' ? token.claims : undefined;
    };
    const inUse = jwt({ sub: 'in use' });
    const first = claimsOf(inUse);
    expect(first).toEqual({ sub: 'in use' });
    const filler = 'x'.repeat(500_000);
    for (let serial = 0; serial < 60; serial++) {
      claimsOf(jwt({ serial, filler }));
      expect(claimsOf(inUse)).toBe(first);
    }
    for (let serial = 0; serial < 60; serial++) claimsOf(jwt({ serial, filler }));
    expect(claimsOf(inUse)).not.toBe(first);
  });
});
