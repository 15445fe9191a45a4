// Load from an ordinary HTTP client: some connections that are kept alive, one request after the other on each, every reply counted.

import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Lets the servers under load have most of the machine. */
const PAUSE_MS = 5;
/** Ends a load that nobody stops. */
const MAX_REQUESTS = 100_000;
const TIMEOUT_MS = 10_000;

/** What to send and where. */
export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  /** Asked before each request. */
  readonly token: () => string;
  readonly connections: number;
}

/** Replies by status; `failed` without one. */
export type LoadCounts = Readonly<Record<string, number>>;

/** Load under way. */
export interface Load {
  /** Replies so far. */
  counts(): LoadCounts;
  /** Resolves when the last reply has come. */
  stop(): Promise<LoadCounts>;
}

/** Starts to send, until stopped. */
export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const counts: Record<string, number> = {};
  let sent = 0;
  let stopped = false;
  const send = async () => {
    while (!stopped && sent < MAX_REQUESTS) {
      sent += 1;
      const outcome = await statusOf(options, agent).catch(() => 'failed');
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      await sleep(PAUSE_MS);
    }
  };
  const ended = Promise.all(Array.from({ length: options.connections }, send));
  return {
    counts: () => ({ ...counts }),
    stop: async () => {
      stopped = true;
      await ended;
      agent.destroy();
      return counts;
    },
  };
}

function statusOf({ port, path, token }: LoadOptions, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'api.example', authorization: `Bearer ${token()}` };
    const request = get({ host: '127.0.0.1', port, path, headers, agent, timeout: TIMEOUT_MS }, (reply) => {
      reply.resume();
      reply.once('end', () => resolve(reply.statusCode ?? 0));
      reply.on('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no reply in time')));
    request.on('error', reject);
  });
}
