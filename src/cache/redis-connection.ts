// Keeps a connection to Redis and lets commands through while it answers in time. Nobody ever waits for a connection; what is wrong
// with Redis is a failed reply and a word to the observer, never an exception.

import type { RedisClient } from './open-redis-client.ts';
import { isReplyError, problemCode } from './problem-code.ts';
import { RedisBreaker } from './redis-breaker.ts';
import type { RedisArgument, RedisCommands, RedisReply } from './redis-commands.ts';
import type { RedisObserver } from './redis-observer.ts';

/** How long a connection may take until it can be used; longer, and the next attempt has a better chance. */
export const CONNECT_MS = 750;
/** Between probes while Redis is not in use: soon enough to be back within a second, rare enough to be no load. */
const PROBE_MS = 100;
/** A connection that answers, but late for so long, is tried anew. */
const LATE_FOR_GOOD_MS = 700;
/** Pause before the first and the longest before a later attempt to connect. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 400;
/** Unanswered commands at most; beyond it Redis counts as busy. */
const MAX_UNANSWERED = 256;
/** Shortest time between two connections that are given up because the server became a replica. */
const READ_ONLY_PAUSE_MS = 10_000;

/** What a connection works with. */
export interface RedisConnectionOptions {
  /** Starts a new client; may reject. */
  readonly open: () => Promise<RedisClient>;
  readonly commandTimeoutMs: number;
  /** A command unanswered for so long shows that the connection is dead. */
  readonly patienceMs: number;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  /** 0 up to, and without, 1. */
  readonly random: () => number;
  readonly observer: Pick<RedisObserver, 'up' | 'command'>;
}

