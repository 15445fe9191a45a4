// The end of the admin side: it waits for requests in flight, and for nobody who only holds a connection.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { CertificateAuthority } from '../../rig/certificate-authority.ts';
import { temporaryFolder } from '../../rig/temporary-folder.ts';
import { type AdminRig, startRig } from './admin-rig.ts';

/** For ever, as far as a test can tell. */
const LONG_MS = 3_600_000;
const HALF_A_HEAD = 'GET /healthz HTTP/1.1\r\nhost: a\r\n';

async function start(stopGraceMs: number, isSecure = false, options: Parameters<typeof startRig>[0] = {}) {
  const folder = temporaryFolder();
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem'), clientCaFile: null };
  if (isSecure) {
    const { certificate, key } = new CertificateAuthority('admin').issue('server');
    writeFileSync(files.certFile, certificate);
    writeFileSync(files.keyFile, key);
  }
  const rig = await startRig({ tls: isSecure ? files : null, stopGraceMs, ...options });
  onTestFinished(() => rig.stop());
  return rig;
}

function watched<T extends Socket>(socket: T): T {
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

const tcp = async ({ url }: AdminRig) => {
  const socket = watched(connect(Number(new URL(url).port), '127.0.0.1'));
  await once(socket, 'connect');
  return socket;
};
const tls = async ({ url }: AdminRig) => {
  const socket = watched(connectTls({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false }));
  await once(socket, 'secureConnect');
  return socket;
};

test.each([
  ['HTTP', false],
  ['HTTPS', true],
])('a connection that says nothing holds nothing up: %s', async (_name, isSecure) => {
  const rig = await start(LONG_MS, isSecure);
  const silent = await tcp(rig);
  // The server has heard of it once it answers who came after it.
  await fetch(rig.url.replace('https:', 'http:')).catch(() => undefined);
  const closed = once(silent, 'close');
  await rig.stop();
  await closed;
});

test.each([
  ['HTTP', false],
  ['HTTPS', true],
])('a request that does not go on is given up in the end: %s', async (_name, isSecure) => {
  const rig = await start(50, isSecure);
  const slow = await (isSecure ? tls(rig) : tcp(rig));
  slow.write(HALF_A_HEAD);
  await fetch(rig.url.replace('https:', 'http:')).catch(() => undefined);
  const closed = once(slow, 'close');
  await rig.stop();
  await closed;
});

test('a request in flight has its answer', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<string>();
  const rig = await start(LONG_MS, false, {
    metricsPublic: true,
    metrics: () => {
      begun.resolve();
      return goOn.promise;
    },
  });
  const answer = fetch(`${rig.url}/metrics`).then((reply) => reply.text());
  await begun.promise;
  const stopped = rig.stop();
  goOn.resolve('gatehouse_answers_total 1\n');
  expect(await answer).toBe('gatehouse_answers_total 1\n');
  await stopped;
});
