// A program of its own that opens a catalog, made to be killed while it does. `node opening-process.ts <file>`.

import { writeSync } from 'node:fs';
import { openCatalog } from '../../../src/catalog/open-catalog.ts';
import { resolveKeyManager, SEALING_KEY } from './catalog-samples.ts';

const [, , file = ''] = process.argv;
writeSync(1, 'opening\n');
await openCatalog({
  file,
  sealingKeys: [SEALING_KEY],
  secretNames: { CustomKeyManager: ['tenantKey2'] },
  resolveKeyManager,
  report: () => undefined,
});