/** A connection that comes back by itself. */
export class RedisConnection implements RedisCommands {
  readonly #options: RedisConnectionOptions;
  readonly #breaker = new RedisBreaker();
  /** Sent and not answered, oldest first, timed out ones too: Redis still owes the reply. */
  readonly #unanswered = new Set<{ readonly overdueAtMs: number }>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #firstWord = Promise.withResolvers<void>();
  #client: RedisClient | undefined;
  #giveUp: ((why: string) => void) | undefined;
  #closing = false;
  /** Why it is not in use, as told last; empty while it is. */
  #told: string | undefined;
  /** When Redis last answered in time. */
  #answeredAtMs = 0;
  #readOnlyAtMs = Number.NEGATIVE_INFINITY;
  readonly #life: Promise<void>;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#life = this.#live();
  }

  /** Whether commands are let through. */
  get up(): boolean {
    return this.#client !== undefined && !this.#breaker.open;
  }

  /** Sent and not answered yet. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Resolves when it is known for the first time whether Redis can be used. */
  get settled(): Promise<void> {
    return this.#firstWord.promise;
  }

  async run(command: string, args: readonly RedisArgument[], limitMs?: number): Promise<RedisReply> {
    const client = this.#client;
    if (client === undefined || this.#breaker.open) return this.#failed('absent');
    if (this.#unanswered.size >= MAX_UNANSWERED) return this.#failed('busy');
    return this.#send(client, command, args, limitMs);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#closed.resolve();
    this.#giveUp?.('closed');
    await this.#life;
  }

  #failed(why: 'absent' | 'busy' | 'timeout' | 'lost'): RedisReply {
    this.#options.observer.command(why);
    return { kind: 'failed', why };
  }

  #send(
    client: RedisClient,
    command: string,
    args: readonly RedisArgument[],
    limitMs = this.#options.commandTimeoutMs,
  ): Promise<RedisReply> {
    const { monotonic, observer, patienceMs } = this.#options;
    const sent = { overdueAtMs: monotonic() + Math.max(patienceMs, limitMs) };
    this.#unanswered.add(sent);
    const { promise, resolve } = Promise.withResolvers<RedisReply>();
    let settled = false;
    const settle = (reply: RedisReply) => {
      settled = true;
      resolve(reply);
    };
    const late = () => {
      if (settled) return;
      this.#breaker.late();
      this.#tell('timeout');
      settle(this.#failed('timeout'));
    };
    // Timers run before sockets are read: after a stall of our own, what has arrived meanwhile is read first.
    const timer = setTimeout(() => setImmediate(late), limitMs);
    // Whatever a client throws is an answer too: who asks must not meet an exception.
    const asked = (async () => client.callBuffer(command, ...args))();
    asked.then(
      (value: unknown) => {
        this.#unanswered.delete(sent);
        clearTimeout(timer);
        if (settled) return;
        this.#inTime();
        observer.command('answered');
        settle({ kind: 'reply', value });
      },
      (error: unknown) => {
        this.#unanswered.delete(sent);
        clearTimeout(timer);
        if (settled) return;
        if (!isReplyError(error)) return settle(this.#failed('lost'));
        this.#inTime();
        const code = problemCode(error);
        this.#options.observer.command('refused');
        settle({ kind: 'failed', why: 'refused', code });
        if (code === 'READONLY') this.#leaveReplica();
      },
    );
    return promise;
  }

  #inTime(): void {
    this.#answeredAtMs = this.#options.monotonic();
    this.#breaker.inTime();
  }

  /** The primary may be elsewhere by now; where the settings name nothing but a replica, reads go on in between. */
  #leaveReplica(): void {
    const now = this.#options.monotonic();
    if (now - this.#readOnlyAtMs < READ_ONLY_PAUSE_MS) return;
    this.#readOnlyAtMs = now;
    this.#giveUp?.('READONLY');
  }

  async #live(): Promise<void> {
    const { random } = this.#options;
    let attempts = 0;
    while (!this.#closing) {
      const { wasUp, why } = await this.#session();
      this.#tell(why);
      attempts = wasUp ? 0 : attempts + 1;
      const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(attempts, 8)) * (0.5 + random() / 2);
      if (!this.#closing) await this.#pause(why === 'timeout' ? MIN_PAUSE_MS : pauseMs);
    }
  }

  /** From opening a client to its end. */
  async #session(): Promise<{ readonly wasUp: boolean; readonly why: string }> {
    const client = await this.#open();
    if (typeof client === 'string') return { wasUp: false, why: client };
    let problem = 'connection_closed';
    const end = Promise.withResolvers<string>();
    this.#giveUp = end.resolve;
    client.on('error', (error: unknown) => {
      problem = problemCode(error);
    });
    client.on('end', () => end.resolve(problem));
    const ready = new Promise<'ready'>((resolve) => client.once('ready', () => resolve('ready')));
    const late = setTimeout(() => end.resolve('timeout'), CONNECT_MS);
    let wasUp = false;
    const first = this.#closing ? 'closed' : await Promise.race([ready, end.promise]);
    clearTimeout(late);
    if (first === 'ready') {
      this.#client = client;
      this.#breaker.trip();
      this.#answeredAtMs = this.#options.monotonic();
      const probing = setInterval(() => this.#watch(client), PROBE_MS);
      this.#watch(client);
      const why = await end.promise;
      wasUp = why !== 'timeout';
      problem = why;
      clearInterval(probing);
      this.#client = undefined;
    } else problem = first;
    this.#giveUp = undefined;
    client.disconnect();
    return { wasUp, why: problem };
  }

  /** A client that connects, or why there is none. A look-up of the host's name may hang; nobody waits for its end. */
  async #open(): Promise<RedisClient | string> {
    const late = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(() => late.resolve('timeout'), CONNECT_MS);
    const opening = this.#options.open();
    try {
      const opened = await Promise.race([opening, late.promise]);
      if (opened === 'timeout') opening.then((client) => client.disconnect()).catch(() => undefined);
      return opened;
    } catch (error) {
      return problemCode(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Probes while Redis is not in use, and notices when the connection is dead without a word. */
  #watch(client: RedisClient): void {
    const [oldest] = this.#unanswered;
    const now = this.#options.monotonic();
    const isOverdue = oldest !== undefined && oldest.overdueAtMs < now;
    // A connection on which bytes were lost answers each command with the reply to an earlier one, and so always late.
    const isOutOfStep = this.#breaker.open && this.#answeredAtMs + LATE_FOR_GOOD_MS < now;
    if (isOverdue || isOutOfStep) this.#giveUp?.('timeout');
    else if (this.#breaker.open) void this.#probe(client);
  }

  async #probe(client: RedisClient): Promise<void> {
    const reply = await this.#send(client, 'PING', []);
    if (this.#client !== client) return;
    if (reply.kind === 'reply') this.#breaker.close();
    this.#tell(reply.kind === 'reply' ? '' : reply.why);
  }

  #tell(why: string): void {
    const { up } = this;
    const told = up ? '' : why;
    if (this.#told === told) return;
    this.#told = told;
    this.#options.observer.up(up, told);
    this.#firstWord.resolve();
  }

  async #pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, ms);
    await Promise.race([over.promise, this.#closed.promise]);
    clearTimeout(timer);
  }
}
