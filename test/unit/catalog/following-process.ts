// A program of its own that follows a source as fast as it can and prints each step that was acknowledged. Each step writes the same
// applications, all with its number. It is made to be killed. `node following-process.ts <file>`.

import { writeSync } from 'node:fs';
import { openCatalog } from '../../../src/catalog/open-catalog.ts';
import { resolveKeyManager, SEALING_KEY } from './catalog-samples.ts';
import { applicationsOf, EPOCH } from './followed-steps.ts';

const [, , file = ''] = process.argv;
const catalog = await openCatalog({ file, sealingKeys: [SEALING_KEY], resolveKeyManager, report: () => undefined });
const { source } = catalog.writer;
const told = (...words: readonly unknown[]) => writeSync(1, `${words.join(' ')}\n`);

told('open');
for (;;) {
  const held = catalog.lists.sourcePosition();
  const step = (held?.sequence ?? 0) + 1;
  const to = { epoch: EPOCH, sequence: step };
  const isSnapshot = held === undefined || step % 3 === 0;
  const followed = isSnapshot
    ? await source.replaceAll(to, [applicationsOf(step).slice(0, 20), applicationsOf(step).slice(20)], {
        allowShrink: false,
      })
    : await source.applyChanges({ from: held, to, changes: applicationsOf(step) }, { allowShrink: false });
  told(followed.kind, step);
}
