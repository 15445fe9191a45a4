// A real RabbitMQ on loopback: with a port mapper, folders and ports of its own, so that it meets no other Erlang on the machine. Stopped
// and started again by a test, and ended by the ids of its processes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { findRabbitMq } from '../../scripts/rabbitmq-tool.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

const LOOPBACK = '127.0.0.1';
const START_MS = 300_000;
const DIAL_MS = 10_000;

/** A running broker. */
export interface RabbitMqServer {
  /** Without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Publishes to `amq.topic` and waits until the broker has it. */
  publish(topic: string, body: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it for good and removes what it wrote. */
  remove(): Promise<void>;
}

/** Makes and starts one. Rejects with what to install where it is missing. */
export async function startRabbitMq(): Promise<RabbitMqServer> {
  const tool = await findRabbitMq();
  if (tool.kind === 'missing') throw new Error(tool.advice);
  const folder = mkdtempSync(join(tmpdir(), 'rabbitmq-'));
  const [port, distributionPort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  const config = join(folder, 'rabbitmq.conf');
  writeFileSync(config, [`listeners.tcp.1 = ${LOOPBACK}:${port}`, 'log.console = true', 'log.file = false'].join('\n'));
  writeFileSync(join(folder, 'enabled_plugins'), '[].');
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: LOOPBACK,
    RABBITMQ_NODENAME: `gatehouse-${port}@localhost`,
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  const mapper = await startProcess({
    command: 'epmd',
    args: ['-port', String(mapperPort), '-address', LOOPBACK],
    env,
  });
  const login = { username: 'guest', password: 'guest' };
  const dial = async () => {
    const address = { protocol: 'amqp', hostname: LOOPBACK, port, ...login, vhost: '/' };
    const connection = await connect(address, { timeout: DIAL_MS });
    // Whoever waits for something on it hears of its end by that; nobody else is to.
    return connection.on('error', () => undefined);
  };
  let broker: RunningProcess | undefined;
  const stop = async () => {
    await broker?.stop(30_000);
    broker = undefined;
  };
  const start = async () => {
    broker = await startProcess({ command: tool.bin, args: [], env, group: true });
    await eventually(
      'RabbitMQ to take connections',
      async () => {
        await (await dial()).close();
        return true;
      },
      START_MS,
    );
  };
  const remove = async () => {
    await stop();
    await mapper.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await endIfInVain(start(), remove);
  return {
    url: `amqp://${LOOPBACK}:${port}`,
    ...login,
    start,
    stop,
    async publish(topic, body) {
      const connection = await dial();
      const channel = await connection.createConfirmChannel();
      channel.publish('amq.topic', topic, Buffer.from(body));
      await channel.waitForConfirms();
      await connection.close();
    },
    remove,
  };
}
