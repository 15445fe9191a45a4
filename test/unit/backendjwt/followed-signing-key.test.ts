// The key that signs in a process that does not rotate it, over a list that another one writes.

import { createPublicKey, verify } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { FollowedSigningKey } from '../../../src/backendjwt/followed-signing-key.ts';
import { newSigningKey } from '../../../src/backendjwt/signing-key.ts';
import type { StoredSigningKey } from '../../../src/domain/signing-key.ts';

const [first, second] = await Promise.all([newSigningKey('ES256', 0), newSigningKey('ES256', 1)]);

let revision: number | undefined;
let keys: readonly StoredSigningKey[] | undefined;
let looks: number;
beforeEach(() => {
  revision = 1;
  keys = [first];
  looks = 0;
});

function followed(): FollowedSigningKey {
  return new FollowedSigningKey({
    revision: () => revision,
    list: () => {
      looks += 1;
      return keys;
    },
  });
}

test('signs by the first of the list', () => {
  const key = followed().current();
  expect([key.id, key.algorithm]).toEqual([first.id, 'ES256']);
  const dsaEncoding = 'ieee-p1363';
  const publicKey = { key: createPublicKey(first.privateKey), dsaEncoding } as const;
  expect(verify('sha256', Buffer.from('text'), publicKey, key.sign('text'))).toBe(true);
});

test('a key that was rotated in signs at once, and the list is looked at only when something was written', () => {
  const key = followed();
  key.current();
  key.current();
  expect(looks).toBe(1);
  keys = [second, first];
  revision = 2;
  expect(key.current().id).toBe(second.id);
  key.current();
  expect(looks).toBe(2);
});

test('while the list cannot be read the last key signs, and the list is asked again', () => {
  const key = followed();
  keys = undefined;
  revision = 2;
  expect(key.current().id).toBe(first.id);
  keys = [second];
  expect(key.current().id).toBe(second.id);
});

test('a revision that is not known says nothing', () => {
  const key = followed();
  revision = undefined;
  keys = [second];
  expect(key.current().id).toBe(first.id);
});

test('without a key there is none to begin with', () => {
  keys = undefined;
  expect(followed).toThrow('cannot be opened');
});
