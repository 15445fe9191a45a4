// Wires workers: starts them, tells them what they cannot find in the catalog, fetches keys for them, adds up what they count, and keeps
// as many of them as there are to be. When one is to be started, drained or killed is decided in `src/workers/worker-house.ts`.

import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { DrainOptions } from '../../extauthz/server.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import type { Settings } from '../../settings/settings.ts';
import { workerListen } from '../../settings/worker-listen.ts';
import type { LogSink } from '../../telemetry/log-sink.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { WorkerVitals } from '../../telemetry/metrics-message.ts';
import type { KeySets } from '../../tokens/key-sets/key-sets.ts';
import { WorkerHouse, type WorkerOrder } from '../../workers/worker-house.ts';
import type { Fitness } from '../deciding-side/fitness.ts';
import type { ServingSide } from '../deciding-side/serving-side.ts';
import { withShareOfAll } from './fair-share.ts';
import { type ForkedWorker, forkWorker } from './fork-worker.ts';
import type { KeySetHandOn } from './hand-on-key-sets.ts';
import type { FromWorker, ToWorker } from './worker-message.ts';

const TICK_MS = 100;
/** How long a scrape waits for what workers counted since they told last. */
const COUNT_WAIT_MS = 250;
/** Beyond the time that a drain is given: for the end of the process. */
const END_SLACK_MS = 3_000;

/** What workers are wired with. */
export interface WorkersParts {
  readonly catalog: Pick<OpenCatalog, 'reader' | 'writer'>;
  readonly sealingKeys: readonly SealingKey[];
  /** PEM texts of the settings' keys of the backend JWT. */
  readonly signingKeys: readonly string[];
  readonly keySets: Pick<KeySets, 'bring'>;
  readonly handOn: KeySetHandOn;
  readonly fitness: () => Fitness;
  readonly metrics: Pick<Metrics, 'add' | 'count'>;
  readonly sink: Pick<LogSink, 'write'>;
  readonly log: Logger;
  /** How long calls in flight may take after GOAWAY when a worker is replaced. */
  readonly graceMs: number;
}

interface Worker {
  readonly process: ForkedWorker;
  vitals: WorkerVitals | undefined;
  /** One sentence of the worker itself on why it cannot start. */
  problem: string | undefined;
  killedFor: string | undefined;
  counted: () => void;
}

/** Starts them and waits until all listen. Rejects, with a sentence for the operator, where one cannot; none is left then. */
export async function startWorkers(settings: Settings, parts: WorkersParts): Promise<ServingSide> {
  const workers = new Workers(settings, parts);
  await workers.start();
  return workers;
}

class Workers implements ServingSide {
  readonly #settings: Settings;
  readonly #parts: WorkersParts;
  readonly #house: WorkerHouse;
  readonly #running = new Map<number, Worker>();
  /** Where each listens: whoever takes the place of another has its addresses, also where those were any free ports. */
  readonly #addresses = new Map<number, readonly string[]>();
  readonly #started = Promise.withResolvers<void>();
  readonly #allGone = Promise.withResolvers<void>();
  readonly #timer: NodeJS.Timeout;
  #drain: DrainOptions;
  #isServing = false;
  #told: Fitness | undefined;

