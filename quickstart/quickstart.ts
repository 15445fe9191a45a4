// `npm run quickstart`: Gatehouse between a real Envoy, three key managers and an upstream, on loopback, until Ctrl-C. With
// `--verify` it makes the six requests itself and ends. All state is below `.quickstart/`, made anew at each start.

import { fileURLToPath } from 'node:url';
import { findEnvoy } from '../scripts/envoy-tool.ts';
import { failureOf } from './perform.ts';
import { type Demo, DemoRefused, startDemo } from './start-demo.ts';

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
  const envoy = await findEnvoy();
  if (envoy.kind === 'missing')
    console.log(`There is no Envoy to run, so \`gatehouse check\` asks in its place.\n${envoy.advice}\n`);
  const demo = await startDemo(STATE, envoy, parts);
  printPlaces(demo);
  if (process.argv.includes('--verify')) return verify(demo);
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

function printRequests({ cases, line }: Demo): void {
  for (const [index, shown] of cases.entries()) console.log(`${index + 1}. ${shown.title}\n\n${line(shown)}\n`);
  console.log('Everything runs until Ctrl-C.');
}
