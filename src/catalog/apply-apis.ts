// The APIs of a catalog document.

import type { Api } from '../domain/api.ts';
import type { ApiWrite } from '../domain/catalog-facts.ts';
import { ANY_HOST } from '../domain/router.ts';
import type { ApplySession } from './apply-session.ts';
import type { Fields } from './merge-entry.ts';
import type { StoredKeyManagers } from './stored-key-managers.ts';

/** Writes them; an API whose names cannot be resolved or whose place on the wire is taken refuses the document. */
export function applyApis(writes: readonly ApiWrite[], session: ApplySession): void {
  const { apis, writableApis, keyManagers } = session.tables;
  const planned: { readonly api: Api; readonly at: string }[] = [];
  for (const [index, write] of writes.entries()) {
    const { organization, name, version } = write;
    const at = `apis[${index}]`;
    const id = apis.idOf(organization, name, version);
    const stored = id === undefined ? undefined : apis.find(id);
    const merge = session.merge(
      { key: ['api', organization, name, version], label: `apis[${name}:${version}]`, at, fields: fieldsOf(write) },
      stored && fieldsOf({ ...stored, keyManagers: namesOf(stored, keyManagers) }),
    );
    if (merge.kind !== 'insert' && merge.kind !== 'update') continue;
    const merged = merge.kind === 'insert' ? write : { ...write, ...(merge.fields as Partial<ApiWrite>) };
    // What an admin did to the list stays as ids: names may have come to mean another key manager since.
    const keepsList = merge.kind === 'update' && !merge.changed.includes('keyManagers');
    const allowed = keepsList && stored ? stored.keyManagers : resolve(merged, at, session);
    planned.push({ api: { ...merged, id: id ?? crypto.randomUUID(), keyManagers: allowed }, at });
  }
  // All let go of their routes first: in one document, two APIs may trade a context or the default version may move.
  for (const { api } of planned) writableApis.releaseRoutes(api.id);
  for (const { api, at } of planned) {
    session.log.changed('api', api.id);
    for (const { host, context, owner } of writableApis.put(api)) {
      const where = `${context} on ${host === ANY_HOST ? 'every host' : host}`;
      const message = `${owner} and ${api.name}:${api.version} both answer on ${where}; give one of them another context or host`;
      session.refuse('conflict', `${at}.context`, message);
    }
  }
}

function fieldsOf(write: ApiWrite & { readonly id?: string }): Fields {
  const { id: _id, organization: _organization, name: _name, version: _version, ...fields } = write;
  return fields;
}

function namesOf(api: Api, keyManagers: StoredKeyManagers): 'all' | readonly string[] {
  return api.keyManagers === 'all' ? 'all' : api.keyManagers.map((id) => keyManagers.nameOf(id) ?? id);
}

function resolve(write: ApiWrite, at: string, session: ApplySession): Api['keyManagers'] {
  if (write.keyManagers === 'all') return 'all';
  return write.keyManagers.flatMap((name, index) => {
    const id = session.tables.keyManagers.resolve(write.organization, name);
    if (id !== undefined) return [id];
    const message = `no key manager of the organization is named "${name}"; add it under keyManagers, or correct the name`;
    session.refuse('unresolved', `${at}.keyManagers[${index}]`, message);
    return [];
  });
}
