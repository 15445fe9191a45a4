// Runs h2load, which makes more load for less of its core than any client in JavaScript, but sends one body only and looks at no
// answer: the bytes it received must add up to the answer that was verified.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../scripts/run-command.ts';
import { cpuSecondsOfEndedChildren } from './accounting.ts';
import { GRPC_HEADERS } from './call.ts';
import { CONNECTIONS, IN_FLIGHT, type LoadOrder, type LoadReport } from './load-order.ts';

/** Sends one call again and again, in a closed loop; to each port an equal part of it at the same time. */
export async function runH2load(
  bin: string,
  { port, ports = [port], calls, count }: LoadOrder,
  answerBytes: number,
): Promise<LoadReport> {
  const body = calls[0]?.body;
  if (body === undefined) throw new Error('h2load needs a body to send');
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-h2load-'));
  try {
    const bodyFile = join(folder, 'body');
    await writeFile(bodyFile, body);
    const cpuBefore = cpuSecondsOfEndedChildren();
    const partOf = (at: number) => Math.floor(count / ports.length) + (at < count % ports.length ? 1 : 0);
    const reports = await Promise.all(ports.map((each, at) => send(bin, each, bodyFile, partOf(at), ports.length)));
    const cpuSeconds = cpuSecondsOfEndedChildren() - cpuBefore;
    const seconds = Math.max(...reports.map((report) => report.seconds));
    const sum = (of: (report: H2loadReport) => number) => reports.reduce((total, report) => total + of(report), 0);
    const failed = count - sum(({ succeeded }) => succeeded);
    const dataBytes = sum((report) => report.dataBytes);
    const wrong = failed === 0 ? [] : [`${failed} of ${count} requests failed`];
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

/** One h2load, with its part of the requests, and of the connections where there are several. */
async function send(bin: string, port: number, bodyFile: string, count: number, of: number): Promise<H2loadReport> {
  const { ':method': _method, ':path': path, ...headers } = GRPC_HEADERS;
  const connections = Math.ceil(CONNECTIONS / of);
  const { code, output } = await runCommand(bin, [
    ...['-n', `${count}`, '-c', `${connections}`, '-m', `${IN_FLIGHT / CONNECTIONS}`, '-t', '1', '-d', bodyFile],
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    `http://127.0.0.1:${port}${path}`,
  ]);
  const report = readReport(output);
  return code === 0 ? report : { ...report, succeeded: 0 };
}

/** What is used of h2load's report. */
export interface H2loadReport {
  readonly seconds: number;
  readonly succeeded: number;
  readonly dataBytes: number;
}

/** The parts of h2load's report that are used here. Throws when it has none. */
export function readReport(output: string): H2loadReport {
  const [, figure, unit] = /^finished in ([\d.]+)(us|ms|s|m),/m.exec(output) ?? [];
  const succeeded = /(\d+) succeeded,/.exec(output)?.[1];
  const dataBytes = /\((\d+)\) data$/m.exec(output)?.[1];
  const unitSeconds = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[unit ?? ''];
  if (unitSeconds === undefined || succeeded === undefined || dataBytes === undefined)
    throw new Error(`h2load did not report:\n${output}`);
  return { seconds: Number(figure) * unitSeconds, succeeded: Number(succeeded), dataBytes: Number(dataBytes) };
}
