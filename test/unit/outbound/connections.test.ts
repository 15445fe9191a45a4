// Connections by key manager over real TLS: whose authority is trusted, which name is expected, who shows a certificate, and when
// connections go.

import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../../src/domain/key-manager.ts';
import type { OutboundDoor } from '../../../src/outbound/outbound-door.ts';
import { CertificateAuthority, type IssuedCertificate } from '../../rig/certificate-authority.ts';
import { temporaryFolder } from '../../rig/temporary-folder.ts';
import { keyManager } from '../tokens/token-sample.ts';
import { get, openDoor, outcomeOf } from './open-door.ts';

const own = new CertificateAuthority('own');
const other = new CertificateAuthority('other');
const client = own.issue('gatehouse');
const NOTHING: Connection = { ca: null, serverName: null, clientCert: null, clientKey: null };
const servers: Server[] = [];
let connections = 0;

/** Answers with the name asked for (SNI) and the client certificate's subject. */
async function start({ certificate, key }: IssuedCertificate, demandsClient = false): Promise<string> {
  const options = {
    cert: certificate,
    key,
    ca: own.certificate,
    requestCert: demandsClient,
    rejectUnauthorized: demandsClient,
  };
  const server = createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket;
    response.end(`${socket.servername || '-'} ${socket.getPeerCertificate()?.subject?.CN ?? '-'}`);
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `https://localhost:${(server.address() as AddressInfo).port}/`;
}
function ask(door: OutboundDoor, url: string, changes: Partial<Connection> = {}, id = 'km-1') {
  return outcomeOf(get(door, url, { keyManager: keyManager({ id, connection: { ...NOTHING, ...changes } }) }));
}

let plain: string;
let mutual: string;
const door = openDoor({ allowHttp: false });
beforeAll(async () => {
  plain = await start(own.issue('server'));
  mutual = await start(own.issue('server'), true);
});
afterAll(async () => {
  await door.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

test('trusts the authority of the key manager in place of all others, and none without it', async () => {
  expect(await ask(door, plain)).toBe('certificate_untrusted');
  expect(await ask(door, plain, { ca: own.certificate })).toBe('localhost -');
  expect(await ask(door, plain, { ca: other.certificate })).toBe('certificate_untrusted');
});

test('trusts the installation’s file for key managers that bring no authority', async () => {
  const file = join(temporaryFolder(), 'authorities.pem');
  writeFileSync(file, `# comment\n${other.certificate}\n${own.certificate}`);
  const trusting = openDoor({ caFile: file });
  expect(await ask(trusting, plain)).toBe('localhost -');
  expect(await ask(trusting, plain, { ca: other.certificate })).toBe('certificate_untrusted');
  await trusting.close();
});

test('does not start with an authorities file that holds none', () => {
  const file = join(temporaryFolder(), 'authorities.pem');
  expect(() => openDoor({ caFile: file })).toThrow('outbound.caFile');
  writeFileSync(file, 'nothing');
  expect(() => openDoor({ caFile: file })).toThrow('no PEM certificate');
});

test('expects the certificate of the host, or of the name that the key manager states', async () => {
  const named = await start(own.issue('server', ['idp.internal']));
  expect(await ask(door, named, { ca: own.certificate })).toBe('certificate_name_mismatch');
  expect(await ask(door, named, { ca: own.certificate, serverName: 'idp.internal' })).toBe('idp.internal -');
  expect(await ask(door, plain, { ca: own.certificate, serverName: 'idp.internal' })).toBe('certificate_name_mismatch');
});

test('takes no certificate that has expired', async () => {
  const old = await start(own.issue('server', [], Date.now() - 7 * 86_400_000));
  expect(await ask(door, old, { ca: own.certificate })).toBe('certificate_expired');
});

test('shows the client certificate of the key manager, and of no other', async () => {
  const certified = { ca: own.certificate, clientCert: client.certificate, clientKey: client.key };
  expect(await ask(door, mutual, certified, 'km-1')).toBe('localhost gatehouse');
  expect(await ask(door, mutual, { ca: own.certificate }, 'km-2')).toMatch(/^(tls_failed|connection_closed)$/);
  expect(await ask(door, mutual, certified, 'km-1')).toBe('localhost gatehouse');
});

test('says that settings cannot be used, without a word of them, and trusts nobody by an authority that is none', async () => {
  expect(await ask(door, plain, { clientKey: 'no key' })).toBe('tls_settings_invalid');
  const none = '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----';
  expect(await ask(door, plain, { ca: none })).toBe('certificate_untrusted');
});

test('keeps connections for the next request, and leaves them when the settings change or the key manager goes', async () => {
  const fresh = openDoor();
  /** How many connections so many requests took. */
  const taken = async (requests: number, ca: string, id = 'km-1') => {
    connections = 0;
    for (let n = 0; n < requests; n++) await ask(fresh, plain, { ca }, id);
    return connections;
  };
  const changed = `${own.certificate}\n`;
  // A pool may open a second one while it is about to take the first one back.
  expect(await taken(20, own.certificate)).toBeLessThan(3);
  expect(await taken(1, changed)).toBe(1);
  expect(await taken(1, changed, 'km-2')).toBe(1);
  fresh.retain(new Set(['km-2']));
  expect(await taken(1, changed)).toBe(1);
  await fresh.close();
});
