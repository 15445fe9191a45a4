// Brings revocations that were made at a follower to the hub, which spreads them. They wait in the catalog until the hub has them.

import { setTimeout as pause } from 'node:timers/promises';
import type { AskHub, OwnRevocations } from '../changes/change-ports.ts';
import { waitAfterFailures } from '../source/back-off.ts';

/** Of one request. */
const MOST = 200;
/** When nobody said that there is news. */
const LOOK_MS = 10_000;

/** What it is made with. */
export interface RevocationForwarderOptions {
  readonly ask: AskHub;
  readonly own: OwnRevocations;
  readonly random: () => number;
  /** Hears of failures, in short codes, and of how many were delivered. */
  readonly observer: { failed(problem: string): void; delivered(count: number): void };
}

/** Forwards for as long as it runs. */
export class RevocationForwarder {
  readonly #options: RevocationForwarderOptions;
  readonly #stop = new AbortController();
  #run: Promise<void> | undefined;
  #news = Promise.withResolvers<void>();

  constructor(options: RevocationForwarderOptions) {
    this.#options = options;
  }

  /** Begins. */
  start(): void {
    this.#run ??= this.#forward();
  }

  /** For after a revocation was written here. */
  wake(): void {
    this.#news.resolve();
  }

  /** Ends; what was not delivered is so after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  async #forward(): Promise<void> {
    const { observer, random } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      this.#news = Promise.withResolvers();
      const sent = await this.#deliver();
      failures = sent.kind === 'failed' ? failures + 1 : 0;
      if (sent.kind === 'failed') observer.failed(sent.problem);
      else if (sent.count > 0) {
        observer.delivered(sent.count);
        continue;
      }
      const waitMs = failures > 0 ? waitAfterFailures(failures, random) : LOOK_MS;
      const waits = [pause(waitMs, undefined, { signal }).catch(() => undefined)];
      // News does not make a hub reachable that was not a moment ago.
      if (failures === 0) waits.push(this.#news.promise.then(() => undefined));
      await Promise.race(waits);
    }
  }

  async #deliver(): Promise<
    { readonly kind: 'sent'; readonly count: number } | { readonly kind: 'failed'; readonly problem: string }
  > {
    const { ask, own } = this.#options;
    const { revocations, mark } = own.next(MOST);
    if (revocations.length === 0) return { kind: 'sent', count: 0 };
    const body = JSON.stringify({ revocations });
    const reply = await ask({ method: 'POST', path: '/sync/revocations', body }, this.#stop.signal);
    if ('problem' in reply) return { kind: 'failed', problem: reply.problem };
    try {
      for await (const _ of reply.body);
    } catch {
      return { kind: 'failed', problem: 'connection_closed' };
    }
    if (reply.status !== 204) return { kind: 'failed', problem: `status_${reply.status}` };
    await own.delivered(mark);
    return { kind: 'sent', count: revocations.length };
  }
}
