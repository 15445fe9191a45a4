// The guide "The catalog as code": its commands, in their order, against a running Gatehouse.

import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MAIN, startGatehouse } from '../rig/gatehouse-process.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

vi.setConfig({ testTimeout: 120_000 });

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(TOP, 'docs/catalog-as-code.md'), 'utf8');
const blocks = [...guide.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');

test('every command of the guide does what the guide says', async () => {
  const gatehouse = await startGatehouse({ catalogFile: join(TOP, 'config/catalog.yaml') });
  onTestFinished(async () => void (await gatehouse.stop()));
  const folder = temporaryFolder();
  const run = async (script: string) => {
    const bin = join(folder, 'gatehouse');
    const connect = `--admin ${gatehouse.adminUrl} --admin-token-file ${gatehouse.folder}/data/admin-token`;
    writeFileSync(bin, `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@" ${connect}\n`);
    chmodSync(bin, 0o755);
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
    return promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
  };
  expect(blocks).toHaveLength(5);
  const [exported = '', ...others] = blocks;
  expect((await run(exported)).stderr).toMatch(/^revision \S+$/m);
  const file = join(folder, 'catalog.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('owner: partner-shop', 'owner: partner-shop\n    policy: Gold'),
  );
  const [diff = '', apply = '', prune = '', expected = ''] = others;
  await expect(run(diff)).rejects.toMatchObject({
    code: 1,
    stdout: '~ applications[PizzaShack]\n    policy: "Unlimited" → "Gold"\n0 to add, 1 to change, 0 to delete.\n',
  });
  expect((await run(apply)).stdout).toMatch(
    /0 to add, 1 to change, 0 to delete\.\n[\s\S]*0 added, 1 changed, 0 deleted\.\n$/,
  );
  expect((await run(`${diff}${prune}${expected}`)).stdout).toBe('Nothing changes.\n'.repeat(4));
});
