// The key managers of a catalog document.

import type { KeyManagerWrite } from '../domain/catalog-facts.ts';
import type { LiteralRule } from '../domain/key-manager.ts';
import type { KeyManagerDto, StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { ApplySession, Entry } from './apply-session.ts';
import type { Fields } from './merge-entry.ts';
import { rivalProblem } from './write-key-managers.ts';

/** Writes them, then looks for two that could claim one token. */
export function applyKeyManagers(writes: readonly KeyManagerWrite[], session: ApplySession): void {
  const { keyManagers } = session.tables;
  const written: { readonly id: string; readonly at: string }[] = [];
  for (const [index, write] of writes.entries()) {
    const { organization, dto } = write;
    const id = keyManagers.idOf(organization, dto.name);
    const stored = id === undefined ? undefined : keyManagers.find(id);
    const entry: Entry = {
      key: ['key_manager', organization, dto.name],
      label: `keyManagers[${dto.name}]`,
      at: `keyManagers[${index}]`,
      fields: fieldsOf(write),
    };
    const merge = session.merge(
      entry,
      stored && fieldsOf({ ...asWrite(stored), secrets: {}, ...keyManagers.described(stored.id) }),
    );
    if (merge.kind !== 'insert' && merge.kind !== 'update') continue;
    const merged = merge.kind === 'insert' ? write : writeOf(organization, dto.name, merge.fields);
    const { id: writtenId } = keyManagers.put(merged, id);
    session.log.changed('key_manager', writtenId);
    written.push({ id: writtenId, at: entry.at });
  }
  for (const { id, at } of written) {
    const rival = keyManagers.rivalOf(id);
    if (rival === undefined) continue;
    const { field, message } = rivalProblem(rival);
    session.refuse('issuer_shared', `${at}.${field}`, message);
  }
}

/** The DTO's fields, and what its type made of them: either may have been changed by an admin. */
function fieldsOf({ dto, enabled, issuers, jwtRules }: KeyManagerWrite): Fields {
  const { id: _id, name: _name, global: _global, ...fields } = dto;
  return { ...fields, enabled, issuers: issuers.toSorted(), jwtRules };
}

function writeOf(organization: string, name: string, fields: Fields): KeyManagerWrite {
  const { issuers, jwtRules, ...dto } = fields as Omit<KeyManagerDto, 'name'> & {
    readonly issuers: readonly string[];
    readonly jwtRules: readonly LiteralRule[];
  };
  return { organization, dto: { ...dto, name }, secrets: {}, enabled: dto.enabled !== false, issuers, jwtRules };
}

function asWrite({ organization, dto }: StoredKeyManager) {
  return { organization, dto, enabled: dto.enabled !== false };
}
