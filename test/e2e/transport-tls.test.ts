// Checks over TLS between Envoy and Gatehouse: both sides know each other, whoever is not known gets no verdict, and certificates
// are replaced without a restart.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority, type IssuedCertificate } from '../rig/certificate-authority.ts';
import { upstreamTls } from '../rig/envoy-tls.ts';
import { startAnotherEnvoy } from './another-envoy.ts';
import { type Stack, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';

const servers = new CertificateAuthority('Servers');
const clients = new CertificateAuthority('Clients');
const strangers = new CertificateAuthority('Strangers');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-transport-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A stack whose Gatehouse has its files in a folder of this name. */
async function startTls(
  name: string,
  clientAuthority: CertificateAuthority | null,
  envoyCertificate?: IssuedCertificate,
) {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
  const install = ({ certificate, key }: IssuedCertificate) => {
    writeFileSync(files.certFile, certificate);
    writeFileSync(files.keyFile, key);
  };
  install(servers.issue('gatehouse'));
  const clientCaFile = clientAuthority && join(folder, `${name}.ca`);
  if (clientCaFile !== null) writeFileSync(clientCaFile, clientAuthority?.certificate ?? '');
  const stack = await startStack({
    settings: { extauthz: { tls: { ...files, clientCaFile } } },
    editEnvoy: (config) => {
      config.cluster('gatehouse')['transport_socket'] = upstreamTls(servers.certificate, envoyCertificate);
    },
  });
  return { stack, install };
}

/** Asks through one more Envoy before the same Gatehouse. */
async function statusThrough(stack: Stack, trusted: CertificateAuthority, own?: IssuedCertificate): Promise<number> {
  const { envoy, send } = await startAnotherEnvoy(stack, {
    edit: (config) => {
      config.cluster('gatehouse')['transport_socket'] = upstreamTls(trusted.certificate, own);
    },
  });
  try {
    return (await send({ path: MENU, headers: [['authorization', `Bearer ${stack.token()}`]] })).status;
  } finally {
    await envoy.stop();
  }
}

describe('TLS', () => {
  let running: Awaited<ReturnType<typeof startTls>>;
  beforeAll(async () => {
    running = await startTls('server', null);
  });
  afterAll(() => running?.stack.stop());

  test('requests are decided', async () => {
    const { stack } = running;
    expect((await stack.get(MENU, stack.token())).status).toBe(200);
    expect((await stack.get(MENU)).status).toBe(401);
  });

  test('a Gatehouse whose certificate Envoy does not trust is not asked: 503', async () => {
    const { stack } = running;
    const before = stack.upstream.received.length;
    expect(await statusThrough(stack, strangers)).toBe(503);
    expect(stack.upstream.received.length).toBe(before);
  });

  test('a replaced certificate serves new connections, and those that are open go on', async () => {
    const { stack, install } = running;
    install(strangers.issue('gatehouse'));
    await stack.gatehouse.logged(({ msg }) => msg === 'ext_authz certificate files were read again');
    expect(await statusThrough(stack, strangers)).toBe(200);
    expect(await statusThrough(stack, servers)).toBe(503);
    expect((await stack.get(MENU, stack.token())).status).toBe(200);
  });

  test('a replacement that cannot be used is told, and the former one stays', async () => {
    const { stack, install } = running;
    install({ certificate: servers.issue('gatehouse').certificate, key: 'not a key' });
    await stack.gatehouse.logged(({ outcome }) => outcome === 'kept_old');
    expect(await statusThrough(stack, strangers)).toBe(200);
  });
});

describe('mutual TLS', () => {
  let stack: Stack;
  beforeAll(async () => {
    ({ stack } = await startTls('mutual', clients, clients.issue('envoy')));
  });
  afterAll(() => stack?.stop());

  test('an Envoy with a certificate of the clients’ authority is answered', async () => {
    expect((await stack.get(MENU, stack.token())).status).toBe(200);
    expect((await stack.get(MENU)).status).toBe(401);
    expect(await statusThrough(stack, servers, clients.issue('another Envoy'))).toBe(200);
  });

  test.each([
    ['without a certificate', undefined],
    ['with a certificate of another authority', strangers.issue('envoy')],
    ['with a certificate of the servers’ authority', servers.issue('envoy')],
  ])('an Envoy %s gets no verdict: 503 and nothing reaches the upstream', async (_what, certificate) => {
    const before = stack.upstream.received.length;
    expect(await statusThrough(stack, servers, certificate)).toBe(503);
    expect(stack.upstream.received.length).toBe(before);
  });
});
