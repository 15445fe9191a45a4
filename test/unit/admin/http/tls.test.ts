// TLS of the admin side: client certificates where they are asked for, and rotated files without a restart.

import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readTlsFiles, watchTlsFiles } from '../../../../src/admin/http/tls-files.ts';
import type { TlsFiles } from '../../../../src/domain/tls-files.ts';
import { CertificateAuthority, type IssuedCertificate } from '../../../rig/certificate-authority.ts';
import { temporaryFolder } from '../../../rig/temporary-folder.ts';
import { type AdminRig, startRig } from '../admin-rig.ts';

const authority = new CertificateAuthority('admin test');
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

function filesOf(issued: IssuedCertificate): TlsFiles {
  const folder = temporaryFolder();
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem'), clientCaFile: null };
  writeFileSync(files.certFile, issued.certificate);
  writeFileSync(files.keyFile, issued.key);
  return files;
}

/** In one step: a file that is half written does not fit either, and would be told of. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function statusOf(rig: AdminRig, client: { cert?: string; key?: string } = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(`${rig.url}/healthz`, { ca: authority.certificate, agent: false, ...client }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.on('error', reject).end();
  });
}

async function start(tls: TlsFiles): Promise<AdminRig> {
  const rig = await startRig({ tls });
  ended.push(() => rig.stop());
  return rig;
}

test('serves HTTPS with the certificate of its files', async () => {
  const rig = await start(filesOf(authority.issue('server')));
  expect(rig.url).toMatch(/^https:/);
  expect(await statusOf(rig)).toBe(200);
});

test('with a client CA turns away clients without one of its certificates', async () => {
  const files = filesOf(authority.issue('server'));
  const clientCaFile = join(temporaryFolder(), 'ca.pem');
  writeFileSync(clientCaFile, authority.certificate);
  const rig = await start({ ...files, clientCaFile });
  const { certificate: cert, key } = authority.issue('client');
  const { certificate: foreignCert, key: foreignKey } = new CertificateAuthority('foreign').issue('client');
  expect(await statusOf(rig, { cert, key })).toBe(200);
  await expect(statusOf(rig)).rejects.toThrow();
  await expect(statusOf(rig, { cert: foreignCert, key: foreignKey })).rejects.toThrow();
});

test('does not start with files that cannot be used', async () => {
  const files = filesOf({ ...authority.issue('server'), key: authority.issue('other').key });
  await expect(startRig({ tls: files })).rejects.toThrow();
  await expect(startRig({ tls: { ...files, certFile: '/nowhere/cert.pem' } })).rejects.toThrow('/nowhere/cert.pem');
});

describe('files that change', () => {
  test('are handed over when they fit, and reported while they do not', async () => {
    const files = filesOf(authority.issue('server'));
    const next = authority.issue('server');
    const events = new EventTarget();
    const seen: string[] = [];
    const tell = (what: string) => {
      seen.push(what);
      events.dispatchEvent(new Event('change'));
    };
    ended.push(
      watchTlsFiles(
        files,
        readTlsFiles(files),
        ({ cert }) => tell(String(cert)),
        () => tell('does not fit'),
        20,
      ),
    );
    const half = once(events, 'change');
    replace(files.certFile, next.certificate);
    await half;
    expect(seen).toEqual(['does not fit']);
    const whole = once(events, 'change');
    replace(files.keyFile, next.key);
    await whole;
    expect(seen.at(-1)).toBe(next.certificate);
    expect(readTlsFiles(files).key?.toString()).toBe(next.key);
  });
});
