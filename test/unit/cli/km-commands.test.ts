// `km test` and `km discover`: against a real admin side, and a program that answers what each test wants.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiagnosisCheck } from '../../../src/admin/key-managers/diagnosis.ts';
import { CertificateAuthority } from '../../rig/certificate-authority.ts';
import { temporaryFolder as folderOfFile } from '../../rig/temporary-folder.ts';
import { type AdminRig, startRig, stubDiagnosis, TOKENS } from '../admin/admin-rig.ts';
import { runCli, temporaryFolder } from './cli-rig.ts';

const CHECKS: readonly DiagnosisCheck[] = [
  { check: 'discovery', outcome: 'ok', detail: 'answers', fix: null },
  { check: 'clock', outcome: 'warning', detail: '30 s behind', fix: 'see that both keep time' },
  { check: 'key', outcome: 'not_applicable', detail: 'not used', fix: null },
];
const FAILED: DiagnosisCheck = { check: 'issuer', outcome: 'failed', detail: 'differs', fix: 'set issuer' };
let checks = CHECKS;
let sample: string | undefined;
let rig: AdminRig;
beforeAll(async () => {
  rig = await startRig({
    diagnosis: {
      ...stubDiagnosis,
      async test(_organization, id, token) {
        sample = token;
        return { keyManager: { id, name: 'Okta' }, ok: !checks.includes(FAILED), checks };
      },
    },
  });
  await rig.call('POST', '/api/am/admin/v4/key-managers', TOKENS.all, { name: 'Okta é', type: 'Okta' });
  await rig.call('POST', '/api/am/admin/v4/global-key-managers', TOKENS.all, { name: 'Global', type: 'Okta' });
});
afterAll(() => rig.stop());

async function km(args: readonly string[], { token = TOKENS.all, stdin = '', admin = rig.url } = {}) {
  const file = join(temporaryFolder(), 'admin-token');
  writeFileSync(file, `${token}\n`);
  const run = runCli(['km', 'test', '--admin', admin, '--admin-token-file', file, ...args], { stdin });
  const code = await run.code;
  const [out, err] = [run.out.join('\n'), run.err.join('\n')];
  expect(out + err).not.toContain(token);
  return { code, out, err };
}

describe('km test', () => {
  test('prints a line for each check, with what to do below it, and exits 0 where nothing failed', async () => {
    checks = CHECKS;
    const { code, out } = await km(['Okta é']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      '✓ discovery: answers',
      '! clock: 30 s behind',
      '    see that both keep time',
      '– key: not used',
    ]);
  });

  test('exits 1 where something failed', async () => {
    checks = [...CHECKS, FAILED];
    const { code, out } = await km(['id-1']);
    expect([code, out.split('\n').slice(-2)]).toEqual([1, ['✗ issuer: differs', '    set issuer']]);
  });

  test('prints the answer as JSON', async () => {
    checks = CHECKS;
    expect(JSON.parse((await km(['Okta é', '--json'])).out)).toMatchObject({ ok: true, checks: CHECKS });
  });

  test('takes a sample token from a file or standard input, and never prints it', async () => {
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, 'canary-token\n');
    for (const [args, stdin] of [
      [['--token-file', file], ''],
      [['--token-stdin'], 'canary-token\n'],
    ] as const) {
      sample = undefined;
      const { out, err } = await km(['Okta é', ...args], { stdin });
      expect(sample).toBe('canary-token');
      expect(out + err).not.toContain('canary');
    }
  });

  test('finds Global key managers where the caller may', async () => {
    expect((await km(['Global'])).code).toBe(0);
    expect((await km(['Global'], { token: TOKENS.other })).code).toBe(3);
  });

  test('says which key managers there are where there is none of the name', async () => {
    const { code, err } = await km(['Okto']);
    expect([code, err]).toEqual([3, 'gatehouse: there is no key manager Okto; known are Okta é, Global']);
  });

  test('says why it is not let in', async () => {
    const wrong = await km(['Okta é'], { token: 'wrong' });
    expect([wrong.code, wrong.err]).toEqual([
      3,
      'gatehouse: the admin side answers with status 401: A credential of the admin side is required',
    ]);
    const reader = await km(['Okta é'], { token: TOKENS.read });
    expect([reader.code, reader.err]).toMatchObject([3, expect.stringContaining('status 403')]);
  });

  test('says that nobody answers', async () => {
    const { code, err } = await km(['Okta é'], { admin: 'http://127.0.0.1:1' });
    expect([code, err]).toMatchObject([3, expect.stringMatching(/no answer from the admin side: .*ECONNREFUSED/)]);
  });

  test.each([
    [['x', '--admin-token-file', '/nowhere/token'], /--admin-token-file \/nowhere\/token does not exist/],
    [['x', '--token-file', 'a', '--token-stdin'], /not both/],
    [['x', '--admin', 'ftp://a'], /https:\/\/host:port/],
    [['x', '--admin', 'https://user:pass@a'], /https:\/\/host:port/],
    [['x', '--timeout', '0'], /milliseconds/],
    [[], /missing required argument/],
  ])('exits 2 for the command line %j', async (args, message) => {
    const { code, err } = await km(args);
    expect([code, err]).toMatchObject([2, expect.stringMatching(message)]);
  });

  test('trusts the authority that it is given, and no other', async () => {
    const authority = new CertificateAuthority('own');
    const folder = folderOfFile();
    const issued = authority.issue('localhost');
    const [certFile, keyFile, caFile] = ['cert', 'key', 'ca'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(certFile, issued.certificate);
    writeFileSync(keyFile, issued.key);
    writeFileSync(caFile, authority.certificate);
    const secure = await startRig({ tls: { certFile, keyFile, clientCaFile: null }, diagnosis: stubDiagnosis });
    const admin = secure.url.replace('127.0.0.1', 'localhost');
    expect((await km(['x'], { admin })).err).toMatch(/no answer from the admin side/);
    expect((await km(['x', '--admin-ca', caFile], { admin })).err).toMatch(/there is no key manager x; known are none/);
    await secure.stop();
  });
});

describe('km discover', () => {
  const dto = { name: 'sso', type: 'KeyCloak', issuer: 'https://sso.example' };

  test('prints a DTO that can be posted on standard output, and what is still to be said on the other', async () => {
    const asked: unknown[] = [];
    const run = runCli(
      ['km', 'discover', 'https://sso.example/x', '--type', 'KeyCloak', '--set', 'outbound.allowHttp=true'],
      {
        app: {
          discover: async (settings, url, type) => {
            asked.push([settings.outbound.allowHttp, url, type]);
            return { kind: 'discovered', dto, warnings: ['Give audiences.'] };
          },
        },
      },
    );
    expect(await run.code).toBe(0);
    expect(asked).toEqual([[true, 'https://sso.example/x', 'KeyCloak']]);
    expect(JSON.parse(run.out.join('\n'))).toEqual(dto);
    expect(run.err).toEqual(['warning: Give audiences.']);
  });

  test('exits 1 and says why where there is nothing to be had', async () => {
    const run = runCli(['km', 'discover', 'https://sso.example/x']);
    expect([await run.code, run.out, run.err]).toEqual([1, [], ['gatehouse: nothing is there']]);
  });

  test('exits 2 for settings that are wrong', async () => {
    const run = runCli(['km', 'discover', 'https://sso.example/x', '--set', 'outbound.allowHtp=true']);
    expect([await run.code, run.err.join()]).toMatchObject([2, expect.stringContaining('allowHttp')]);
  });
});
