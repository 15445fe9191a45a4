// One measurement: load on one contestant, and what it cost by the account of Linux. A wrong answer ends the scenario.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  cpuSecondsBetween,
  cpuSecondsOf,
  cpuSecondsOfEndedChildren,
  cpuTimeOf,
  machineTime,
  residentBytesOf,
} from './accounting.ts';
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
  /** Requests to key managers meanwhile; absent where nobody counts. */
  readonly outboundCalls?: number;
  /** Of an open loop. */
  readonly latency?: Latency;
  /** Why it does not count, whatever the shares say. */
  readonly spoilt?: string;
}

/** How much, and for an open loop how fast. */
export interface Amount {
  readonly count: number;
  readonly perSecond?: number | undefined;
}

/** Sends the calls of a contestant. Throws when an answer is not right. */
export async function measure(contestant: Contestant, amount: Amount, programs: LoadPrograms): Promise<Measurement> {
  const { name, port, ports, expected, calls, meanwhile } = contestant;
  const order: LoadOrder = { port, ports, calls: calls(amount.count), expected, ...amount };
  const stop = meanwhile?.();
  const before = account(contestant, programs);
  const { seconds, clientShare, latenciesMs, wrong, spoilt } = await sendLoad(order, contestant, programs);
  const after = account(contestant, programs);
  await stop?.();
  if (wrong.length > 0) throw new Error(`wrong answers from ${name}: ${wrong.join('; ')}`);
  const spent = (of: (at: typeof after) => number) => of(after) - of(before);
  const cpuSeconds = cpuSecondsBetween(before.cpu, after.cpu);
  const machineSeconds = spent((at) => at.machine.total);
  const othersSeconds = spent((at) => at.machine.busy - at.cpu.seconds - at.benchSeconds);
  return {
    ...{ name, checks: amount.count, seconds, cpuSeconds, residentBytes: after.residentBytes, clientShare },
    stealShare: spent((at) => at.machine.stolen) / machineSeconds,
    othersShare: Math.max(0, othersSeconds) / machineSeconds,
    ...(spoilt !== undefined && { spoilt }),
    ...(contestant.outboundCalls && { outboundCalls: spent((at) => at.outboundCalls) }),
    ...(latenciesMs.length > 0 && { latency: latencyOf(latenciesMs) }),
  };
}

function sendLoad(order: LoadOrder, { answerBytes, trial }: Contestant, programs: LoadPrograms): Promise<LoadReport> {
  const { client, h2load } = programs;
  if (trial !== undefined) return runTrials(trial, order);
  const isOneCall = order.calls.length === 1 && order.perSecond === undefined;
  return h2load !== undefined && isOneCall && answerBytes !== undefined
    ? runH2load(h2load, order, answerBytes)
    : client.run(order);
}

/** One trial after the other, each at its time where there is a rate. */
async function runTrials(trial: () => Promise<number>, { count, perSecond }: LoadOrder): Promise<LoadReport> {
  const startMs = performance.now();
  const latenciesMs = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    if (perSecond !== undefined) await sleep(Math.max(0, startMs + (at * 1000) / perSecond - performance.now()));
    latenciesMs[at] = await trial();
  }
  return { seconds: (performance.now() - startMs) / 1000, clientShare: 0, latenciesMs: latenciesMs.sort(), wrong: [] };
}

function account({ pids, outboundCalls }: Contestant, { client }: LoadPrograms) {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  return {
    cpu: cpuTimeOf(pids),
    residentBytes: sum(residentBytesOf),
    outboundCalls: outboundCalls?.() ?? 0,
    /** Of the bench, its client, and h2load. */
    benchSeconds: cpuSecondsOf(process.pid) + cpuSecondsOf(client.pid) + cpuSecondsOfEndedChildren(),
    machine: machineTime(),
  };
}

function latencyOf(sortedMs: Float64Array): Latency {
  return { p50: percentile(sortedMs, 0.5), p99: percentile(sortedMs, 0.99), p999: percentile(sortedMs, 0.999) };
}
