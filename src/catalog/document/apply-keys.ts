// The application keys (WSO2 ApplicationKeyMapping) of a catalog document.

import type { ApplicationWrite } from '../../domain/catalog-facts.ts';
import type { ApplicationKeyMapping } from '../../domain/subscriber.ts';
import type { Fields } from '../tables/field-digester.ts';
import type { ApplySession, Entry } from './apply-session.ts';

type KeyWrite = ApplicationWrite['keys'][number];

/** The application that an entry hangs on; `anew` when it was written for the first time just now. */
export interface ParentApplication {
  readonly id: string;
  readonly organization: string;
  readonly anew: boolean;
}

/** A mapping to write, and where it stands in the document. */
export interface PlannedKey {
  readonly mapping: ApplicationKeyMapping;
  readonly at: string;
}

/** What a document need not say of a new key. */
const BARE = { mode: 'MAPPED', extra: {} } as const;

/** A key as an entry of the document. */
export function keyEntry(parent: Entry, write: KeyWrite, index: number): Entry {
  const { keyManager, keyType, ...fields } = write;
  return {
    key: ['key', ...parent.key.slice(1), keyManager, keyType],
    label: `${parent.label}.keys[${keyManager} ${keyType}]`,
    at: `${parent.at}.keys[${index}]`,
    fields,
    bare: BARE,
  };
}

/** Judges a key; what is to be written is written by {@link writeKeys}, when all keys of the document are known. */
export function planKey(write: KeyWrite, entry: Entry, parent: ParentApplication, session: ApplySession): PlannedKey[] {
  const { keyManagers, keyMappings } = session.tables;
  const { keyManager, keyType } = write;
  const keyManagerId = keyManagers.resolveReference(parent.organization, keyManager);
  const held = keyManagerId === undefined ? undefined : keyMappings.at(parent.id, keyType, keyManagerId);
  const merge = session.merge(entry, held && fieldsOf(held), parent);
  if (merge.kind !== 'insert' && merge.kind !== 'update') return [];
  if (keyManagerId === undefined) {
    const message = `no key manager of the organization is named "${keyManager}"; add it under keyManagers, or correct the name`;
    session.refuse('unresolved', `${entry.at}.keyManager`, message);
    return [];
  }
  const whole = merge.kind === 'insert' ? entry.fields : merge.fields;
  const fields = { ...BARE, ...(whole as Pick<KeyWrite, 'consumerKey' | 'mode' | 'extra'>) };
  const id = held?.id ?? crypto.randomUUID();
  return [{ mapping: { ...fields, id, applicationId: parent.id, keyType, keyManagerId }, at: entry.at }];
}

function fieldsOf({ consumerKey, mode, extra }: ApplicationKeyMapping): Fields {
  return { consumerKey, mode, extra };
}

/** Writes the planned keys. All let go of their clients first: in one document, a client may move to another application. */
export function writeKeys(planned: readonly PlannedKey[], session: ApplySession): void {
  const { keyMappings } = session.tables;
  for (const { mapping } of planned) keyMappings.delete(mapping.id);
  for (const { mapping, at } of planned) {
    if (keyMappings.insert(mapping)) continue;
    const { applicationName = 'another application' } =
      keyMappings.holderOf(mapping.consumerKey, mapping.keyManagerId) ?? {};
    const message = `the client belongs to the application "${applicationName}"; one client has one application and one key type`;
    session.refuse('conflict', `${at}.consumerKey`, message);
  }
}
