import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkRevocation } from '../../../src/authorize/check-revocation.ts';
import { revocationHash } from '../../../src/authorize/revocation-hash.ts';
import type { Revocation, RevocationSubject } from '../../../src/domain/revocation.ts';
import type { UnprovedToken } from '../../../src/domain/token.ts';
import { sampleKeyManager } from '../domain/catalog-samples.ts';
import { decide, REVOCATION, sampleFacts } from './world-sample.ts';

const jwt: UnprovedToken = {
  kind: 'jwt',
  text: 'head.body.signature',
  hash: 'h',
  header: {},
  claims: {},
  issuer: undefined,
};
const opaque: UnprovedToken = { kind: 'opaque', text: 'abc', hash: createHash('sha256').update('abc').digest('hex') };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const check = (answer: Revocation | 'unreadable' | undefined, token = jwt) => {
  const asked: RevocationSubject[] = [];
  const catalog = {
    findRevocation: (subject: RevocationSubject) => {
      asked.push(subject);
      return answer;
    },
  };
  const facts = sampleFacts({ keyId: 'kid-1', issuedAt: 7 });
  return { result: checkRevocation(token, facts, sampleKeyManager(), 'org-of-api', catalog, 1), asked };
};

test('everything of the token that an entry may name is asked for, in both organizations', () => {
  const { asked, result } = check(undefined);
  expect(result).toBe('passed');
  expect(asked).toMatchObject([
    {
      ...{ keyManagerId: 'km-partner', keyManagerType: 'CustomKeyManager', organization: 'carbon.super' },
      ...{ apiOrganization: 'org-of-api', jti: 'j1', consumerKey: 'client-1', subject: 'alice' },
      ...{ keyId: 'kid-1', keyThumbprint: 'key-1', issuedAt: 7 },
    },
  ]);
});

test('a hit denies and names the kind and id of the entry, not what it holds', () => {
  const { result } = check({ ...REVOCATION, kind: 'token', value: 'a-hash', id: 'r-9' });
  expect(result).toEqual({
    outcome: 'deny',
    reason: 'token_revoked',
    evidence: { revoked_by: 'token', entry: 'r-9' },
  });
});

test('entries that cannot be read are a fault, never a pass', () => {
  expect(check('unreadable').result).toMatchObject({ outcome: 'fault', reason: 'catalog_not_loaded' });
});

test('a JWT is named by its signing input under every spelling of its signature, any other token by the whole', () => {
  expect(revocationHash(jwt)).toBe(sha256('head.body'));
  expect(revocationHash({ ...jwt, text: 'head.body.another' })).toBe(sha256('head.body'));
  expect(revocationHash(opaque)).toBe(sha256('abc'));
});

test('a JWT or JWE that is spelled anew for a generous issuer is named as before', () => {
  const named = (text: string) => revocationHash({ kind: 'opaque', text, hash: sha256(text) });
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encoded({ alg: 'RS256' })}.${encoded({ sub: 'a' })}`;
  for (const text of [`${input}.c2ln.`, `${input}.c2ln..`, `${input}=.c2ln.x`, `${input}..c2ln`])
    expect(named(text), text).toBe(sha256(input));
  const jwe = `${encoded({ alg: 'dir', enc: 'A128GCM' })}..aXY.dGV4dA.dGFn`;
  expect(named(jwe)).toBe(sha256(jwe));
  for (const text of [`${jwe}=`, `${jwe}.`, jwe.replace('dGV4dA', 'dGV4dB')])
    expect(named(text), text).toBe(sha256(jwe));
});

test('an opaque token with dots is named by the whole', () => {
  for (const text of ['ya29.a0Ab.c', 'a.b', 'e30', '..', 'W10.e30.x.y'])
    expect(revocationHash({ kind: 'opaque', text, hash: sha256(text) })).toBe(sha256(text));
});

test('a revocation rules the very next request, though the proof is the same', () => {
  let entry: Revocation | undefined;
  const scene = { revocation: () => entry };
  expect(decide(scene)).toMatchObject({ outcome: 'allow' });
  entry = REVOCATION;
  expect(decide(scene)).toMatchObject({ outcome: 'deny', reason: 'token_revoked' });
  entry = undefined;
  expect(decide(scene)).toMatchObject({ outcome: 'allow' });
});
