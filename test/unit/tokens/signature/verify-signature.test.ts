// Every algorithm of the table against jose, which signs and judges the same texts on its own.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import { expect, test } from 'vitest';
import { SIGNATURE_ALGORITHMS } from '../../../../src/domain/signature-algorithm.ts';
import { type VerificationKey, verificationKeyOf } from '../../../../src/tokens/keys/verification-key.ts';
import { verifySignature } from '../../../../src/tokens/signature/verify-signature.ts';
import { seededRandom } from '../../../rig/seeded-random.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curves = new Map(['P-256', 'P-384', 'P-521'].map((crv) => [crv, generateKeyPairSync('ec', { namedCurve: crv })]));
const ed25519 = generateKeyPairSync('ed25519');

function pairOf(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const wanted = SIGNATURE_ALGORITHMS.get(alg);
  if (wanted?.kty === 'RSA') return rsa;
  return (wanted?.kty === 'EC' ? curves.get(wanted.crv) : undefined) ?? ed25519;
}

function keyOf(publicKey: KeyObject): VerificationKey {
  const none = { kid: undefined, alg: undefined, x5t: undefined, x5tS256: undefined, issuer: undefined };
  const key = verificationKeyOf(publicKey, none);
  if (typeof key === 'string') throw new Error(key);
  return key;
}

const sign = (alg: string) =>
  new CompactSign(new TextEncoder().encode('{"a":1}')).setProtectedHeader({ alg }).sign(pairOf(alg).privateKey);

test.each([...SIGNATURE_ALGORITHMS.keys()])(
  '%s: verifies what jose signed, and nothing that jose would not',
  async (alg) => {
    const { publicKey } = pairOf(alg);
    const key = keyOf(publicKey);
    const good = await sign(alg);
    expect(verifySignature(good, alg, [key])).toBe(key);
    const { below } = seededRandom(7518);
    const [head, body, signature = ''] = good.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    for (let n = 0; n < 60; n++) {
      const changed = Buffer.from(bytes);
      const at = below(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << below(8));
      const forms = [
        changed,
        changed.subarray(0, below(changed.length)),
        Buffer.concat([bytes, changed.subarray(0, 1 + below(9))]),
      ];
      for (const form of [...forms, Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
        const text = `${head}.${body}.${form.toString('base64url')}`;
        const oracle = await compactVerify(text, publicKey, { algorithms: [alg] }).then(
          () => true,
          () => false,
        );
        expect(oracle).toBe(false);
        expect(verifySignature(text, alg, [key])).toBeUndefined();
      }
    }
  },
);

test('the first key that verifies is named, and an algorithm of the same key that did not sign does not verify', async () => {
  const [stranger, own] = [generateKeyPairSync('rsa', { modulusLength: 2048 }), rsa].map(({ publicKey }) =>
    keyOf(publicKey),
  );
  const keys = [stranger, own].filter((key) => key !== undefined);
  const algorithms = [...SIGNATURE_ALGORITHMS].filter(([, { kty }]) => kty === 'RSA').map(([alg]) => alg);
  for (const signed of algorithms)
    for (const asked of algorithms)
      expect(verifySignature(await sign(signed), asked, keys)).toBe(signed === asked ? own : undefined);
});

test('a PSS salt of another length than the digest’s is not what RFC 7518 §3.5 says', async () => {
  const { sign: signBytes, constants } = await import('node:crypto');
  const input = `${Buffer.from('{"alg":"PS256"}').toString('base64url')}.e30`;
  for (const [saltLength, verifies] of [
    [32, true],
    [0, false],
    [20, false],
    [constants.RSA_PSS_SALTLEN_MAX_SIGN, false],
  ] as const) {
    const options = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    const text = `${input}.${signBytes('sha256', Buffer.from(input), options).toString('base64url')}`;
    expect(verifySignature(text, 'PS256', [keyOf(rsa.publicKey)]) !== undefined).toBe(verifies);
  }
});
