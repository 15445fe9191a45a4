// How a JWKS endpoint is asked: with the credential of a file, with a client certificate, and for a document of any content type.

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { keySetFetch } from '../../../../src/tokens/key-sets/fetch-key-set.ts';
import { CertificateAuthority } from '../../../rig/certificate-authority.ts';
import { openDoor } from '../../outbound/open-door.ts';
import { keyManager } from '../token-sample.ts';
import { startKeyServer } from './key-set-sample.ts';

const door = openDoor();
afterAll(() => door.close());
let credential: string | undefined;
let read: string[];
beforeEach(() => {
  credential = 'first';
  read = [];
});
const fetch = keySetFetch({
  send: door.send,
  readCredential: async (path) => {
    read.push(path);
    return credential;
  },
  timeoutMs: 20_000,
  maxBytes: 1_000,
});
const { id, connection } = keyManager();

test('sends no credential where none is asked for', async () => {
  const server = await startKeyServer('{}');
  expect(await fetch({ id, connection, authorizationFile: null }, server.url())).toEqual({ text: '{}' });
  expect(server.lastHeaders).not.toHaveProperty('authorization');
  expect(read).toEqual([]);
});

test('reads the credential anew for each fetch, and does not ask without it', async () => {
  const server = await startKeyServer('{}');
  const owner = { id, connection, authorizationFile: '/var/run/secrets/token' };
  for (const one of ['first', 'second']) {
    credential = one;
    expect(await fetch(owner, server.url())).toEqual({ text: '{}' });
    expect(server.lastHeaders).toMatchObject({ authorization: `Bearer ${one}` });
  }
  credential = undefined;
  expect(await fetch(owner, server.url())).toEqual({ problem: 'authorization_file' });
  expect(server.fetches).toBe(2);
  expect(read).toEqual(Array(3).fill('/var/run/secrets/token'));
});

test('a credential never follows a redirect', async () => {
  const [server, other] = [await startKeyServer(''), await startKeyServer('{}')];
  Object.assign(server, { status: 307, headers: { location: other.url() } });
  const owner = { id, connection, authorizationFile: '/var/run/secrets/token' };
  expect(await fetch(owner, server.url())).toEqual({ problem: 'redirect_refused' });
  expect(other.fetches).toBe(0);
});

test('takes no status but 200', async () => {
  const server = await startKeyServer('{}');
  for (const status of [201, 204, 401, 404, 503]) {
    server.status = status;
    expect(await fetch({ id, connection, authorizationFile: null }, server.url())).toEqual({
      problem: `status_${status}`,
    });
  }
});

test('shows its certificate to an endpoint that demands one', async () => {
  const authority = new CertificateAuthority('own');
  const [server, client] = [authority.issue('server'), authority.issue('gatehouse')];
  const listening = createServer(
    { cert: server.certificate, key: server.key, ca: authority.certificate, requestCert: true },
    (_request, response) => response.end('{"keys":[]}'),
  );
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  const url = `https://localhost:${(listening.address() as AddressInfo).port}/jwks`;
  const known = { ca: authority.certificate, serverName: null, clientCert: client.certificate, clientKey: client.key };
  expect(await fetch({ id, connection: known, authorizationFile: null }, url)).toEqual({ text: '{"keys":[]}' });
  const unknown = { ...known, clientCert: null, clientKey: null };
  expect(await fetch({ id: 'km-2', connection: unknown, authorizationFile: null }, url)).toHaveProperty('problem');
  listening.closeAllConnections();
  await new Promise((done) => listening.close(done));
});
