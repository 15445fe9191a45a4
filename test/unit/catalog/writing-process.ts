// A program of its own that writes to a catalog as fast as it can and prints the name of each write that was acknowledged.
// It is made to be killed. `node writing-process.ts <file> <prefix>`.

import { writeSync } from 'node:fs';
import { openCatalog } from '../../../src/catalog/open-catalog.ts';
import { api, application, key, keyManager, resolveKeyManager, SEALING_KEY, subscription } from './catalog-samples.ts';

const [, , file = '', prefix = ''] = process.argv;
const { writer } = await openCatalog({ file, sealingKeys: [SEALING_KEY], resolveKeyManager, report: () => undefined });
writeSync(1, 'open\n');
for (let at = 0; ; at++) {
  const name = `${prefix}-${at}`;
  const facts = {
    keyManagers: [keyManager(name)],
    apis: [api(name, { keyManagers: [name] })],
    applications: [application(name, { keys: [key(name, name)], subscriptions: [subscription(name)] })],
  };
  const { kind } = await writer.applyCatalog(facts, name, { catalogWins: false });
  writeSync(1, `${kind} ${name}\n`);
}
