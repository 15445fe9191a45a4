// Has OpenAPI documents read in a thread that lives for one document: bounded in time and memory, one at a time.

import { Worker } from 'node:worker_threads';
import type { OpenApiImport } from '../../documents/openapi/import-openapi.ts';
import type { Read } from '../../documents/reading/problem.ts';
import type { PublisherApi } from '../../documents/wso2/publisher-api.ts';

/** The built thread is JavaScript, the one in development TypeScript; either stands beside this file. */
const THREAD = new URL(`./openapi-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Time for the largest document, on a slow host. */
const TIMEOUT_MS = 20_000;
const MAX_HEAP_MEBIBYTES = 768;

/** A form, or a JSON body that has both in it. */
export type OpenApiText = OpenApiImport | { readonly body: string };

/** The DTO, what is wrong, or that it has to be tried again. */
export type OpenApiReader = (text: OpenApiText) => Promise<Read<PublisherApi> | 'busy'>;

/** A reader that reads one document at a time. */
export function readOpenApiInThread(): OpenApiReader {
  let reading = false;
  return async (text) => {
    if (reading) return 'busy';
    reading = true;
    try {
      return await readOnce(text);
    } finally {
      reading = false;
    }
  };
}

async function readOnce(text: OpenApiText): Promise<Read<PublisherApi> | 'busy'> {
  const thread = new Worker(THREAD, {
    workerData: text,
    name: 'openapi-reader',
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES },
  });
  const timer = setTimeout(() => void thread.terminate(), TIMEOUT_MS);
  try {
    return await new Promise((resolve) => {
      thread.once('message', resolve);
      // Out of memory, or out of time.
      thread.once('error', () => resolve('busy'));
      thread.once('exit', () => resolve('busy'));
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
