// The key managers of a catalog document.

import type { KeyManagerWrite } from '../../domain/catalog-facts.ts';
import type { LiteralRule } from '../../domain/key-manager.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../domain/key-manager-dto.ts';
import { putKeyManager, withoutSecrets } from '../entities/put-key-manager.ts';
import { rivalProblem } from '../entities/write-key-managers.ts';
import { type Fields, SecretField } from '../tables/field-digester.ts';
import type { Secrets } from '../tables/stored-secrets.ts';
import type { ApplySession, Entry } from './apply-session.ts';

/** Writes them, then looks for two that could claim one token. */
export function applyKeyManagers(writes: readonly KeyManagerWrite[], session: ApplySession): void {
  const { keyManagers, secrets } = session.tables;
  const written: { readonly id: string; readonly at: string }[] = [];
  for (const [index, given] of writes.entries()) {
    const { organization, dto } = given;
    const id = keyManagers.idOf(organization, dto.name);
    const stored = id === undefined ? undefined : keyManagers.find(id);
    const held = (id === undefined ? undefined : secrets.of(id)) ?? {};
    const write = withoutSecrets(given);
    const entry: Entry = {
      key: ['key_manager', organization, dto.name],
      label: `keyManagers[${dto.name}]`,
      at: `keyManagers[${index}]`,
      fields: fieldsOf(write),
    };
    const merge = session.merge(
      entry,
      stored && fieldsOf({ ...asWrite(stored), secrets: held, ...keyManagers.described(stored.id) }),
    );
    if (merge.kind !== 'insert' && merge.kind !== 'update') continue;
    const merged = merge.kind === 'insert' ? write : writeOf(organization, dto.name, merge.fields);
    const put = putKeyManager(session.tables, merged, id);
    if ('problems' in put) {
      for (const { field, message } of put.problems) session.refuse('unresolved', `${entry.at}.${field}`, message);
      continue;
    }
    session.log.changed('key_manager', put.stored.id);
    written.push({ id: put.stored.id, at: entry.at });
  }
  for (const { id, at } of written) {
    const rival = keyManagers.rivalOf(id);
    if (rival === undefined) continue;
    const { field, message } = rivalProblem(rival);
    session.refuse('issuer_shared', `${at}.${field}`, message);
  }
}

/** The DTO's fields, and what its type made of them: either may have been changed by an admin. */
function fieldsOf({ dto, secrets, enabled, issuers, jwtRules }: Omit<KeyManagerWrite, 'organization'>): Fields {
  const { id: _id, name: _name, global: _global, ...rest } = dto;
  const fields = Object.entries(rest).map(([name, value]) => {
    const inside = secretsBelow(secrets, `/${name}`);
    return [name, Object.keys(inside).length === 0 ? value : new SecretField(value, inside)];
  });
  return { ...Object.fromEntries(fields), enabled, issuers: issuers.toSorted(), jwtRules };
}

function secretsBelow(secrets: Secrets, pointer: string): Secrets {
  const inside = Object.entries(secrets).filter(([at]) => at === pointer || at.startsWith(`${pointer}/`));
  return Object.fromEntries(inside.map(([at, secret]) => [at.slice(pointer.length), secret]));
}

function writeOf(organization: string, name: string, fields: Fields): KeyManagerWrite {
  const secrets: Record<string, string> = {};
  const members = Object.entries(fields).map(([field, value]) => {
    if (!(value instanceof SecretField)) return [field, value];
    for (const [pointer, secret] of Object.entries(value.secrets)) secrets[`/${field}${pointer}`] = secret;
    return [field, value.masked];
  });
  const { issuers, jwtRules, ...dto } = Object.fromEntries(members) as Omit<KeyManagerDto, 'name'> & {
    readonly issuers: readonly string[];
    readonly jwtRules: readonly LiteralRule[];
  };
  return { organization, dto: { ...dto, name }, secrets, enabled: dto.enabled !== false, issuers, jwtRules };
}

function asWrite({ organization, dto }: StoredKeyManager) {
  return { organization, dto, enabled: dto.enabled !== false };
}
