// A process of its own that commits writes, each when it is told to, and says what came of it. `fork('committing-process.ts', [file])`.

import { openWritable } from '../../../src/catalog/database/open-writable.ts';
import { CatalogTransactions } from '../../../src/catalog/writer/catalog-transactions.ts';
import { SEALING_KEY } from './catalog-samples.ts';

const [, , file = ''] = process.argv;
const catalog = openWritable({ file, busyTimeoutMs: 1000, sealingKeys: [SEALING_KEY], secretNames: {} });
const writes = new CatalogTransactions({ ...catalog, clock: Date.now });

process.on('message', ({ name, args }: { name: keyof CatalogTransactions; args: unknown[] }) => {
  const write = writes[name] as (...args: unknown[]) => unknown;
  process.send?.(write.apply(writes, args));
});
process.once('disconnect', () => catalog.close());
process.send?.('open');
