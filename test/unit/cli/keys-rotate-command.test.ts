// `keys rotate` against a real admin side.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SigningKeyAdmin } from '../../../src/admin/operation/signing-key-routes.ts';
import { type AdminRig, startRig, TOKENS } from '../admin/admin-rig.ts';
import { runCli, temporaryFolder } from './cli-rig.ts';

const key = { id: 'thumb', algorithm: 'ES256', createdAtMs: 0, retiredAtMs: null, publishedUntilMs: null } as const;
let rotate: SigningKeyAdmin['rotate'];
let callers: (string | undefined)[] = [];
let rig: AdminRig;
let off: AdminRig;
beforeAll(async () => {
  rig = await startRig({
    signingKeys: { published: () => [], list: () => [key], rotate: (audit) => rotate(audit) },
  });
  off = await startRig();
});
afterAll(async () => {
  await rig.stop();
  await off.stop();
});

async function run({ url, token = TOKENS.keys }: { readonly url: string; readonly token?: string }) {
  const file = join(temporaryFolder(), 'admin-token');
  writeFileSync(file, `${token}\n`);
  const ran = runCli(['keys', 'rotate', '--admin', url, '--admin-token-file', file]);
  const code = await ran.code;
  const [out, err] = [ran.out.join('\n'), ran.err.join('\n')];
  expect(out + err).not.toContain(token);
  return { code, out, err };
}

test('prints the id of the new key', async () => {
  callers = [];
  rotate = async ({ caller }) => {
    callers.push(caller);
    return { kind: 'rotated', key };
  };
  expect(await run(rig)).toEqual({ code: 0, out: 'thumb signs from now on (ES256)', err: '' });
  expect(callers).toEqual(['keys']);
});

test('says why not', async () => {
  rotate = async () => ({ kind: 'refused', why: 'given' });
  expect((await run(rig)).err).toContain('status 409: The keys come from upstream.backendJwt.keys');
  rotate = async () => ({ kind: 'refused', why: 'busy' });
  expect((await run(rig)).err).toContain('status 503');
  expect((await run(off)).err).toContain('upstream.backendJwt.enabled is false');
  expect((await run({ ...rig, token: TOKENS.write })).err).toContain('status 403');
  expect((await run({ url: 'http://127.0.0.1:1' })).err).toContain('no answer from the admin side');
});
