// An admin's writes of single APIs, inside a transaction that the caller holds.

import type { Api } from '../../domain/api.ts';
import type { ApiWrite, EntityKey, ExistingKey, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { ANY_HOST } from '../../domain/router.ts';
import type { RouteOwner } from '../tables/writable-apis.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, expected, refused, written } from './expected-entity.ts';

/** Writes an API, new or anew; its name and version stay, its key managers are resolved to ids. */
export function putApi(
  tables: WriterTables,
  log: StructureLog,
  key: EntityKey,
  write: ApiWrite,
): Ended<Api | WriteRefusal> {
  const { apis, writableApis, nextNumber } = tables;
  const { organization, name, version } = write;
  const found = expected(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  if (organization !== key.organization)
    return refused('immutable', { field: 'organization', message: 'is that of the caller' });
  if (stored !== undefined && (stored.name !== name || stored.version !== version)) {
    const message = `is "${stored.name}" of version "${stored.version}" and stays so; create another API instead`;
    return refused('immutable', { field: stored.name === name ? 'version' : 'name', message });
  }
  if (stored === undefined && apis.idOf(organization, name, version) !== undefined) {
    const message = `an API "${name}" of version "${version}" exists; choose another name or version, or change that one`;
    return refused('exists', { field: 'name', message });
  }
  const resolved = resolveKeyManagers(tables, write);
  if (resolved.problems.length > 0) return refused('unresolved', ...resolved.problems);
  const api: Api = {
    ...{ provider: stored?.provider ?? '', policy: stored?.policy ?? '', extra: stored?.extra ?? {} },
    ...write,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? nextNumber(),
    revision: (stored?.revision ?? 0) + 1,
    keyManagers: resolved.keyManagers,
    audiencesByKeyManager: resolved.audiencesByKeyManager,
  };
  const taken = writableApis.put(api);
  if (taken.length > 0) return refused('conflict', ...taken.map((one) => routeProblem(api, one)));
  log.changed('api', api.id);
  return written(api, stored);
}

/** Deletes an API; one with subscriptions only with `force`, and then with them. */
export function deleteApi(
  tables: WriterTables,
  log: StructureLog,
  key: ExistingKey,
  force: boolean,
): Ended<Deleted<Api> | WriteRefusal> {
  const found = existing(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  const subscriptions = tables.subscriptions.countOfApi(key.id);
  if (subscriptions > 0 && !force) {
    const message = `${subscriptions} application(s) are subscribed to it; delete those subscriptions first, or delete it with force`;
    return refused('in_use', { field: 'id', message });
  }
  tables.writableApis.delete(key.id);
  log.changed('api', key.id);
  return deleted(found.stored);
}

/** What to tell who wants a place on the wire that another API has. */
export function routeProblem(api: Pick<Api, 'name' | 'version'>, { host, context, owner }: RouteOwner): FieldProblem {
  const where = `${context} on ${host === ANY_HOST ? 'every host' : host}`;
  const message = `${owner} and ${api.name}:${api.version} both answer on ${where}; give one of them another context or host`;
  return { field: 'context', message };
}

function accessOf({ apis }: WriterTables): EntityAccess<Api> {
  return {
    noun: 'API',
    find: (id) => apis.find(id),
    organizationOf: ({ organization }) => organization,
    versionOf: ({ revision }) => revision,
  };
}

/** Ids for the names, or ids, of the organization's key managers and the Global one. */
function resolveKeyManagers({ keyManagers }: WriterTables, write: ApiWrite) {
  const problems: FieldProblem[] = [];
  const resolve = (reference: string, field: string): readonly string[] => {
    const id = keyManagers.resolveReference(write.organization, reference);
    if (id !== undefined) return [id];
    const message = `no key manager of the organization is named "${reference}"; add it first, or correct the name`;
    problems.push({ field, message });
    return [];
  };
  const allowed: Api['keyManagers'] =
    write.keyManagers === 'all'
      ? 'all'
      : write.keyManagers.flatMap((reference, at) => resolve(reference, `keyManagers[${at}]`));
  const audiences = Object.entries(write.audiencesByKeyManager).flatMap(([reference, list]) =>
    resolve(reference, `audiencesByKeyManager.${reference}`).map((id) => [id, list] as const),
  );
  return { problems, keyManagers: allowed, audiencesByKeyManager: Object.fromEntries(audiences) };
}
