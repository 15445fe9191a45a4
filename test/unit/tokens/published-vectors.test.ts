import { expect, test } from 'vitest';
import { readClaims } from '../../../src/tokens/claims/read-claims.ts';
import { importJwks } from '../../../src/tokens/keys/import-jwks.ts';
import { selectKeys } from '../../../src/tokens/keys/select-keys.ts';
import { readToken } from '../../../src/tokens/reading/read-token.ts';
import { verifySignature } from '../../../src/tokens/signature/verify-signature.ts';
import { keyManager, NOW_MS } from './token-sample.ts';
import { vectorJson } from './vectors.ts';

interface Cookbook {
  readonly input: { readonly key: Record<string, unknown> | readonly Record<string, unknown>[]; readonly alg?: string };
  readonly signing: { readonly protected?: Record<string, unknown> };
  readonly output: Readonly<Record<string, unknown>>;
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi'];
const publicPart = (jwk: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE.includes(name)));

async function verifies(text: string, header: Record<string, unknown>, jwk: Record<string, unknown>): Promise<boolean> {
  const set = importJwks(JSON.stringify({ keys: [publicPart(jwk)] }));
  if ('problem' in set) throw new Error(JSON.stringify(set));
  const keys = selectKeys(set, header);
  expect(keys).toHaveLength(1);
  return (await verifySignature(text, String(header['alg']), keys)) !== undefined;
}

test.each(['jws/4_1.rsa_v15_signature', 'jws/4_2.rsa-pss_signature', 'jws/4_3.ecdsa_signature', 'curve25519/jws'])(
  'RFC 7520 and 8037: the signature stage verifies %s, and not with a bit changed',
  async (name) => {
    const { input, signing, output } = vectorJson<Cookbook>(`ietf-jose-cookbook/${name}.json`);
    const header = { ...signing.protected };
    const text = String(output['compact']);
    const jwk = input.key as Record<string, unknown>;
    expect(await verifies(text, header, jwk)).toBe(true);
    const at = text.lastIndexOf('.') + 10;
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    expect(await verifies(changed, header, jwk)).toBe(false);
    // A signed text is not yet a token: its payload is no JSON.
    expect(readToken(text)).toMatchObject({ outcome: 'deny', reason: 'token_malformed' });
  },
);

test.each([
  'jws/4_4.hmac-sha2_integrity_protection',
  'jws/4_5.signature_with_detached_content',
  'jws/4_6.protecting_specific_header_fields',
  'jws/4_7.protecting_content_only',
  'jws/4_8.multiple_signatures',
  'rfc7797/hmac-sha2_b64_false',
  'rfc7797/4.2.hmac-sha2_b64_false',
])('RFC 7520 and 7797: no form of %s is taken for a JWT', (name) => {
  const { output } = vectorJson<Cookbook>(`ietf-jose-cookbook/${name}.json`);
  const forms = Object.values(output).map((form) => (typeof form === 'string' ? form : JSON.stringify(form)));
  expect(forms.length).toBeGreaterThan(0);
  for (const form of forms) expect(readToken(form)).not.toMatchObject({ kind: 'jwt' });
});

interface Advisory {
  readonly cases: readonly {
    readonly name: string;
    readonly pub: string;
    readonly jwt: string;
    readonly expect: string;
  }[];
}

const advisory = vectorJson<Advisory>('pyjwt/advisory_GHSA-ffqj-6fqr-9h24.json').cases;

/** The end of an OpenSSH public key is the raw point. */
function jwkOfSsh(line: string): Record<string, unknown> {
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  if (line.startsWith('ssh-ed25519'))
    return { kty: 'OKP', crv: 'Ed25519', x: blob.subarray(-32).toString('base64url') };
  return {
    kty: 'EC',
    crv: 'P-256',
    x: blob.subarray(-64, -32).toString('base64url'),
    y: blob.subarray(-32).toString('base64url'),
  };
}

test('CVE-2022-29217: the tokens signed with the public key as a secret find no key', async () => {
  expect(advisory).toHaveLength(4);
  for (const { jwt, pub, expect: verdict } of advisory) {
    const token = readToken(jwt);
    if (!('kind' in token) || token.kind !== 'jwt') throw new Error('the advisory’s tokens are well-formed JWTs');
    const set = importJwks(JSON.stringify({ keys: [jwkOfSsh(pub)] }));
    if ('problem' in set) throw new Error(set.problem);
    const keys = selectKeys(set, token.header);
    expect(keys.length > 0).toBe(verdict === 'accept');
    if (keys.length > 0) expect(await verifySignature(jwt, String(token.header['alg']), keys)).not.toBeUndefined();
    expect(readClaims(token, keyManager(), NOW_MS)).toMatchObject({ outcome: 'deny' });
  }
});
