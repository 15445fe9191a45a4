// Files that are read while they change, with a disk that answers when the test says.

import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watchTlsFiles } from '../../../../src/admin/http/tls-files.ts';
import { CertificateAuthority } from '../../../rig/certificate-authority.ts';

/** What each reading waits for, in their order; one is two files. */
const readings: PromiseWithResolvers<Buffer>[] = [];
// A disk cannot be made to answer the earlier of two readings last.
vi.mock('node:fs/promises', () => ({
  readFile: () => {
    const reading = Promise.withResolvers<Buffer>();
    readings.push(reading);
    return reading.promise;
  },
}));

const authority = new CertificateAuthority('admin test');
const [old, next] = [authority.issue('server'), authority.issue('server')];

test('a reading that takes long is waited for, so that what it read never comes after something newer', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const handedOver: string[] = [];
  const files = { certFile: 'cert', keyFile: 'key', clientCaFile: null };
  const current = { cert: old.certificate, key: old.key };
  const told = (what: string) => void handedOver.push(what);
  onTestFinished(
    watchTlsFiles(
      files,
      current,
      ({ cert }) => told(String(cert)),
      () => told('no fit'),
      10,
    ),
  );
  const answer = async (at: number, { certificate, key }: typeof old) => {
    readings[2 * at]?.resolve(Buffer.from(certificate));
    readings[2 * at + 1]?.resolve(Buffer.from(key));
    await turn();
  };
  vi.advanceTimersByTime(50);
  await answer(1, next);
  await answer(0, old);
  vi.advanceTimersByTime(10);
  await answer(1, next);
  vi.advanceTimersByTime(10);
  await answer(2, next);
  expect(handedOver).toEqual([next.certificate]);
});