  constructor(settings: Settings, parts: WorkersParts) {
    const { extauthz, workers } = settings;
    this.#settings = withShareOfAll(settings, workers);
    this.#parts = parts;
    this.#drain = { notServingMs: extauthz.drainMs, graceMs: parts.graceMs };
    this.#house = new WorkerHouse(workers, extauthz.drainMs + parts.graceMs + END_SLACK_MS);
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
    parts.handOn.onKeySet((keyManagerId, keySet) => this.#tellAll({ kind: 'key_set', keyManagerId, keySet }));
  }

  async start(): Promise<void> {
    this.#follow(this.#house.start(performance.now()));
    try {
      await this.#started.promise;
    } catch (error) {
      await this.#killAll();
      throw error;
    }
  }

  get addresses(): readonly string[] {
    return [...this.#addresses].sort(([one], [other]) => one - other).flatMap(([, addresses]) => addresses);
  }

  readonly setServing = (serving: boolean): void => {
    this.#isServing = serving;
    this.#tellFitness();
    this.#tellAll({ kind: 'serve', serving });
  };

  readonly readiness: ServingSide['readiness'] = () => {
    const serving = this.#house.count('serving');
    const all = this.#settings.workers;
    const detail = serving === all ? 'serving' : `degraded: ${serving} of ${all} workers serve`;
    return { ready: serving > 0, detail, isDegraded: serving < all };
  };

  readonly gauges: ServingSide['gauges'] = () => {
    const states = (['starting', 'serving', 'draining', 'resting'] as const).map(
      (state) => [state, this.#house.count(state)] as const,
    );
    const vitals = [...this.#running].flatMap(([worker, { vitals }]) => (vitals ? [[worker, vitals] as const] : []));
    return { states: new Map(states), vitals: new Map(vitals) };
  };

  readonly counted = async (): Promise<void> => {
    const asked = [...this.#running].filter(([worker]) => this.#house.stateOf(worker) === 'serving');
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, COUNT_WAIT_MS);
    const answers = asked.map(
      ([, worker]) =>
        new Promise<void>((resolve) => {
          const before = worker.counted;
          worker.counted = () => {
            before();
            resolve();
          };
          worker.process.send({ kind: 'count' });
        }),
    );
    await Promise.race([Promise.all(answers), late.promise]);
    clearTimeout(timer);
  };

  readonly restart = (): void => {
    this.#parts.log.info('workers are restarted, one at a time');
    this.#follow(this.#house.roll(performance.now()));
  };

  readonly drain: ServingSide['drain'] = async (options) => {
    this.#drain = options;
    this.#follow(this.#house.stop(performance.now()));
    await this.#untilGone(options.notServingMs + options.graceMs + END_SLACK_MS);
    await this.#killAll();
    clearInterval(this.#timer);
  };

  #tick(): void {
    this.#tellFitness();
    this.#follow(this.#house.tick(performance.now()));
  }

  #follow(orders: readonly WorkerOrder[]): void {
    for (const order of orders) {
      const worker = this.#running.get(order.worker);
      if (order.kind === 'fork') this.#fork(order.worker);
      else if (order.kind === 'kill') {
        if (worker !== undefined) worker.killedFor = order.why;
        worker?.process.kill();
      } else worker?.process.send(order.kind === 'ping' ? { kind: 'ping' } : { kind: 'drain', ...this.#drain });
    }
  }

  #fork(worker: number): void {
    const { catalog, handOn, sealingKeys, signingKeys, sink } = this.#parts;
    const process = forkWorker(worker, sink, {
      message: (message) => this.#hear(worker, message),
      ended: (how) => this.#ended(worker, how),
    });
    this.#running.set(worker, {
      ...{ process, vitals: undefined, problem: undefined, killedFor: undefined },
      counted: () => undefined,
    });
    const listen = [...(this.#addresses.get(worker) ?? workerListen(this.#settings, worker))];
    const settings = { ...this.#settings, extauthz: { ...this.#settings.extauthz, listen } };
    const { file } = catalog.writer;
    process.send({ kind: 'start', worker, settings, file, sealingKeys, signingKeys });
    handOn.tellUnsaved((keyManagerId, keySet) => process.send({ kind: 'key_set', keyManagerId, keySet }));
  }

  #hear(worker: number, message: FromWorker): void {
    const running = this.#running.get(worker);
    if (running === undefined) return;
    // Whatever it says, it lives.
    this.#house.alive(worker);
    if (message.kind === 'listening') this.#listening(worker, running, message.addresses);
    else if (message.kind === 'failed') running.problem = message.problem;
    else if (message.kind === 'answered') this.#house.answered(worker);
    else if (message.kind === 'want_keys') void this.#bring(running, message);
    else if (message.kind === 'counted') {
      running.vitals = message.vitals;
      this.#parts.metrics.add(message.observations);
      running.counted();
      running.counted = () => undefined;
    }
  }

  #listening(worker: number, running: Worker, addresses: readonly string[]): void {
    this.#addresses.set(worker, addresses);
    running.process.send({ kind: 'fitness', fitness: this.#parts.fitness() });
    running.process.send({ kind: 'serve', serving: this.#isServing });
    const wasUp = this.#house.count('serving') === this.#settings.workers;
    this.#follow(this.#house.listening(worker, performance.now()));
    if (!wasUp && this.#house.count('serving') === this.#settings.workers) this.#started.resolve();
  }

  #ended(worker: number, how: string): void {
    const running = this.#running.get(worker);
    this.#running.delete(worker);
    running?.counted();
    const { restMs, orders, wasExpected } = this.#house.ended(worker, performance.now());
    const { log, metrics } = this.#parts;
    const why = running?.killedFor ?? (wasExpected ? 'asked_for' : 'crashed');
    const said = running?.problem ?? `it ended with ${how}`;
    if (restMs === undefined) this.#started.reject(new Error(`worker ${worker} cannot start: ${said}`));
    else {
      metrics.count('gatehouse_worker_restarts_total', { why });
      const told = { worker, why, restart_in_ms: restMs };
      if (wasExpected && running?.killedFor === undefined) log.info({ worker }, 'a worker has drained and is replaced');
      else log.error(told, `a worker is gone and is started again: ${said}`);
    }
    this.#follow(orders);
    if (this.#running.size === 0) this.#allGone.resolve();
  }

  async #bring(running: Worker, { id, keyManagerId, url, header }: FromWorker & { kind: 'want_keys' }): Promise<void> {
    const { catalog, keySets } = this.#parts;
    const keyManager = catalog.reader.snapshot()?.keyManagers.byId.get(keyManagerId);
    const brought = keyManager && (await keySets.bring(keyManager, url, header));
    running.process.send({ kind: 'keys', id, brought });
  }

  #tellFitness(): void {
    const fitness = this.#parts.fitness();
    if (fitness.complete === this.#told?.complete && fitness.freshUntilMs === this.#told.freshUntilMs) return;
    this.#told = fitness;
    this.#tellAll({ kind: 'fitness', fitness });
  }

  #tellAll(message: ToWorker): void {
    for (const { process } of this.#running.values()) process.send(message);
  }

  async #killAll(): Promise<void> {
    this.#house.stop(performance.now());
    for (const { process } of this.#running.values()) process.kill();
    await this.#untilGone(END_SLACK_MS);
    clearInterval(this.#timer);
  }

  async #untilGone(timeoutMs: number): Promise<void> {
    if (this.#running.size === 0) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, timeoutMs);
    await Promise.race([this.#allGone.promise, late.promise]);
    clearTimeout(timer);
  }
}
