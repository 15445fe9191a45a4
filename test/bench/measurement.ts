// One measurement: load on one contestant, and what it cost by the account of Linux. A wrong answer ends the scenario.

import { cpuSecondsOf, machineTime, residentBytesOf } from './accounting.ts';
import { runH2load } from './h2load.ts';
import type { LoadOrder, LoadReport } from './load-order.ts';
import type { LoadProcess } from './load-process.ts';
import type { Contestant } from './scenario.ts';
import { percentile } from './statistics.ts';

/** The programs that make load; without h2load the other makes all. */
export interface LoadPrograms {
  readonly client: LoadProcess;
  readonly h2load: string | undefined;
}

/** Milliseconds from the intended start of a request to the end of its answer. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** What is kept of it, and written down. */
export interface Measurement {
  readonly name: string;
  readonly checks: number;
  readonly seconds: number;
  /** Of the contestant. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The share of its core that the client was at work. */
  readonly clientShare: number;
  /** The share of the machine's time that went to other machines. */
  readonly stealShare: number;
  /** The share that went to programs of this machine that are not part of the bench. */
  readonly othersShare: number;
  /** Of an open loop. */
  readonly latency?: Latency;
}

/** How much, and for an open loop how fast. */
export interface Amount {
  readonly count: number;
  readonly perSecond?: number | undefined;
}

/** Sends the calls of a contestant. Throws when an answer is not right. */
export async function measure(contestant: Contestant, amount: Amount, programs: LoadPrograms): Promise<Measurement> {
  const calls = contestant.calls();
  const { port, expected, name } = contestant;
  const order: LoadOrder = { port, calls, expected, ...amount, count: countOf(contestant, calls.length, amount) };
  const stop = contestant.meanwhile?.();
  const before = account(contestant);
  const report = await sendLoad(order, contestant, programs);
  const after = account(contestant);
  await stop?.();
  if (report.wrong.length > 0) throw new Error(`wrong answers from ${name}: ${report.wrong.join('; ')}`);
  const { seconds, clientShare, latenciesMs } = report;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const total = after.machine.total - before.machine.total;
  const busy = after.machine.busy - before.machine.busy;
  const client = clientShare * seconds;
  const own = after.ownSeconds - before.ownSeconds;
  return {
    ...{ name, checks: order.count, seconds, cpuSeconds, residentBytes: after.residentBytes, clientShare },
    stealShare: (after.machine.stolen - before.machine.stolen) / total,
    // A client that keeps a rate turns without sleeping, so it is busy all the time.
    othersShare: Math.max(0, busy - cpuSeconds - own - (amount.perSecond === undefined ? client : seconds)) / total,
    ...(latenciesMs.length > 0 && { latency: latencyOf(latenciesMs) }),
  };
}

/** A first sight is over after one turn of the calls; of an open loop it is cut to what the rate asks for. */
function countOf({ once }: Contestant, calls: number, { count }: Amount): number {
  return once ? Math.min(calls, count) : count;
}

function sendLoad(order: LoadOrder, { answerBytes }: Contestant, programs: LoadPrograms): Promise<LoadReport> {
  const { client, h2load } = programs;
  const isOneCall = order.calls.length === 1 && order.perSecond === undefined;
  return h2load !== undefined && isOneCall && answerBytes !== undefined
    ? runH2load(h2load, order, answerBytes)
    : client.run(order);
}

function account({ pids }: Contestant) {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  return {
    cpuSeconds: sum(cpuSecondsOf),
    residentBytes: sum(residentBytesOf),
    ownSeconds: cpuSecondsOf(process.pid),
    machine: machineTime(),
  };
}

function latencyOf(sortedMs: Float64Array): Latency {
  return { p50: percentile(sortedMs, 0.5), p99: percentile(sortedMs, 0.99), p999: percentile(sortedMs, 0.999) };
}
