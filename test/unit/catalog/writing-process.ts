// A program of its own that writes to a catalog as fast as it can and prints each write that was acknowledged.
// It is made to be killed. `node writing-process.ts <file> <prefix>`.

import { writeSync } from 'node:fs';
import { openCatalog } from '../../../src/catalog/open-catalog.ts';
import { SECRET_MASK } from '../../../src/domain/secret-fields.ts';
import {
  AUDIT,
  api,
  application,
  key,
  keyManager,
  ORGANIZATION,
  resolveKeyManager,
  revocation,
  SEALING_KEY,
  subscription,
} from './catalog-samples.ts';

const [, , file = '', prefix = ''] = process.argv;
const { writer } = await openCatalog({ file, sealingKeys: [SEALING_KEY], resolveKeyManager, report: () => undefined });
const told = (...words: readonly unknown[]) => writeSync(1, `${words.join(' ')}\n`);
const withSecret = (name: string, secret: string) => ({
  ...keyManager(name, { additionalProperties: { client_secret: SECRET_MASK } }),
  secrets: { '/additionalProperties/client_secret': JSON.stringify(secret) },
});

told('open');
for (let at = 0; ; at++) {
  const name = `${prefix}-${at}`;
  const facts = {
    keyManagers: [keyManager(name)],
    apis: [api(name, { keyManagers: [name] })],
    applications: [application(name, { keys: [key(name, name)], subscriptions: [subscription(name)] })],
  };
  const { kind } = await writer.applyCatalog(facts, name, { catalogWins: false });
  told(kind, name);
  const audit = { ...AUDIT, requestId: name };
  const created = await writer.createKeyManager(withSecret(`own-${name}`, 'first'), audit);
  if ('kind' in created) continue;
  const target = { organization: ORGANIZATION, id: created.id, expectedVersion: 1 };
  const updated = await writer.updateKeyManager(target, withSecret(`own-${name}`, name), audit);
  if (!('kind' in updated)) told('updated', name, created.id);
  const entries = ['one', 'other'].map((half) => revocation({ id: `${name}.${half}`, value: name }));
  const saved = await writer.saveRevocations(entries, { kind: 'admin', audit });
  told(saved.kind, name);
  if (at % 3 !== 0) continue;
  await writer.saveRevocations([{ ...revocation({ id: `${name}.one`, value: name }), lifted: true }], {
    kind: 'admin',
    audit,
  });
  told('lifted', name);
  const gone = await writer.deleteKeyManager({ ...target, expectedVersion: 2 }, true, audit);
  told(gone.kind, name);
}
