import type { LookupFunction } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Dispatchers } from '../../../src/outbound/dispatchers.ts';

const NOTHING = { ca: null, serverName: null, clientCert: null, clientKey: null };
const lookup: LookupFunction = (_name, _options, callback) => callback(new Error('not asked for'), '', 0);
const dispatchers = new Dispatchers({ lookup, proxyLookup: lookup, authorities: undefined, maxConnections: 2 });
afterEach(() => dispatchers.close());
const of = (id: string, changes = {}, proxy?: string, nowMs = 0) =>
  dispatchers.of(id, { ...NOTHING, ...changes }, proxy, nowMs);

test('equal settings of one key manager share connections, other settings, key managers and proxies do not', () => {
  const one = of('a');
  expect(of('a')).toBe(one);
  const others = [of('b'), of('a', {}, 'http://127.0.0.1:1'), of('a', {}, 'http://127.0.0.1:2')];
  expect(new Set([one, ...others]).size).toBe(4);
  expect(of('a')).toBe(one);
  expect(of('a', { serverName: 'idp.internal' })).not.toBe(one);
  expect(of('a')).not.toBe(one);
});

test('connections that nobody used for a minute are left, those in use are kept', () => {
  const [one, two] = [of('a'), of('b')];
  of('b', {}, undefined, 59_999);
  dispatchers.sweep(60_000);
  expect(of('b')).toBe(two);
  expect(of('a')).not.toBe(one);
});

test('connections of a key manager that is gone are left, with and without a proxy', () => {
  const [direct, proxied, kept] = [of('a'), of('a', {}, 'http://127.0.0.1:1'), of('b')];
  dispatchers.retain(new Set(['b']));
  expect(of('b')).toBe(kept);
  expect(of('a')).not.toBe(direct);
  expect(of('a', {}, 'http://127.0.0.1:1')).not.toBe(proxied);
});
