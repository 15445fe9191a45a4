// Names are resolved with a real name server that answers, falls silent, fails and changes its mind; the clock is turned by hand.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NameResolver, type NameResolverOptions } from '../../../../src/outbound/names/name-resolver.ts';
import { OutboundError } from '../../../../src/outbound/problem/outbound-problem.ts';
import { NameServer } from '../../../rig/name-server.ts';
import { temporaryFolder } from '../../../rig/temporary-folder.ts';

const HOUR_MS = 3_600_000;
/** For look-ups that are in vain. */
const IN_VAIN = { timeoutMs: 1_000 };
let server: NameServer;
let now: number;
let folder: string;

beforeEach(async () => {
  server = await new NameServer().listen();
  now = 1_000_000;
  folder = temporaryFolder();
  writeFileSync(
    join(folder, 'hosts'),
    '127.0.0.1 localhost\n# 10.0.0.9 not.this\n10.0.0.1  Own.Example other # a comment\n',
  );
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 203.0.113.1\n');
});
afterEach(() => server[Symbol.asyncDispose]());

function resolver(changes: Partial<NameResolverOptions> = {}): NameResolver {
  return new NameResolver({
    nameServers: [server.address],
    timeoutMs: 10_000,
    clock: () => now,
    hostsFile: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    ...changes,
  });
}
/** The addresses, or the problem. */
async function resolved(from: NameResolver, name: string): Promise<string> {
  try {
    return (await from.resolve(name)).join();
  } catch (error) {
    if (error instanceof OutboundError) return error.problem;
    throw error;
  }
}

test('gives the addresses of both families and asks once for many who ask at once', async () => {
  server.name('idp.example', ['10.0.0.7', '10.0.0.8', 'fd12::7']);
  const names = resolver();
  const all = await Promise.all(Array.from({ length: 100 }, () => resolved(names, 'IdP.Example')));
  expect(new Set(all)).toEqual(new Set(['10.0.0.7,10.0.0.8,fd12::7']));
  expect(server.asked).toHaveLength(2);
});

test('one family is enough, whatever becomes of the other', async () => {
  server.name('four.example', ['10.0.0.7']).name('six.example', ['fd12::7']);
  const names = resolver();
  expect(await resolved(names, 'four.example')).toBe('10.0.0.7');
  expect(await resolved(names, 'six.example')).toBe('fd12::7');
  server.ignoredTypes.add('AAAA');
  expect(await resolved(resolver(), 'four.example')).toBe('10.0.0.7');
  expect(await resolved(resolver(IN_VAIN), 'six.example')).toBe('name_lookup_failed');
});

test('takes names of /etc/hosts and localhost from this machine, also as they change', async () => {
  const names = resolver();
  expect(await resolved(names, 'own.example')).toBe('10.0.0.1');
  expect(await resolved(names, 'other')).toBe('10.0.0.1');
  expect(await resolved(names, 'a.localhost')).toBe('127.0.0.1,::1');
  expect(await resolved(names, 'not.this')).toBe('name_not_found');
  writeFileSync(join(folder, 'hosts'), '10.0.0.2 own.example\n');
  now += 5_000;
  expect(await resolved(names, 'own.example')).toBe('10.0.0.2');
  expect(server.lookups('own.example')).toBe(0);
});

test('completes names as resolv.conf says: search list, ndots, and a closing dot', async () => {
  writeFileSync(
    join(folder, 'resolv.conf'),
    'search a.svc.cluster.local svc.cluster.local\noptions timeout:1 ndots:3\n',
  );
  server.name('keycloak.auth.svc.cluster.local', ['10.1.0.1']).name('idp.example', ['10.1.0.2']);
  const names = resolver();
  expect(await resolved(names, 'keycloak.auth')).toBe('10.1.0.1');
  expect(await resolved(names, 'idp.example')).toBe('10.1.0.2');
  const before = server.asked.length;
  expect(await resolved(names, 'idp.example.')).toBe('10.1.0.2');
  expect(server.asked.slice(before)).toEqual(['idp.example A', 'idp.example AAAA']);
  expect(server.asked.filter((question) => question.endsWith(' A')).slice(0, 5)).toEqual([
    'keycloak.auth.a.svc.cluster.local A',
    'keycloak.auth.svc.cluster.local A',
    'idp.example.a.svc.cluster.local A',
    'idp.example.svc.cluster.local A',
    'idp.example A',
  ]);
});

test('believes a TTL within bounds and follows a change after it', async () => {
  server.names.set('idp.example', { kind: 'addresses', inTurn: [['10.0.0.1'], ['10.0.0.2']], ttlSeconds: 30 });
  server.names.set('long.example', { kind: 'addresses', inTurn: [['10.0.0.1'], ['10.0.0.2']], ttlSeconds: 86_400 });
  server.names.set('zero.example', { kind: 'addresses', inTurn: [['10.0.0.1'], ['10.0.0.2']], ttlSeconds: 0 });
  const names = resolver();
  for (const name of ['idp.example', 'long.example', 'zero.example'])
    expect(await resolved(names, name)).toBe('10.0.0.1');
  expect(await resolved(names, 'zero.example')).toBe('10.0.0.1');
  now += 1_000;
  // Who has an address waits but a moment for a new one.
  const follows = (name: string) => expect.poll(() => resolved(names, name)).toBe('10.0.0.2');
  await follows('zero.example');
  now += 28_999;
  expect(await resolved(names, 'idp.example')).toBe('10.0.0.1');
  now += 1;
  await follows('idp.example');
  now += 270_000;
  await follows('long.example');
});

test.each(['silent', 'refused', 'failure'] as const)(
  'an address stays in use for an hour while the name server is: %s',
  async (kind) => {
    server.name('idp.example', ['10.0.0.1']);
    const names = resolver(IN_VAIN);
    await resolved(names, 'idp.example');
    const addresses = server.names.get('idp.example');
    server.names.set('idp.example', { kind });
    now += 60_000;
    expect(await resolved(names, 'idp.example')).toBe('10.0.0.1');
    now += HOUR_MS - 1;
    expect(await resolved(names, 'idp.example')).toBe('10.0.0.1');
    now += 1;
    expect(await resolved(names, 'idp.example')).toBe('name_lookup_failed');
    if (addresses !== undefined) server.names.set('idp.example', addresses);
    await expect
      .poll(() => {
        now += 1_000;
        return resolved(names, 'idp.example');
      })
      .toBe('10.0.0.1');
  },
);

test('a name that is said to be gone is gone, and is asked for again after a second', async () => {
  server.name('idp.example', ['10.0.0.1']);
  const names = resolver();
  await resolved(names, 'idp.example');
  server.names.delete('idp.example');
  now += 60_000;
  // Who has an address waits but a moment for a new one.
  await expect.poll(() => resolved(names, 'idp.example')).toBe('name_not_found');
  for (let n = 0; n < 100; n++) expect(await resolved(names, 'idp.example')).toBe('name_not_found');
  expect(server.lookups('idp.example')).toBe(2);
  server.name('idp.example', ['10.0.0.2']);
  now += 1_000;
  expect(await resolved(names, 'idp.example')).toBe('10.0.0.2');
});

test('a name that was never known, at a silent name server, fails in time and costs one look-up at a time', async () => {
  server.silent = true;
  const names = resolver(IN_VAIN);
  const all = await Promise.all(Array.from({ length: 50 }, () => resolved(names, 'idp.example')));
  expect(new Set(all)).toEqual(new Set(['name_lookup_failed']));
  // One look-up; its datagram may have been sent twice.
  expect(server.lookups('idp.example')).toBeLessThanOrEqual(2);
});
