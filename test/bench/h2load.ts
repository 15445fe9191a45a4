// Runs h2load, which makes more load for less of its core than any client in JavaScript, but sends one body only and looks at no
// answer: the bytes it received must add up to the answer that was verified.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../scripts/run-command.ts';
import { cpuSecondsOfEndedChildren } from './accounting.ts';
import { GRPC_HEADERS } from './call.ts';
import { CONNECTIONS, IN_FLIGHT, type LoadOrder, type LoadReport } from './load-order.ts';

/** Sends one call again and again, in a closed loop. */
export async function runH2load(
  bin: string,
  { port, calls, count }: LoadOrder,
  answerBytes: number,
): Promise<LoadReport> {
  const body = calls[0]?.body;
  if (body === undefined) throw new Error('h2load needs a body to send');
  const { ':method': _method, ':path': path, ...headers } = GRPC_HEADERS;
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-h2load-'));
  try {
    const bodyFile = join(folder, 'body');
    await writeFile(bodyFile, body);
    const cpuBefore = cpuSecondsOfEndedChildren();
    const { code, output } = await runCommand(bin, [
      ...['-n', `${count}`, '-c', `${CONNECTIONS}`, '-m', `${IN_FLIGHT / CONNECTIONS}`, '-t', '1', '-d', bodyFile],
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      `http://127.0.0.1:${port}${path}`,
    ]);
    const cpuSeconds = cpuSecondsOfEndedChildren() - cpuBefore;
    const { seconds, succeeded, dataBytes } = readReport(output);
    const wrong: string[] = [];
    if (code !== 0 || succeeded !== count) wrong.push(`${count - succeeded} of ${count} requests failed`);
    // Late ones, most likely; others would be so in every round, which leaves none to be kept.
    const spoilt =
      dataBytes === count * answerBytes
        ? undefined
        : `${dataBytes} bytes of answers are not ${count} times the ${answerBytes} of the verified one`;
    return { seconds, clientShare: cpuSeconds / seconds, latenciesMs: new Float64Array(), wrong, spoilt };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The parts of h2load's report that are used here. Throws when it has none. */
export function readReport(output: string): {
  readonly seconds: number;
  readonly succeeded: number;
  readonly dataBytes: number;
} {
  const [, figure, unit] = /^finished in ([\d.]+)(us|ms|s|m),/m.exec(output) ?? [];
  const succeeded = /(\d+) succeeded,/.exec(output)?.[1];
  const dataBytes = /\((\d+)\) data$/m.exec(output)?.[1];
  const unitSeconds = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit ?? ''];
  if (unitSeconds === undefined || succeeded === undefined || dataBytes === undefined)
    throw new Error(`h2load did not report:\n${output}`);
  return { seconds: Number(figure) * unitSeconds, succeeded: Number(succeeded), dataBytes: Number(dataBytes) };
}
