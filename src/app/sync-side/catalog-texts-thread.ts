// The thread that reads the catalog for followers and for WSO2's gateways and writes out what they get, so that neither a million rows
// nor a thousand changes hold up a decision.

import { parentPort, workerData } from 'node:worker_threads';
import { CatalogFeed } from '../../catalog/history/catalog-feed.ts';
import { CatalogHistory } from '../../catalog/history/catalog-history.ts';
import { ContentDigest } from '../../catalog/history/content-digest.ts';
import type { EntityKind, SourcePosition } from '../../domain/change.ts';
import { GroupWriter } from '../../sync/changes/change-lines.ts';
import type { BatchText } from '../../sync/changes/change-ports.ts';
import type { CatalogAnswer, CatalogQuestion, CatalogTextsOptions } from './catalog-texts-message.ts';

type Value = Extract<CatalogAnswer, { readonly value: unknown }>['value'];

/** Entities of one part. */
const PART = 200;

const { file, maxBatchCharacters } = workerData as CatalogTextsOptions;
const history = new CatalogHistory(new CatalogFeed(file));
const reads = new Map<number, Generator<string | readonly unknown[], void>>();

async function answer(question: CatalogQuestion): Promise<Value> {
  switch (question.ask) {
    case 'batch':
      return batch(question.from);
    case 'digest':
      return digest();
    case 'snapshot':
      reads.set(question.read, snapshot());
      return null;
    case 'entities':
      reads.set(question.read, entities(question.kind));
      return null;
    case 'next': {
      const next = reads.get(question.read)?.next();
      if (next === undefined || next.done === true) return null;
      return next.value;
    }
    case 'close':
      reads.get(question.read)?.return();
      reads.delete(question.read);
      return null;
  }
}

async function batch(from: SourcePosition): Promise<BatchText | 'current' | 'gone'> {
  const reading = history.after(from);
  if (typeof reading === 'string') return reading;
  const { position: to } = reading;
  const group = new GroupWriter();
  let text = group.batch(from, to);
  try {
    for (let part = reading.next(); part !== undefined; part = reading.next()) {
      text += group.changes(part);
      if (text.length > maxBatchCharacters) return 'gone';
    }
    return { text: text + group.end(), to };
  } finally {
    reading.close();
  }
}

function* snapshot(): Generator<string, void> {
  const reading = history.everything();
  const group = new GroupWriter();
  try {
    yield group.snapshot(reading.position);
    for (let part = reading.next(); part !== undefined; part = reading.next()) yield group.changes(part);
    yield group.end();
  } finally {
    reading.close();
  }
}

function* entities(kind: EntityKind): Generator<readonly unknown[], void> {
  const own = new CatalogFeed(file);
  const parts = own.entities(kind, PART);
  try {
    for (const { changes } of parts) yield changes.map(({ entity }) => entity);
  } finally {
    parts.return(undefined);
    own.close();
  }
}

async function digest() {
  const own = new CatalogFeed(file);
  const parts = own.snapshot(PART);
  try {
    const content = new ContentDigest();
    let position = own.position();
    for (const part of parts) {
      position = part.position;
      for (const { kind, id, entity } of part.changes) content.add(kind, id, entity);
      // Batches are waited for, this is not.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { position, digest: content.text() };
  } finally {
    parts.return(undefined);
    own.close();
  }
}

parentPort?.on('message', async ({ id, question }: { readonly id: number; readonly question: CatalogQuestion }) => {
  const said = (told: CatalogAnswer) => parentPort?.postMessage(told);
  try {
    said({ id, value: await answer(question) });
  } catch (error) {
    said({ id, failed: String(error) });
  }
});
