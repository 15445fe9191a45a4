// Signing keys: made once, kept, rotated so that what the old one signed can be verified to its end, or given by settings.

import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { newSigningKey } from '../../../src/backendjwt/signing-key.ts';
import {
  SigningKeyRing,
  type SigningKeyRingOptions,
  type SigningKeyStore,
} from '../../../src/backendjwt/signing-key-ring.ts';
import type { StoredSigningKey } from '../../../src/domain/signing-key.ts';
import { NOW_MS } from './backend-jwt-sample.ts';

/** Keeps keys as the catalog does: the live one first. */
class KeptKeys implements SigningKeyStore {
  keys: StoredSigningKey[] = [];
  works = true;
  list() {
    return this.keys;
  }
  async rotate(next: StoredSigningKey, retired: { atMs: number; publishedUntilMs: number }) {
    if (!this.works) return false;
    this.keys = [
      next,
      ...this.keys.map((key) =>
        key.retiredAtMs === null
          ? { ...key, retiredAtMs: retired.atMs, publishedUntilMs: retired.publishedUntilMs }
          : key,
      ),
    ];
    return true;
  }
}

let nowMs = NOW_MS;
const open = (store: SigningKeyStore, over: Partial<SigningKeyRingOptions> = {}) =>
  SigningKeyRing.open({ algorithm: 'ES256', given: [], store, ttlSeconds: 900, clock: () => nowMs, ...over });
const idsOf = (ring: SigningKeyRing, atMs: number) => ring.published(atMs).map(({ kid }) => kid);

describe('the installation’s own key', () => {
  test('is made at the first start and is the same at the next', async () => {
    const store = new KeptKeys();
    const first = await open(store);
    const [published] = first.published(nowMs);
    expect(published).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: first.current().id });
    expect(published).not.toHaveProperty('d');
    expect(await calculateJwkThumbprint(published ?? {})).toBe(first.current().id);
    expect((await open(store)).current().id).toBe(first.current().id);
  });

  test('gives way to a new one at once, and stays published until all that it signed has expired', async () => {
    nowMs = NOW_MS;
    const store = new KeptKeys();
    const ring = await open(store);
    const old = ring.current().id;
    nowMs += 5000;
    const rotated = await ring.rotate();
    expect(rotated).toMatchObject({ kind: 'rotated', key: { id: ring.current().id, retiredAtMs: null } });
    expect(ring.current().id).not.toBe(old);
    for (const holder of [ring, await open(store)]) {
      expect(idsOf(holder, nowMs)).toEqual([ring.current().id, old]);
      expect(idsOf(holder, nowMs + 899_999)).toEqual([ring.current().id, old]);
      expect(idsOf(holder, nowMs + 900_000)).toEqual([ring.current().id]);
      expect(holder.list(nowMs).map(({ retiredAtMs }) => retiredAtMs)).toEqual([null, nowMs]);
    }
  });

  test('stays when the new one cannot be kept', async () => {
    const store = new KeptKeys();
    const ring = await open(store);
    const { id } = ring.current();
    store.works = false;
    expect(await ring.rotate()).toEqual({ kind: 'refused', why: 'busy' });
    expect(ring.current().id).toBe(id);
  });

  test('is rotated once when two ask at the same time', async () => {
    const ring = await open(new KeptKeys());
    const [one, other] = await Promise.all([ring.rotate(), ring.rotate()]);
    expect([one?.kind, other?.kind].toSorted()).toEqual(['refused', 'rotated']);
  });

  test('is replaced, and retired, by a start that asks for another algorithm', async () => {
    const store = new KeptKeys();
    const old = (await open(store)).current().id;
    const ring = await open(store, { algorithm: 'RS256' });
    expect(ring.current().algorithm).toBe('RS256');
    expect(idsOf(ring, nowMs)).toEqual([ring.current().id, old]);
  });

  test('that cannot be opened stops the start; no other takes its place in silence', async () => {
    await expect(open({ list: () => undefined, rotate: async () => true })).rejects.toThrow('sealing key');
  });
});

describe('keys from settings', () => {
  const none = new KeptKeys();
  test('the first signs, all are published, and none is rotated here', async () => {
    const [one, two] = await Promise.all([newSigningKey('RS256', 0), newSigningKey('ES256', 0)]);
    const ring = await open(none, { algorithm: 'RS256', given: [one.privateKey, two.privateKey] });
    expect(ring.current().id).toBe(one.id);
    expect(idsOf(ring, nowMs + 10 ** 12)).toEqual([one.id, two.id]);
    expect(await ring.rotate()).toEqual({ kind: 'refused', why: 'given' });
    expect(none.keys).toEqual([]);
  });

  const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString();
  test.each([
    ['no PEM', 'SECRET-JUNK', 'is no PEM private key'],
    ['a short RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), 'at least 2048 bits'],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), 'P-256'],
    ['an Ed25519 key', pem(generateKeyPairSync('ed25519').privateKey), 'P-256'],
    ['an RSA key for ES256', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), 'ES256 needs'],
  ])('%s stops the start with its place and no word of its content', async (_, given, message) => {
    const error = await open(none, { given: [given] }).catch((caught: Error) => caught);
    expect(String(error)).toContain('upstream.backendJwt.keys[0]');
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('SECRET');
    expect((error as Error).cause).toBeUndefined();
  });
});
