#!/usr/bin/env node
// The program's entry: hands the process to the command line. The rest of the program is loaded only by commands that need it.

import { text } from 'node:stream/consumers';
import { runCommandLine } from './cli/command-line.ts';
import { EXIT } from './cli/exit-codes.ts';

const OLDEST_NODE_MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `gatehouse: Node ${OLDEST_NODE_MAJOR} or newer is needed, this is ${process.versions.node}; in a checkout use \`npx node dist/main.js\`\n`,
  );
  process.exit(EXIT.fault);
}

/** A reader that is gone (`| head`) wants no more, which is no fault. Made when it is used: a process that serves writes its log itself. */
const heeded = (stream: NodeJS.WriteStream) =>
  stream.listeners('error').includes(ignore) ? stream : stream.on('error', ignore);

function ignore(): void {}

const code = await runCommandLine(process.argv.slice(2), () => import('./app.ts'), {
  env: process.env,
  out: (line) => heeded(process.stdout).write(`${line}\n`),
  err: (line) => heeded(process.stderr).write(`${line}\n`),
  readStdin: () => text(process.stdin),
  onSignal: (signal, listener) => process.on(signal, listener),
  exit: (status) => process.exit(status),
});
// A pipe takes a long text bit by bit, and an exit would cut it off.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => heeded(stream).write('', () => resolve()));
process.exit(code);
