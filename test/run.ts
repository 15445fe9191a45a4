// `npm test`, and with `--interop` `npm run test:interop`: gets the tools the tests need, says which versions they are, runs every
// test and adds up. Nothing is skipped in silence: a tool that cannot be had, a skipped test and a folder without tests each fail
// the run.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { findEnvoy, installEnvoy, OLDER_ENVOY_VERSIONS } from '../scripts/envoy-tool.ts';
import { findKeycloak } from '../scripts/keycloak-tool.ts';
import { findRedis } from '../scripts/redis-tool.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const INTEROP = 'interop';
const PROJECTS = ['house', 'unit', 'contract', 'faults', 'e2e'];

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
  const interop = args.includes(`--${INTEROP}`);
  const tools = await (interop ? interopTools() : everydayTools());
  const missing = tools.filter((tool) => tool.advice !== undefined);
  for (const { advice } of missing) console.error(`✗ ${advice}`);
  for (const { name, version = '-' } of tools) console.log(`${name.padEnd(14)} ${version}`);
  console.log();
  if (missing.length > 0) return 1;
  return runTests(interop ? [INTEROP] : PROJECTS.filter((project) => existsSync(join(TOP, 'test', project))));
}

/** What the tests will run against, or the way to get it. */
interface Tool {
  readonly name: string;
  readonly version?: string;
  readonly advice?: string;
}

type Found =
  | { readonly kind: 'found'; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

function toolOf(name: string, tool: Found): Tool {
  return tool.kind === 'found' ? { name, version: tool.version } : { name, advice: tool.advice };
}

async function everydayTools(): Promise<readonly Tool[]> {
  const tools: Tool[] = [{ name: 'Node', version: process.versions.node }, toolOf('Envoy', await findEnvoy())];
  for (const version of OLDER_ENVOY_VERSIONS) tools.push(toolOf('Envoy', await installEnvoy(version)));
  tools.push(toolOf('Redis', await findRedis()), { name: 'SQLite', version: sqliteVersion() });
  return tools;
}

async function interopTools(): Promise<readonly Tool[]> {
  const keycloak = await findKeycloak();
  const java = keycloak.kind === 'found' ? [{ name: 'Java', version: keycloak.javaVersion }] : [];
  return [
    { name: 'Node', version: process.versions.node },
    toolOf('Envoy', await findEnvoy()),
    toolOf('Redis', await findRedis()),
    toolOf('Keycloak', keycloak),
    ...java,
    { name: 'oidc-provider', version: versionOf('oidc-provider') },
  ];
}

function versionOf(installed: string): string {
  const file = join(TOP, 'node_modules', installed, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
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
