// `npm run quickstart`: Gatehouse between a real Envoy, three key managers and an upstream, on loopback, until Ctrl-C. With
// `--verify` it makes the six requests itself and ends. All state is below `.quickstart/`, made anew at each start.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEnvoy } from '../scripts/envoy-tool.ts';
import { failureOf } from './perform.ts';
import { type Demo, DemoRefused, startDemo } from './start-demo.ts';

const VERIFY = '--verify';
const STATE = fileURLToPath(new URL('../.quickstart', import.meta.url));

const parts = new AsyncDisposableStack();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void leave(0));
try {
  await leave(await main());
} catch (error) {
  // What the user can mend is a sentence; anything else is a defect and needs its trace.
  console.error(error instanceof DemoRefused ? `\n✗ ${error.message}` : error);
  await leave(1);
}

async function main(): Promise<number> {
  const [unknown] = process.argv.slice(2).filter((argument) => argument !== VERIFY);
  if (unknown !== undefined)
    throw new DemoRefused(
      `${unknown} is no argument of the quickstart; it knows only ${VERIFY}: npm run quickstart -- ${VERIFY}`,
    );
  const envoy = await findEnvoy();
  // Whoever names an Envoy wants that one, not something in its place.
  if (envoy.kind === 'missing' && (process.env['ENVOY_BIN'] ?? '') !== '') throw new DemoRefused(envoy.advice);
  if (envoy.kind === 'missing')
    console.log(`There is no Envoy to run, so \`gatehouse check\` asks in its place.\n${envoy.advice}\n`);
  const demo = await startDemo(STATE, envoy, parts);
  printPlaces(demo);
  if (process.argv.includes(VERIFY)) return verify(demo);
  printRequests(demo);
  const lost = await demo.lost;
  // Ctrl-C reaches the whole process group, so parts may end before they are told to.
  if (!parts.disposed) console.error(`\n✗ ${lost}`);
  return 1;
}

/** Stops everything that was started, once, and ends. */
async function leave(code: number): Promise<void> {
  if (parts.disposed) return;
  await parts.disposeAsync();
  process.exit(code);
}

async function verify({ cases, send }: Demo): Promise<number> {
  let failures = 0;
  for (const shown of cases) {
    const failure = await failureOf(shown, send);
    console.log(failure === undefined ? `✓ ${shown.title}` : `✗ ${shown.title}\n    ${failure}`);
    if (failure !== undefined) failures += 1;
  }
  return failures === 0 ? 0 : 1;
}

function printPlaces({ places }: Demo): void {
  const width = (column: 0 | 1) => Math.max(...places.map((place) => place[column].length));
  for (const [what, where, note] of places)
    console.log(`  ${what.padEnd(width(0))}  ${where.padEnd(width(1))}  ${note}`);
  console.log();
}

function printRequests({ cases, logs, line }: Demo): void {
  for (const [index, shown] of cases.entries()) console.log(`${index + 1}. ${shown.title}\n\n${line(shown)}\n`);
  const denials = `grep '"outcome":"deny"' ${relative(process.cwd(), logs.gatehouse)} | tail -n 1`;
  console.log(`Why the last denial? Gatehouse's log says it:\n\n${denials}\n`);
  if (logs.envoy !== undefined)
    console.log(
      `${relative(process.cwd(), logs.envoy)} has Envoy's side of the same request: the line with its decision_id.\n`,
    );
  console.log('Everything runs until Ctrl-C.');
}
