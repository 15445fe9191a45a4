// Follows WSO2's event hub over AMQP 0-9-1: a queue of its own for each topic, one message after the other, and a new connection whenever
// one is lost. Topics keep nothing for who is away, so whoever follows must look for what was missed after each connection.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { waitAfterFailures } from '../source/back-off.ts';
import { BrokerLink } from './broker-link.ts';
import { TOPICS, type Topic } from './hub-message.ts';

/** How the event hub is reached. */
export interface EventHubOptions {
  /** `amqps://host:5671/vhost`, without credentials. */
  readonly url: string;
  readonly username: string;
  /** Read anew for each connection; undefined where it cannot be read. */
  readonly password: () => string | undefined;
  /** Authorities to trust for `amqps`, PEM; null: those that Node.js trusts. */
  readonly ca: string | null;
  /** Takes a message. Settled when it may be forgotten; must not reject. The next one comes after it. */
  readonly onMessage: (topic: Topic, body: Buffer) => Promise<void>;
  /** Connected: everything that is published from now on comes. */
  readonly onConnected: () => void;
  /** Not connected any more, or still not, with a short code that holds no credential. */
  readonly onAway: (problem: string) => void;
  /** 0 up to, and without, 1. */
  readonly random: () => number;
}

/** The exchange to which JMS topics are mapped by WSO2's broker, and that every AMQP broker has. */
const EXCHANGE = 'amq.topic';
const CONNECT_TIMEOUT_MS = 10_000;
/** From the connection to the last subscription: a broker that sends heartbeats and no answers is as good as none. */
const SUBSCRIBE_TIMEOUT_MS = 30_000;
/** A dead peer is noticed after two of these. */
const HEARTBEAT_SECONDS = 10;
/** Messages that wait here; all others wait at the broker. */
const PREFETCH = 200;

/** Keeps one connection. */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #stopping = new AbortController();
  #life: Promise<void> | undefined;

  constructor(options: EventHubOptions) {
    this.#options = options;
  }

  /** Begins to follow. */
  start(): void {
    this.#life ??= this.#live();
  }

  /** Ends, after the message that is being taken. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#life;
  }

  async #live(): Promise<void> {
    const { onAway, random } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const problem = await this.#follow(() => {
        failures = 0;
      });
      if (signal.aborted) return;
      onAway(problem);
      failures += 1;
      await sleep(waitAfterFailures(failures, random), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Follows until the connection is lost; the code of why. */
  async #follow(connected: () => void): Promise<string> {
    const { onConnected, password } = this.#options;
    const { signal } = this.#stopping;
    const secret = password();
    if (secret === undefined) return 'password_unreadable';
    let link: BrokerLink | undefined;
    const over = new AbortController();
    const stop = () => link?.cut('stopped');
    try {
      link = this.#dial(secret);
      const late = setTimeout(() => link?.cut('ETIMEDOUT'), SUBSCRIBE_TIMEOUT_MS);
      signal.addEventListener('abort', stop, { once: true, signal: over.signal });
      const taking = { last: Promise.resolve() };
      const losses: Promise<string>[] = [];
      try {
        const connection = await link.connection;
        losses.push(lossOf(connection));
        const channel = await connection.createChannel();
        losses.push(lossOf(channel));
        await channel.prefetch(PREFETCH);
        for (const topic of TOPICS) await this.#subscribe(channel, topic, taking);
      } finally {
        clearTimeout(late);
        signal.removeEventListener('abort', stop);
      }
      const stopped = new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('stopped'), { once: true, signal: over.signal });
      });
      connected();
      onConnected();
      const problem = await Promise.race([...losses, stopped]);
      await taking.last;
      return problem;
    } catch (error) {
      return codeOf(error);
    } finally {
      over.abort();
      await link?.close();
    }
  }

  #dial(password: string): BrokerLink {
    const { ca, url, username } = this.#options;
    const { hostname, pathname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    return new BrokerLink(
      {
        protocol: protocol.slice(0, -1),
        hostname: host,
        ...(port === '' ? {} : { port: Number(port) }),
        username,
        password,
        vhost: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/',
        heartbeat: HEARTBEAT_SECONDS,
      },
      { timeout: CONNECT_TIMEOUT_MS, servername: host, ...(ca === null ? {} : { ca: [ca] }) },
    );
  }

  /** As a JMS subscriber to a topic does it: an exclusive queue that ends with the connection, bound by the topic's name. */
  async #subscribe(channel: Channel, topic: Topic, taking: { last: Promise<void> }): Promise<void> {
    // WSO2's broker has topics in the spelling of their publisher or in lower case, depending on its version.
    for (const key of new Set([topic, topic.toLowerCase()])) {
      const queue = `gatehouse_${randomUUID()}_${key}`;
      await channel.assertQueue(queue, { exclusive: true, autoDelete: true, durable: false });
      await channel.bindQueue(queue, EXCHANGE, key);
      await channel.consume(queue, (message) => {
        taking.last = taking.last.then(() => this.#take(channel, topic, message));
      });
    }
  }

  async #take(channel: Channel, topic: Topic, message: ConsumeMessage | null): Promise<void> {
    // Null: the broker took the queue away, so what comes from now on would be missed.
    if (message === null) {
      channel.emit('error', new Error('queue_gone'));
      return;
    }
    if (this.#stopping.signal.aborted) return;
    await this.#options.onMessage(topic, message.content);
    try {
      channel.ack(message);
    } catch {
      // The channel is closed; the broker has forgotten the queue with it.
    }
  }
}

/** Settled with a code when a connection or channel ends. */
function lossOf(peer: ChannelModel | Channel): Promise<string> {
  return new Promise((resolve) => {
    peer.on('error', (error: Error) => resolve(codeOf(error)));
    peer.on('close', () => resolve('closed'));
  });
}

/** A system's or AMQP's code; messages may hold the address with its credentials. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'failed';
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return code.toLowerCase();
  if (typeof code === 'number') return `amqp_${code}`;
  const refused = /\b(ACCESS_REFUSED|NOT_ALLOWED|NOT_FOUND|RESOURCE_LOCKED|queue_gone|ETIMEDOUT)\b/.exec(
    String(message),
  );
  return refused?.[1]?.toLowerCase() ?? 'failed';
}
