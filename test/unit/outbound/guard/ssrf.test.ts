// Ways to lead a request to this machine, to a metadata service or past the guard (server-side request forgery). Each is tried through
// the door, with a real name server; a trap on loopback notices whoever gets through.

import { createServer } from 'node:net';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { NameServer } from '../../../rig/name-server.ts';
import { KeyServer } from '../../tokens/key-server.ts';
import { get, openDoor, outcomeOf } from '../open-door.ts';

let trapped = 0;
const trap = createServer((socket) => {
  trapped += 1;
  socket.destroy();
});
await new Promise<void>((done) => trap.listen(0, '::', done));
const { port } = trap.address() as { port: number };
const names = await new NameServer().listen();
const door = openDoor({ allowHttp: true, allowLoopback: false, nameServers: [names.address], lookupTimeoutMs: 10_000 });
const httpsOnly = openDoor({
  allowHttp: false,
  allowLoopback: false,
  nameServers: [names.address],
  lookupTimeoutMs: 10_000,
});
beforeEach(() => {
  trapped = 0;
});
afterAll(async () => {
  await door.close();
  await httpsOnly.close();
  await names[Symbol.asyncDispose]();
  await new Promise((done) => trap.close(done));
});

describe('URLs that are refused before anything is dialled', () => {
  test.each([
    // This machine
    ...[
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '127.255.255.254',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '017700000001',
      '0177.0.0.1',
    ],
    ...['0x7f.0x0.0x0.0x1', '0', '0.0.0.0', '00.0.0.0', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]'],
    ...['[::ffff:7f00:1]', '[0000::ffff:7f00:0001]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]'],
    ...[
      '[64:ff9b:1::7f00:1]',
      '[2002:7f00:1::]',
      '[::ffff:0:127.0.0.1]',
      '%31%32%37.0.0.1',
      '１２７.0.0.1',
      '127。0。0。1',
    ],
    // Metadata services and link-local addresses
    ...[
      '169.254.169.254',
      '169.254.170.2',
      '2852039166',
      '0xa9fea9fe',
      '025177524776',
      '0xa9.0xfe.0xa9.0xfe',
      '0251.0376.0251.0376',
    ],
    ...['169.254.43518', '169.16689662', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]'],
    ...[
      '[64:ff9b::169.254.169.254]',
      '[2002:a9fe:a9fe::]',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[fd20:ce::254]',
      '100.100.100.200',
    ],
    ...['192.0.0.192', '168.63.129.16', '169.254.169.254.', '①⑥⑨.254.169.254'],
    // Neither hosts nor networks
    ...['224.0.0.1', '255.255.255.255', '240.0.0.1', '[ff02::1]'],
  ])('http://%s', async (host) => {
    expect(await outcomeOf(get(door, `http://${host}:${port}/`))).toBe('url_refused');
    expect(trapped).toBe(0);
  });

  test.each([
    'file:///etc/passwd',
    'ftp://idp.example/',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    'data:application/json,{"keys":[]}',
    'unix:/var/run/docker.sock',
    'javascript:0',
    '//idp.example/jwks',
    'idp.example/jwks',
    'https:',
    'https://',
    'https://user@idp.example/',
    'https://user:password@idp.example/',
    'https://idp.example@127.0.0.1/',
    'https://[::1%25lo]/',
    'https://256.256.256.256/',
    'https://idp.example:99999/',
    '',
  ])('%s', async (url) => {
    expect(await outcomeOf(get(door, url))).toBe('url_refused');
  });

  test('http:// where it is not allowed', async () => {
    expect(await outcomeOf(get(httpsOnly, 'http://idp.example/'))).toBe('url_refused');
  });
});

describe('names that lead to refused addresses', () => {
  const addresses: readonly (readonly [string, readonly string[]])[] = [
    ['loopback.example', ['127.0.0.1']],
    ['metadata.google.internal', ['169.254.169.254']],
    ['metadata6.example', ['fd00:ec2::254']],
    ['unspecified.example', ['0.0.0.0']],
    ['link-local.example', ['fe80::1']],
    ['mapped.example', ['::ffff:169.254.169.254']],
    ['nat64.example', ['64:ff9b::a9fe:a9fe']],
    ['6to4.example', ['2002:a9fe:a9fe::1']],
    ['mixed.example', ['10.255.255.1', '169.254.169.254']],
    ['mixed-families.example', ['10.255.255.1', '::1']],
  ];
  for (const [name, list] of addresses) names.name(name, list);

  test.each([
    ...addresses.map(([name]) => name),
    'LoopBack.Example',
    'loopback.example.',
    'localhost',
    'localhost.',
    'a.localhost',
  ])('%s', async (name) => {
    expect(await outcomeOf(get(door, `http://${name}:${port}/`))).toBe('address_refused');
    expect(trapped).toBe(0);
  });
});

test('a name that changes its mind (DNS rebinding) is judged at each dial, and the address judged is the one dialled', async () => {
  const server = await new KeyServer().listen();
  server.headers = { connection: 'close' };
  server.body = 'ok';
  names.names.set('rebinding.example', {
    kind: 'addresses',
    inTurn: [['127.0.0.1'], ['169.254.169.254']],
    ttlSeconds: 0,
  });
  const local = openDoor({ nameServers: [names.address] });
  const ask = () => outcomeOf(get(local, `http://rebinding.example:${server.port}/`));
  expect(await ask()).toBe('ok');
  await expect.poll(ask, { interval: 200 }).toBe('address_refused');
  // A name without a life of its own cannot be changed between the judgement and the dialling: it was asked for once for each.
  expect(names.lookups('rebinding.example')).toBe(2);
  await local.close();
  await server[Symbol.asyncDispose]();
});

test('a redirect is not followed, wherever it leads, and no credential goes with it', async () => {
  const server = await new KeyServer().listen();
  server.status = 302;
  const local = openDoor();
  for (const location of [
    `http://127.0.0.1:${port}/`,
    'http://169.254.169.254/',
    'file:///etc/passwd',
    '//127.0.0.1/',
  ]) {
    server.headers = { location };
    const headers = { authorization: 'Bearer secret' };
    expect(await outcomeOf(get(local, server.url(), { headers }))).toBe('redirect_refused');
  }
  expect(trapped).toBe(0);
  expect(server.fetches).toBe(4);
  await local.close();
  await server[Symbol.asyncDispose]();
});
