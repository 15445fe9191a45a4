// S13: what a second worker process adds. More checks a second need a core for each worker beside that of the load; where there is none,
// all of them share one, and what is seen is only what the split itself costs.

import { freePorts } from '../../rig/free-port.ts';
import { childrenOf } from '../accounting.ts';
import { orderCall, startInstallation } from '../installation.ts';
import { type Lab, pin } from '../lab.ts';
import { type Contestant, HALF_LOAD, type Scenario } from '../scenario.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const WORKERS = [1, 2];

/** One hot token, over the ports of all workers at once. */
export const workers: Scenario = {
  id: 'S13',
  title: 'workers',
  what: 'one RS256 token over and over, spread evenly over the ports of the workers; CPU and memory are those of all processes together. Only where each worker has a core of its own does the throughput say what more cores bring',
  rates: HALF_LOAD,
  contestants: async (lab) => {
    const contestants: Contestant[] = [];
    for (const count of WORKERS) contestants.push(await contestant(lab, count));
    return contestants;
  },
};

async function contestant(lab: Lab, count: number): Promise<Contestant> {
  const first = await freePorts(count);
  const settings = { workers: count, extauthz: { listen: [`tcp://127.0.0.1:${first}`] } };
  const { gatehouse, token } = await startInstallation(lab, { settings });
  const children = childrenOf(gatehouse.pid);
  const cores = lab.workerCores;
  for (const [at, pid] of children.entries()) await pin(pid, cores[at % cores.length] ?? cores[0] ?? 0);
  const ports = gatehouse.endpoints.map(Number);
  const calls = [orderCall(token())] as const;
  const answers = await Promise.all(ports.map((port) => verifiedAnswer(port, calls[0], 'allowed')));
  const [answer] = answers;
  if (answer === undefined || answers.some(({ bytes }) => bytes !== answer.bytes))
    throw new Error('the workers do not answer alike');
  const where = count === 1 ? '' : cores.length >= count ? ', a core each' : ', sharing one core';
  return {
    name: `${count} worker${count === 1 ? '' : 's'}${where}`,
    port: first,
    ports,
    pids: [gatehouse.pid, ...children],
    calls: () => calls,
    answerBytes: answer.bytes,
  };
}
