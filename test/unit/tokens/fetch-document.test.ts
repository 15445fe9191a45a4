import { createServer, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { documentFetcher, urlProblem } from '../../../src/tokens/fetch-document.ts';
import { refusedAddresses } from '../../../src/tokens/refused-address.ts';
import { KeyServer } from './key-server.ts';

const server = await new KeyServer().listen();
const open = documentFetcher({ allowHttp: true, allowLoopback: true }, { totalMs: 300, maxBytes: 524_288 });
const guarded = documentFetcher({ allowHttp: true, allowLoopback: false }, { totalMs: 300, maxBytes: 524_288 });
afterAll(async () => {
  await open.close();
  await guarded.close();
  await server[Symbol.asyncDispose]();
});

test('fetches a document, whatever its content type, and asks for no compression', async () => {
  server.body = '{"keys":[1]}';
  expect(await open.fetch(server.url())).toEqual({ text: '{"keys":[1]}' });
  expect(server.lastHeaders).toMatchObject({ 'accept-encoding': 'identity' });
  expect(server.lastHeaders).not.toHaveProperty('authorization');
});

test.each([204, 301, 302, 307, 400, 404, 500, 503])(
  'takes no status but 200 and follows nothing: %i',
  async (status) => {
    const before = server.fetches;
    server.status = status;
    server.headers = { location: server.url('/elsewhere') };
    expect(await open.fetch(server.url())).toEqual({ problem: `status_${status}` });
    server.status = 200;
    server.headers = {};
    expect(server.fetches).toBe(before + 1);
  },
);

test('takes 512 KiB and not a byte more, announced or not', async () => {
  server.body = 'x'.repeat(512 * 1024);
  expect(await open.fetch(server.url())).toHaveProperty('text');
  server.body = 'x'.repeat(512 * 1024 + 1);
  expect(await open.fetch(server.url())).toEqual({ problem: 'too_large' });
  server.headers = { 'transfer-encoding': 'chunked' };
  expect(await open.fetch(server.url())).toEqual({ problem: 'too_large' });
  server.headers = {};
});

test('does not unpack what it asked not to have packed, and refuses what is not UTF-8', async () => {
  server.headers = { 'content-encoding': 'gzip' };
  server.body = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xff]);
  expect(await open.fetch(server.url())).toHaveProperty('problem');
  server.headers = {};
});

test('gives up on a server that says nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.gate = promise;
  expect(await open.fetch(server.url())).toEqual({ problem: 'timeout' });
  resolve();
  server.gate = Promise.resolve();
});

test('gives up on a server that drips', async () => {
  const sockets = new Set<Socket>();
  const dripping = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((done) => dripping.listen(0, '127.0.0.1', done));
  const { port } = dripping.address() as { port: number };
  expect(await open.fetch(`http://127.0.0.1:${port}/`)).toEqual({ problem: 'timeout' });
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => dripping.close(done));
});

test('names connection failures by their code', async () => {
  const closed = await new KeyServer().listen();
  const url = closed.url();
  await closed[Symbol.asyncDispose]();
  expect(await open.fetch(url)).toEqual({ problem: 'econnrefused' });
  expect(await open.fetch(server.url().replace('http:', 'https:'))).toHaveProperty('problem');
});

test('a name that leads to a refused address is not dialled', async () => {
  const before = server.fetches;
  server.body = '{}';
  expect(await guarded.fetch(`http://localhost:${server.port}/`)).toEqual({ problem: 'address_refused' });
  expect(await guarded.fetch(server.url())).toEqual({ problem: 'url_refused' });
  expect(server.fetches).toBe(before);
  expect(await open.fetch(`http://localhost:${server.port}/`)).toEqual({ text: '{}' });
});

const strict = { allowHttp: false, allowLoopback: false };

test.each([
  ['https://idp.example/jwks', undefined],
  ['https://10.1.2.3:8443/jwks', undefined],
  ['http://idp.example/jwks', 'https://'],
  ['file:///etc/passwd', 'https://'],
  ['ftp://idp.example/', 'https://'],
  ['idp.example/jwks', 'absolute'],
  ['none', 'absolute'],
  ['', 'absolute'],
  ['https://user:secret@idp.example/', 'password'],
  ['https://user@idp.example/', 'password'],
  ['https://127.0.0.1/', 'outbound.allowLoopback'],
  ['https://[::1]/', 'outbound.allowLoopback'],
  ['https://169.254.169.254/latest/meta-data', 'never dialled'],
  ['https://2852039166/', 'never dialled'],
  ['https://0xa9.0xfe.0xa9.0xfe/', 'never dialled'],
  ['https://0251.0376.0251.0376/', 'never dialled'],
  ['https://[::ffff:169.254.169.254]/', 'never dialled'],
  ['https://[::ffff:a9fe:a9fe]/', 'never dialled'],
  ['https://[fd00:ec2::254]/', 'never dialled'],
  ['https://0/', 'never dialled'],
])('judges %s before it is dialled', (url, problem) => {
  if (problem === undefined) expect(urlProblem(url, strict)).toBeUndefined();
  else expect(urlProblem(url, strict)).toContain(problem);
});

test('a message about a URL does not repeat it', () => {
  expect(urlProblem('https://user:secret@idp.example/', strict)).not.toContain('secret');
});

test.each([
  '0.0.0.0',
  '169.254.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '100.100.100.200',
  'fe80::1',
  'ff02::1',
  '::',
  '::ffff:169.254.1.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::6464:64c8', // 100.100.100.200
  '64:ff9b::c000:c0', // 192.0.0.192
  '64:ff9b::168.63.129.16',
  '64:ff9b::1',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:1:ffff::6464:64c8',
  '2002:a9fe:a9fe::1',
  '2002:6464:64c8::',
  '2002:c000:c0::1',
  '2002:a83f:8110:1::1',
  '2002::1',
  '::ffff:0:a9fe:a9fe',
  '::169.254.169.254',
  '::127.0.0.1',
  '::10.0.0.1',
  '::2',
])('%s is refused even where loopback is allowed', (address) => {
  expect(refusedAddresses({ allowLoopback: true })(address)).toBe(true);
});

test.each([
  ...['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
  ...['64:ff9b::7f00:1', '::ffff:0:7f00:1', '2002:7f00:1::1'],
])('%s is loopback', (address) => {
  expect(refusedAddresses({ allowLoopback: true })(address)).toBe(false);
  expect(refusedAddresses({ allowLoopback: false })(address)).toBe(true);
});

test.each([
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  'fd12::1',
  '8.8.8.8',
  '2001:db8::1',
  '64:ff9b::a00:1',
  '2002:a00:1::1',
])('%s may be dialled', (address) => {
  expect(refusedAddresses({ allowLoopback: false })(address)).toBe(false);
});
