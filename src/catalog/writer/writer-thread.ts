// The writer's thread: takes writes one after the other and answers each with a value. Started by catalog-writer.ts only.

import { parentPort, workerData } from 'node:worker_threads';
import { findDamage } from '../database/find-damage.ts';
import { openWritable, type WritableCatalog } from '../database/open-writable.ts';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { refuse } from '../outcome/refuse.ts';
import { SourceTransactions } from '../source/source-transactions.ts';
import { CatalogTransactions } from './catalog-transactions.ts';
import type { FromWriter, ToWriter, WriterOptions } from './writer-message.ts';

const options = workerData as WriterOptions;
const port = parentPort;
if (port === null) throw new Error('the writer runs in a thread of its own');
const tell = (message: FromWriter) => port.postMessage(message);

try {
  serve(openWritable(options));
} catch (error) {
  if (!(error instanceof CatalogUnusable)) throw error;
  tell({ kind: 'unusable', file: error.file, problem: error.problem, fix: error.fix });
}

function serve(catalog: WritableCatalog): void {
  const writes = new CatalogTransactions({ ...catalog, clock: Date.now });
  const source = new SourceTransactions({ ...catalog, clock: Date.now });
  // After an unclean stop the check has been made already.
  const check = () => tell({ kind: 'checked', problems: problemsOf(catalog) });
  const checkLater = catalog.wasClean ? setTimeout(check, options.fullCheckDelayMs) : undefined;
  const sweeping = setInterval(() => sweep(writes), options.sweepIntervalMs);
  port?.on('message', (message: ToWriter) => {
    if (message.kind === 'close') {
      clearTimeout(checkLater);
      clearInterval(sweeping);
      catalog.close();
      port?.close();
    } else tell(perform(message.name in source ? source : writes, message));
  });
  tell({ kind: 'ready', file: catalog.file });
}

/** One batch; what is left waits for the next time. Never throws: an entry whose time is over does no harm, and its time comes again. */
function sweep(writes: CatalogTransactions): void {
  try {
    writes.sweepRevocations(Date.now());
    writes.sweepDeletions();
  } catch {
    // A write that somebody waits for will tell what is wrong with the file.
  }
}

/** Never throws: a file that cannot even be checked must not end the writer, whose next write may well succeed. */
function problemsOf({ db }: WritableCatalog): readonly string[] {
  try {
    return findDamage(db);
  } catch (error) {
    return [`the check was not finished: ${String(error)}`];
  }
}

/** Never throws: whatever goes wrong, the write was rolled back and its sender gets an answer. */
function perform(
  writes: CatalogTransactions | SourceTransactions,
  { id, name, args }: Extract<ToWriter, { kind: 'write' }>,
): FromWriter {
  try {
    const write = Reflect.get(writes, name) as (...given: unknown[]) => unknown;
    return { kind: 'done', id, result: write.apply(writes, [...args]) };
  } catch (error) {
    const { code = 'defect', message } = error as { code?: string; message: string };
    const hint = code.startsWith('SQLITE_BUSY')
      ? 'another program holds the catalog file; try again in a moment'
      : `the catalog file could not be written (${code}); look at the server's log, its disk and its permissions`;
    return {
      kind: 'failed',
      id,
      message: `${name}: ${code}: ${message}`,
      refusal: refuse('busy', { field: '', message: hint }),
    };
  }
}
