// The command line: settings from all sources, signals, help, and one exit code for each way to end.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { runCli, temporaryFolder } from './cli-rig.ts';

const PROBLEM = { file: 'c.yaml', line: 3, column: 5, field: 'apis[0].name', message: 'is missing', fix: 'add it' };

function configFile(text: string): string {
  const file = join(temporaryFolder(), 'gatehouse.yaml');
  writeFileSync(file, text);
  return file;
}

async function ended(args: string[], options: Parameters<typeof runCli>[1] = {}) {
  const run = runCli(args, options);
  return { ...run, code: await run.code, text: [...run.out, ...run.err].join('\n') };
}

describe('serve', () => {
  test('serves with settings of file, environment and flags, until a signal', async () => {
    const config = configFile('admin: {port: 1}\ntokens: {clockSkewSeconds: 1}\n');
    const args = ['serve', '--config', config, '--data', '/d', '--catalog', '/c', '--set', 'admin.port=3', '--strict'];
    const run = runCli(args, { env: { GATEHOUSE_TOKENS_CLOCK_SKEW_SECONDS: '2', GATEHOUSE_ADMIN_PORT: '2' } });
    while (run.served.length === 0) await turn();
    await turn();
    run.signal('SIGTERM');
    expect(await run.code).toBe(0);
    expect(run.served).toMatchObject([
      {
        catalogWins: false,
        strict: true,
        settings: {
          dataDir: '/d',
          catalogFile: '/c',
          admin: { port: 3 },
          tokens: { clockSkewSeconds: 2 },
          insecure: [],
        },
      },
    ]);
  });

  test('takes the file that GATEHOUSE_CONFIG names', async () => {
    const run = runCli(['serve', '--catalog-wins', '--insecure-extauthz'], {
      env: { GATEHOUSE_CONFIG: configFile('dataDir: /from-file\nextauthz: {listen: ["tcp://0.0.0.0:1"]}\n') },
    });
    while (run.served.length === 0) await turn();
    await turn();
    run.signal('SIGINT');
    expect(await run.code).toBe(0);
    expect(run.served).toMatchObject([
      { catalogWins: true, settings: { dataDir: '/from-file', insecure: ['extauthz'] } },
    ]);
  });

  test('tells every problem of its settings, one a line, and exits 2 without starting', async () => {
    const config = configFile('admn: 1\ntokens: {clockSkewSeconds: 301}\n');
    const run = await ended(['serve', '--config', config, '--set', 'admin.hots=x'], {
      env: { GATEHOUSE_ADMIN_PROT: '1' },
    });
    expect([run.code, run.served, run.err.length]).toEqual([2, [], 4]);
    expect(run.err[0]).toContain(`${config}:2:28 tokens.clockSkewSeconds: is too large`);
  });

  test('exits 2 for a file that cannot be read', async () => {
    const run = await ended(['serve', '--config', '/nowhere/g.yaml']);
    expect([run.code, run.err[0]]).toEqual([2, expect.stringContaining('/nowhere/g.yaml: cannot be read')]);
  });

  test('exits 3 with the reason when it cannot start', async () => {
    const serve = () => Promise.reject(new Error('cannot listen on 127.0.0.1:9191'));
    const run = await ended(['serve'], { app: { serve } });
    expect([run.code, run.err]).toEqual([3, ['gatehouse: cannot listen on 127.0.0.1:9191']]);
  });
});

describe('validate', () => {
  test('exits 0 and says what is valid, warnings included', async () => {
    const validateCatalog = async () => ({ problems: [], warnings: [PROBLEM] });
    const run = await ended(['validate', '--catalog', 'c.yaml'], { app: { validateCatalog } });
    expect([run.code, run.err]).toEqual([0, []]);
    expect(run.out).toEqual([
      'warning: c.yaml:3:5 apis[0].name: is missing. Fix: add it',
      'The settings and c.yaml are valid.',
    ]);
  });

  test('exits 1 with all problems of the catalog', async () => {
    const validateCatalog = async () => ({ problems: [PROBLEM, PROBLEM], warnings: [] });
    const run = await ended(['validate'], { app: { validateCatalog } });
    expect([run.code, run.err.length, run.out]).toEqual([1, 2, []]);
  });

  test('exits 1 with all problems of the settings', async () => {
    const run = await ended(['validate', '--set', 'a=1', '--set', 'admin.port=x']);
    expect([run.code, run.err.length]).toEqual([1, 2]);
  });
});

describe('usage', () => {
  test.each([[['--help']], [['serve', '--help']], [['check', '--help']]])('%j exits 0', async (args) => {
    expect((await ended(args)).code).toBe(0);
  });

  test.each([['serve'], ['check'], ['health']])('%s --help tells defaults in words', async (command) => {
    const { text } = await ended([command, '--help']);
    expect(text).toMatch(/\(default:\s/);
    expect(text).not.toMatch(/default:\s+[[{]/);
  });

  test('help has examples and every exit code', async () => {
    const { text } = await ended(['--help']);
    for (const part of ['Examples:', 'gatehouse check GET', 'Exit codes:', ' 0 ', ' 1 ', ' 2 ', ' 3 ', '130, 143'])
      expect(text).toContain(part);
  });

  test.each([
    [['serv']],
    [['serve', '--nonsense']],
    [['serve', '--set', 'noequals']],
    [['check']],
    [['check', 'GET']],
    [['check', 'GET', 'not a url']],
    [['check', 'GET', 'ftp://x/']],
    [['check', 'GET', 'https://x/', '--target', 'nowhere']],
    [['check', 'GET', 'https://x/', '--header', 'novalue']],
    [['check', 'GET', 'https://x/', '--token-file', 'a', '--token-stdin']],
    [['health', '--timeout', '0']],
  ])('%j exits 2 and says why', async (args) => {
    const run = await ended(args);
    expect([run.code, run.served]).toEqual([2, []]);
    expect(run.err.join('')).not.toBe('');
  });

  test('a token file that cannot be read is told with what is wrong with it', async () => {
    const folder = temporaryFolder();
    const problemOf = async (file: string) => {
      const run = await ended(['check', 'GET', 'https://x/', '--token-file', file]);
      return [run.code, ...run.err];
    };
    expect(await problemOf(folder)).toEqual([
      2,
      `gatehouse: --token-file ${folder} is a directory; name the file that holds the token`,
    ]);
    expect(await problemOf(`${folder}/none`)).toEqual([2, `gatehouse: --token-file ${folder}/none does not exist`]);
  });

  test.each([['version'], ['--version']])('%s is that of the package', async (argument) => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(await ended([argument])).toMatchObject({ code: 0, out: [manifest.version] });
  });
});
