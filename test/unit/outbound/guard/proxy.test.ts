// Requests through a real proxy: which take it, whom it may be asked for, and that TLS goes through it end to end.

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { proxyPlan } from '../../../../src/outbound/guard/proxy-plan.ts';
import { mutePort } from '../../../rig/black-hole.ts';
import { CertificateAuthority } from '../../../rig/certificate-authority.ts';
import { ConnectProxy } from '../../../rig/connect-proxy.ts';
import { eventually } from '../../../rig/eventually.ts';
import { keyManager } from '../../tokens/token-sample.ts';
import { get, openDoor, outcomeOf } from '../open-door.ts';

const authority = new CertificateAuthority('own');
const issued = authority.issue('server', ['idp.example', 'a.idp.example']);
const server = createServer({ cert: issued.certificate, key: issued.key }, (request, response) => {
  response.end(`${request.headers.host} ${request.headers['proxy-authorization'] ?? '-'}`);
});
const leadTo = () => (server.address() as AddressInfo).port;
const proxy = new ConnectProxy({ credentials: 'user:pa ss', leadTo });
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  await proxy.listen();
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
const trusting = keyManager({
  connection: { ca: authority.certificate, serverName: null, clientCert: null, clientKey: null },
});
const through = (
  environment: Record<string, string>,
  proxyHosts: readonly string[] = ['idp.example', '*.idp.example'],
) => openDoor({ environment, proxyHosts, allowHttp: false, allowLoopback: false });

test('a listed host is reached through the proxy, which resolves its name and gets the password; the server does not', async () => {
  const door = through({ HTTPS_PROXY: `http://user:pa%20ss@127.0.0.1:${proxy.port}` });
  for (const host of ['idp.example', 'a.idp.example'])
    expect(await outcomeOf(get(door, `https://${host}/jwks`, { keyManager: trusting }))).toBe(`${host} -`);
  expect(proxy.asked).toEqual(['idp.example:443', 'a.idp.example:443']);
  expect(door.notice).toBe(
    `requests go through the proxy 127.0.0.1:${proxy.port}, which resolves names itself: only hosts of outbound.proxyHosts (idp.example, *.idp.example) and of NO_PROXY are reached`,
  );
  await door.close();
});

test('a host that is not listed does not get as far as the proxy, whatever its spelling', async () => {
  const door = through({ https_proxy: `http://user:pa%20ss@127.0.0.1:${proxy.port}` });
  const before = proxy.asked.length;
  for (const host of [
    'other.example',
    'idp.example.evil.example',
    'xidp.example',
    '10.0.0.1',
    '[fd12::1]',
    'metadata.google.internal',
  ])
    expect(await outcomeOf(get(door, `https://${host}/`, { keyManager: trusting }))).toBe('proxy_host_refused');
  expect(await outcomeOf(get(door, 'https://169.254.169.254/', { keyManager: trusting }))).toBe('url_refused');
  expect(proxy.asked).toHaveLength(before);
  await door.close();
});

test('the server’s certificate is checked through the proxy, with the key manager’s authority and name', async () => {
  const door = through({ HTTPS_PROXY: `http://user:pa%20ss@127.0.0.1:${proxy.port}` }, ['idp.example', 'b.example']);
  expect(await outcomeOf(get(door, 'https://idp.example/', { keyManager: keyManager() }))).toBe(
    'certificate_untrusted',
  );
  expect(await outcomeOf(get(door, 'https://b.example/', { keyManager: trusting }))).toBe('certificate_name_mismatch');
  const connection = { ...trusting.connection, serverName: 'idp.example' };
  const named = keyManager({ id: 'km-2', connection });
  expect(await outcomeOf(get(door, 'https://b.example/', { keyManager: named }))).toBe('b.example -');
  await door.close();
});

test('plain HTTP, where it is allowed, goes to the proxy for listed hosts only', async () => {
  const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`;
  const door = openDoor({ environment: { HTTP_PROXY }, proxyHosts: ['idp.example'], allowLoopback: false });
  expect(await outcomeOf(get(door, 'http://idp.example/jwks?a=b'))).toBe('for idp.example');
  expect(proxy.asked.at(-1)).toBe('http://idp.example/jwks?a=b');
  expect(await outcomeOf(get(door, 'http://other.example/jwks'))).toBe('proxy_host_refused');
  await door.close();
});

test('a proxy that refuses, hangs or is gone is a problem of its own, in time', async () => {
  const refused = through({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
  expect(await outcomeOf(get(refused, 'https://idp.example/', { keyManager: trusting }))).toBe('proxy_failed');
  await refused.close();
  const gone = through({ HTTPS_PROXY: 'http://127.0.0.1:1' });
  expect(await outcomeOf(get(gone, 'https://idp.example/', { keyManager: trusting }))).toBe('econnrefused');
  await gone.close();
});

test('a proxy that never answers holds nobody beyond the time of the request, and its place is free again soon', async () => {
  const silent = await mutePort();
  onTestFinished(async () => void (await silent.close()));
  const door = through({ HTTPS_PROXY: `http://127.0.0.1:${silent.port}` });
  const asked = get(door, 'https://idp.example/', { keyManager: trusting, timeoutMs: 200 });
  expect(await Promise.race([outcomeOf(asked), delay(15_000, 'still waiting')])).toBe('timeout');
  expect(door.flights()).toBe(0);
  await eventually('its connection is given up', () => silent.connections() === 0);
  await door.close();
});

test.each([
  [{ HTTPS_PROXY: 'http://p:1' }, 'https://idp.example/', 'http://p:1/'],
  [{ https_proxy: 'p:1' }, 'https://idp.example/', 'http://p:1/'],
  [{ HTTP_PROXY: 'http://p:1' }, 'https://idp.example/', undefined],
  [{ HTTP_PROXY: 'http://p:1' }, 'http://idp.example/', 'http://p:1/'],
  [{ HTTPS_PROXY: '' }, 'https://idp.example/', undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, 'https://a.b/', undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x, IDP.example' }, 'https://idp.example./', undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example' }, 'https://a.example/', undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'idp.example:8443' }, 'https://idp.example:8443/', undefined],
  [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'idp.example:8443' }, 'https://idp.example/', 'http://p:1/'],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: '[fd12::1]:443' }, 'https://[fd12::1]/', undefined],
  [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'fd12::1' }, 'https://[fd12::1]/', undefined],
])('%j: %s goes through %s', (environment, url, expected) => {
  expect(proxyPlan(environment, ['idp.example']).proxyFor(new URL(url))).toBe(expected);
});

test.each(['socks5://p:1', 'ftp://p', 'http://'])('does not start with a proxy that is none: %s', (HTTPS_PROXY) => {
  expect(() => proxyPlan({ HTTPS_PROXY }, [])).toThrow('HTTPS_PROXY is not the URL of an HTTP proxy');
});
