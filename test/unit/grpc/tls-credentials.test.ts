// TLS and mTLS with files that change under a running server.

import { X509Certificate } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TlsFiles } from '../../../src/domain/tls-files.ts';
import { CheckClient, type ClientTls } from '../../../src/extauthz/check-client.ts';
import { checkHandler } from '../../../src/extauthz/check-handler.ts';
import { type ExtAuthzServer, startServer } from '../../../src/extauthz/server.ts';
import type { TcpAddress } from '../../../src/grpc/listen-address.ts';
import type { CertificateEvent } from '../../../src/grpc/tls-credentials.ts';
import { CertificateAuthority, type IssuedCertificate } from '../../rig/certificate-authority.ts';
import { eventually } from '../../rig/eventually.ts';
import { ALLOW, handlerOptions, LIMITS, PATIENCE_MS, QUESTION } from '../extauthz/running-server.ts';

const POLL_MS = 20;
const authority = new CertificateAuthority('servers');
const clients = new CertificateAuthority('clients');
let folder = '';
let files: TlsFiles & { readonly clientCaFile: string };
let server: ExtAuthzServer | undefined;
let events: CertificateEvent[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  events = [];
  files = { certFile: file('server.pem'), keyFile: file('server.key'), clientCaFile: file('clients.pem') };
  await writeFile(file('servers.pem'), authority.certificate);
  await writeFile(files.clientCaFile, clients.certificate);
  await install(authority.issue('first'));
});
afterEach(async () => {
  await server?.drain({ notServingMs: 0, graceMs: 0 });
  server = undefined;
  await rm(folder, { recursive: true });
});

const file = (name: string) => join(folder, name);

/** In one step: a file that is half written would be told of too. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function install({ certificate, key }: IssuedCertificate): Promise<void> {
  await replace(files.keyFile, key);
  await replace(files.certFile, certificate);
}

async function serve(tls: TlsFiles = files): Promise<void> {
  server = await startServer({
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0, tls }],
    check: checkHandler(handlerOptions(() => ALLOW, { records: [], defects: [] })),
    ...LIMITS,
    certificatePollMs: POLL_MS,
    onCertificate: (event) => events.push(event),
    onDefect: () => {},
  });
}

const address = () => server?.addresses[0] as TcpAddress;

async function ask(issued: IssuedCertificate | undefined, tls: ClientTls = {}): Promise<number> {
  if (issued !== undefined) {
    await writeFile(file('client.pem'), issued.certificate);
    await writeFile(file('client.key'), issued.key);
  }
  const own = issued === undefined ? {} : { certificateFile: file('client.pem'), keyFile: file('client.key') };
  const client = new CheckClient({
    ...address(),
    tls: { caFile: file('servers.pem'), serverName: 'localhost', ...own, ...tls },
  });
  try {
    return (await client.check(QUESTION, PATIENCE_MS)).status;
  } finally {
    client.close();
  }
}

/** The common name that a new connection is shown. */
function shown(): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: address().port, ca: authority.certificate, ALPNProtocols: ['h2'] };
    const socket = connect(options, () => {
      const { subject } = new X509Certificate(socket.getPeerCertificate().raw);
      socket.destroy();
      resolve(subject);
    });
    socket.on('error', reject);
  });
}

describe('mTLS', () => {
  test('lets in a client of the authority', async () => {
    await serve();
    expect(await ask(clients.issue('envoy'))).toBe(0);
  });

  test('turns away a client without a certificate, and one of another authority', async () => {
    await serve();
    await expect(ask(undefined)).rejects.toMatchObject({ code: 14 });
    await expect(ask(authority.issue('stranger'))).rejects.toMatchObject({ code: 14 });
  });

  test('follows a change of the authority', async () => {
    await serve();
    const next = new CertificateAuthority('next clients');
    await replace(files.clientCaFile, next.certificate);
    await eventually('the reload', () => events.some(({ outcome }) => outcome === 'reloaded'));
    expect(await ask(next.issue('envoy'))).toBe(0);
    await expect(ask(clients.issue('envoy'))).rejects.toMatchObject({ code: 14 });
  });
});

describe('TLS', () => {
  test('without a client authority takes any client, and is checked by the name that the client expects', async () => {
    await serve({ ...files, clientCaFile: null });
    expect(await ask(undefined)).toBe(0);
    await expect(ask(undefined, { serverName: 'other.example' })).rejects.toMatchObject({ code: 14 });
  });

  test('shows new connections a rotated certificate', async () => {
    await serve();
    expect(await shown()).toBe('CN=first');
    await install(authority.issue('second'));
    await eventually('the new certificate', async () => (await shown()) === 'CN=second');
    expect(await ask(clients.issue('envoy'))).toBe(0);
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['a certificate without its key', () => replace(files.certFile, authority.issue('other').certificate), /not a PEM/],
    ['a certificate that is junk', () => replace(files.certFile, 'junk'), /not a PEM/],
    ['an empty authority', () => replace(files.clientCaFile, ''), /has no PEM certificate/],
    ['a file that is gone', () => rm(files.keyFile), /ENOENT/],
  ])('keeps the old set over %s, says so once, and takes the next good one', async (_name, spoil, message) => {
    await serve();
    await spoil();
    await eventually('the report', () => events.length > 0);
    await setTimeout(10 * POLL_MS);
    expect(events).toEqual([{ outcome: 'kept_old', files, error: expect.stringMatching(message) }]);
    expect(await shown()).toBe('CN=first');
    expect(await ask(clients.issue('envoy'))).toBe(0);
    await replace(files.clientCaFile, clients.certificate);
    await install(authority.issue('second'));
    await eventually('the new certificate', async () => (await shown()) === 'CN=second');
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['a missing key', () => rm(files.keyFile), /server\.key/],
    [
      'a key of another certificate',
      () => writeFile(files.keyFile, authority.issue('other').key),
      /server\.pem and .*server\.key/,
    ],
    [
      'an authority that cannot be read',
      () => writeFile(files.clientCaFile, broken()),
      /clients\.pem has a certificate/,
    ],
  ])('%s stops the start with the name of the file', async (_name, spoil, message) => {
    await spoil();
    await expect(serve()).rejects.toThrow(message);
  });
});

function broken(): string {
  return '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
}
