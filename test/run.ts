// `npm test`: gets the tools the tests need, says which versions they are, runs every test and adds up. Nothing is skipped in
// silence: a tool that cannot be had, a skipped test and a folder without tests each fail the run.

import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { type EnvoyTool, findEnvoy, installEnvoy, OLDER_ENVOY_VERSIONS } from '../scripts/envoy-tool.ts';
import { findRedis } from '../scripts/redis-tool.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const INTEROP = 'interop';
const PROJECTS = ['house', 'unit', 'contract', 'e2e'];

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes(`--${INTEROP}`)) {
    if (testFiles(INTEROP).length > 0) return runTests([INTEROP]);
    console.log('There are no interop tests yet: nothing was run.');
    return 0;
  }
  const tools = await printTools();
  if (!tools) return 1;
  return runTests(PROJECTS.filter((project) => existsSync(join(TOP, 'test', project))));
}

/** Prints what the tests will run against; false when something is missing, with the way to get it. */
async function printTools(): Promise<boolean> {
  const envoys: EnvoyTool[] = [await findEnvoy()];
  for (const version of OLDER_ENVOY_VERSIONS) envoys.push(await installEnvoy(version));
  const redis = await findRedis();
  const missing = [...envoys, redis].filter((tool) => tool.kind === 'missing');
  for (const { advice } of missing) console.error(`✗ ${advice}`);
  const versions = envoys.flatMap((envoy) => (envoy.kind === 'found' ? [envoy.version] : []));
  console.log(`Node    ${process.versions.node}`);
  console.log(`Envoy   ${versions.join(', ')}`);
  console.log(`Redis   ${redis.kind === 'found' ? redis.version : '-'}`);
  console.log(`SQLite  ${sqliteVersion()}\n`);
  return missing.length === 0;
}

function sqliteVersion(): string {
  const database = new Database(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}

async function runTests(projects: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-report-'));
  try {
    const reportFile = join(folder, 'report.json');
    const code = await vitest([
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
    ]);
    if (!existsSync(reportFile)) {
      console.error('✗ vitest ended without a report');
      return code === 0 ? 1 : code;
    }
    return judge(JSON.parse(readFileSync(reportFile, 'utf8')) as Report, projects, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what is wrong with the run and the closing line; returns the exit code. */
function judge(report: Report, projects: readonly string[], code: number): number {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  const idle = projects.filter((project) => !report.testResults.some(({ name }) => hasRun(name, project)));
  // A file that cannot be loaded has no tests to fail.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + unloaded.length;
  for (const { name } of unloaded) console.error(`✗ failed as a whole: ${relative(TOP, name)}`);
  for (const { fullName } of skipped) console.error(`✗ skipped: ${fullName}`);
  for (const project of idle) console.error(`✗ no test was run in test/${project}`);
  if (code !== 0 && failed === 0) console.error(`✗ vitest ended with ${code}: see the error above`);
  console.log(`\n${report.numPassedTests} passed, ${failed} failed`);
  return code === 0 && failed === 0 && skipped.length === 0 && idle.length === 0 && report.numPassedTests > 0 ? 0 : 1;
}

function hasRun(testFile: string, project: string): boolean {
  return relative(join(TOP, 'test'), testFile).split(/[\\/]/)[0] === project;
}

function testFiles(project: string): readonly string[] {
  return globSync(`test/${project}/**/*.test.ts`, { cwd: TOP });
}

function vitest(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(TOP, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
      cwd: TOP,
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
