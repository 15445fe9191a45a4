// The catalog as text for followers, asked of a thread of its own. Who reads slowly asks seldom: nothing waits anywhere for it.

import { Worker } from 'node:worker_threads';
import type { CatalogFeed } from '../../catalog/history/catalog-feed.ts';
import type { EntityByKind, EntityKind } from '../../domain/change.ts';
import type { BatchText, ChangeTexts } from '../../sync/changes/change-ports.ts';
import type { CatalogAnswer, CatalogQuestion, CatalogTextsOptions, DigestAnswer } from './catalog-texts-message.ts';

/** The built thread is JavaScript, the one in development TypeScript; either stands beside this file. */
const THREAD = new URL(`./catalog-texts-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Texts, lists and digests of a catalog. */
export interface CatalogTexts extends ChangeTexts {
  entities<K extends EntityKind>(kind: K, signal: AbortSignal): AsyncIterable<readonly EntityByKind[K][]>;
  digest(): Promise<DigestAnswer>;
  close(): Promise<void>;
}

/** Starts the thread when it is first asked: who has no follower needs none. */
export function openCatalogTexts(
  options: CatalogTextsOptions,
  feed: Pick<CatalogFeed, 'position'>,
  onFailure: (message: string) => void,
): CatalogTexts {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let thread: Worker | undefined;
  let lastId = 0;
  let isClosed = false;
  const failAll = () => {
    thread = undefined;
    for (const { reject } of waiting.values()) reject(new Error('the catalog is not read for others any more'));
    waiting.clear();
  };
  const start = () => {
    const started = new Worker(THREAD, { workerData: options, name: 'catalog-texts' });
    started.unref();
    started.on('message', (answer: CatalogAnswer) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('value' in answer) asked?.resolve(answer.value);
      else {
        onFailure(answer.failed);
        asked?.reject(new Error('the catalog cannot be read'));
      }
    });
    started.on('error', (error) => onFailure(String(error)));
    started.on('exit', failAll);
    return started;
  };
  const ask = <T>(question: CatalogQuestion): Promise<T> => {
    if (isClosed) return Promise.reject(new Error('the catalog is closed'));
    thread ??= start();
    lastId += 1;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(lastId, answer);
    thread.postMessage({ id: lastId, question });
    return answer.promise as Promise<T>;
  };
  let reads = 0;
  /** Whoever asks while everything is being read gets what that comes to. */
  let digesting: Promise<DigestAnswer> | undefined;
  async function* read<T>(open: (read: number) => CatalogQuestion): AsyncGenerator<T> {
    reads += 1;
    const id = reads;
    await ask(open(id));
    try {
      for (;;) {
        const part = await ask<T | null>({ ask: 'next', read: id });
        if (part === null) return;
        yield part;
      }
    } finally {
      // Without the thread there is nothing to close.
      await ask({ ask: 'close', read: id }).catch(() => undefined);
    }
  }
  return {
    position: () => feed.position(),
    after: (from) => ask<BatchText | 'current' | 'gone'>({ ask: 'batch', from }),
    everything: () => read<string>((id) => ({ ask: 'snapshot', read: id })),
    async *entities<K extends EntityKind>(kind: K, signal: AbortSignal) {
      for await (const part of read<readonly EntityByKind[K][]>((id) => ({ ask: 'entities', read: id, kind }))) {
        if (signal.aborted) return;
        yield part;
      }
    },
    digest() {
      digesting ??= ask<DigestAnswer>({ ask: 'digest' }).finally(() => {
        digesting = undefined;
      });
      return digesting;
    },
    async close() {
      isClosed = true;
      await thread?.terminate();
    },
  };
}
