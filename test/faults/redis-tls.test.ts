// Redis with TLS: who is trusted, and what is told when nobody is.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import { CertificateAuthority } from '../rig/certificate-authority.ts';
import { eventually } from '../rig/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../rig/fault-proxy.ts';
import { type RedisServer, type RedisTls, startRedis, startSentinel } from '../rig/redis-server.ts';
import { openWatchedStore, proofOf } from '../rig/shared-store.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

type TlsSettings = NonNullable<RedisSettings['tls']>;

/** An authority's files: a client's, and any server's for these names. */
function certificates(): { readonly client: TlsSettings; server(...names: readonly string[]): RedisTls } {
  const folder = temporaryFolder();
  const authority = new CertificateAuthority('Redis test authority');
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const pair = (name: string, hosts: readonly string[]) => {
    const { certificate, key } = authority.issue(name, hosts);
    return { certFile: file(`${name}.pem`, certificate), keyFile: file(`${name}-key.pem`, key) };
  };
  const caFile = file('ca.pem', authority.certificate);
  return {
    client: { ...pair('gatehouse', []), caFile, serverName: null },
    server: (...names) => ({ ...pair(`redis${names.join('-')}`, names), caFile }),
  };
}
async function redis(tls: RedisTls): Promise<RedisServer> {
  const server = await startRedis({ tls });
  onTestFinished(() => server.stop());
  return server;
}
async function proxied(port: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy(port);
  onTestFinished(() => proxy.stop());
  return proxy;
}
/** What ends a process that is not a test. */
function watchUncaught(): readonly unknown[] {
  const uncaught: unknown[] = [];
  const add = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', add);
  onTestFinished(() => void process.off('uncaughtException', add));
  return uncaught;
}

test('with TLS, a private authority and a client certificate', async () => {
  const { client: tls, server: serverFiles } = certificates();
  const server = await redis(serverFiles());
  const { store } = openWatchedStore({ url: server.url, tls });
  await eventually('a decision comes back from Redis', async () => {
    store.tokenDecisions.set('k', proofOf('k'), Date.now() + 60_000);
    return (await store.tokenDecisions.get('k'))?.decision.kind === 'proved';
  });

  const strangers: [string, TlsSettings][] = [
    ['without the authority', { ...tls, caFile: null }],
    ['without a client certificate', { ...tls, certFile: null, keyFile: null }],
    ['another name than expected', { ...tls, serverName: 'other.example' }],
    ['no such file', { ...tls, caFile: join(temporaryFolder(), 'missing.pem') }],
  ];
  for (const [name, wrong] of strangers) {
    const watched = openWatchedStore({ url: server.url, tls: wrong });
    await eventually(`it is told why: ${name}`, () => watched.states.length > 0);
    expect(watched.store.up(), name).toBe(false);
    expect(await watched.store.tokenDecisions.get('k'), name).toBeUndefined();
    console.log(`${name}: ${watched.states[0]}`);
  }
});

test.each<[string, (address: string, files: RedisTls) => Promise<Partial<RedisSettings>>]>([
  ['a server', async (address) => ({ url: `rediss://${address}` })],
  ['a node of a cluster', async (address) => ({ clusterNodes: [address] })],
  ['a Sentinel', async (address) => ({ sentinels: [address] })],
  [
    'the primary that a Sentinel names',
    async (address, tls) => {
      const sentinel = await startSentinel(Number(address.split(':')[1]), { tls });
      onTestFinished(() => sentinel.stop());
      return { sentinels: [`127.0.0.1:${sentinel.port}`] };
    },
  ],
])('%s that is refused and whose alert comes with its refusal ends nothing', async (_name, settings) => {
  const { client, server: serverFiles } = certificates();
  const server = await redis(serverFiles());
  const proxy = await proxied(server.port);
  const uncaught = watchUncaught();
  proxy.faults.oneFlight = true;
  // The Sentinel of the last row is who it says.
  const named = await settings(`127.0.0.1:${proxy.port}`, serverFiles('other.example'));
  const before = proxy.accepted();
  const watched = openWatchedStore({ ...named, tls: { ...client, serverName: 'other.example' } });
  await eventually('it was tried again and again', () => proxy.accepted() >= before + 6);
  expect(uncaught).toEqual([]);
  expect(watched.store.up()).toBe(false);
  console.log(watched.states.join());
});

test('an alert in the place of an answer is a connection that is tried anew', async () => {
  const { client, server: serverFiles } = certificates();
  const server = await redis(serverFiles());
  const proxy = await proxied(server.port);
  const uncaught = watchUncaught();
  proxy.faults.oneFlight = true;
  const watched = openWatchedStore({ url: `rediss://127.0.0.1:${proxy.port}`, tls: client });
  await eventually('it was tried again and again', () => proxy.accepted() >= 6);
  expect(watched.states[0]).toBe('err_ssl_tlsv1_alert_decode_error');
  proxy.faults.oneFlight = false;
  await eventually('it is used', () => watched.store.up());
  expect(uncaught).toEqual([]);
});
