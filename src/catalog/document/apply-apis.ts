// The APIs of a catalog document.

import { type Api, type Resource, UNLIMITED_POLICY } from '../../domain/api.ts';
import type { ApiWrite } from '../../domain/catalog-facts.ts';
import { routeProblem } from '../entities/write-apis.ts';
import type { Fields } from '../tables/field-digester.ts';
import type { StoredKeyManagers } from '../tables/stored-key-managers.ts';
import type { ApplySession } from './apply-session.ts';

/** What a document need not say of a new API. */
const BARE = { provider: '', policy: '', extra: {} };

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
      {
        key: ['api', organization, name, version],
        label: `apis[${name}:${version}]`,
        at,
        fields: fieldsOf(write),
        bare: BARE,
      },
      stored && fieldsOf({ ...stored, ...namesIn(stored, keyManagers) }),
    );
    if (merge.kind !== 'insert' && merge.kind !== 'update') continue;
    const { organization: _own, name: _name, version: _version, ...said } = write;
    const whole = merge.kind === 'insert' ? said : (merge.fields as typeof said);
    const merged: ApiWrite = { ...whole, organization, name, version };
    // What an admin did to the list stays as ids: names may have come to mean another key manager since.
    const keeps = (field: string) => merge.kind === 'update' && !merge.changed.some((change) => change.field === field);
    const allowed = keeps('keyManagers') && stored ? stored.keyManagers : resolve(merged, at, session);
    const audiencesByKeyManager =
      keeps('audiencesByKeyManager') && stored ? stored.audiencesByKeyManager : resolveAudiences(merged, at, session);
    const api: Api = {
      ...BARE,
      ...merged,
      resources: merged.resources.map(withPolicy),
      id: id ?? crypto.randomUUID(),
      number: stored?.number ?? session.tables.nextNumber(),
      revision: (stored?.revision ?? 0) + 1,
      keyManagers: allowed,
      audiencesByKeyManager,
    };
    planned.push({ api, at });
  }
  // All let go of their routes first: in one document, two APIs may trade a context or the default version may move.
  for (const { api } of planned) writableApis.releaseRoutes(api.id);
  for (const { api, at } of planned) {
    session.log.changed('api', api.id);
    for (const taken of writableApis.put(api)) {
      const { field, message } = routeProblem(api, taken);
      session.refuse('conflict', `${at}.${field}`, message);
    }
  }
}

function fieldsOf(write: ApiWrite & Partial<Pick<Api, 'id' | 'number' | 'revision'>>): Fields {
  const { id: _id, number: _number, revision: _revision, ...facts } = write;
  const { organization: _organization, name: _name, version: _version, ...fields } = facts;
  // A resource without a policy of its own has the digest that it had before there were any.
  const resources = write.resources.map(({ policy, ...resource }) =>
    policy === UNLIMITED_POLICY ? resource : { ...resource, policy },
  );
  return { ...fields, resources };
}

/** The digest of a resource without a policy of its own is without one. */
function withPolicy(resource: Omit<Resource, 'policy'> & Partial<Resource>): Resource {
  return { ...resource, policy: resource.policy ?? UNLIMITED_POLICY };
}

/** What the document would say of the key managers that the API names. */
function namesIn(api: Api, keyManagers: StoredKeyManagers): Pick<ApiWrite, 'keyManagers' | 'audiencesByKeyManager'> {
  const nameOf = (id: string) => keyManagers.nameOf(id) ?? id;
  const audiences = Object.entries(api.audiencesByKeyManager).map(([id, expected]) => [nameOf(id), expected]);
  return {
    keyManagers: api.keyManagers === 'all' ? 'all' : api.keyManagers.map(nameOf),
    audiencesByKeyManager: Object.fromEntries(audiences) as ApiWrite['audiencesByKeyManager'],
  };
}

function resolve(write: ApiWrite, at: string, session: ApplySession): Api['keyManagers'] {
  if (write.keyManagers === 'all') return 'all';
  return write.keyManagers.flatMap((name, index) =>
    resolveName(write.organization, name, `${at}.keyManagers[${index}]`, session),
  );
}

function resolveAudiences(write: ApiWrite, at: string, session: ApplySession): Api['audiencesByKeyManager'] {
  return Object.fromEntries(
    Object.entries(write.audiencesByKeyManager).flatMap(([name, audiences]) =>
      resolveName(write.organization, name, `${at}.audiencesByKeyManager.${name}`, session).map((id) => [
        id,
        audiences,
      ]),
    ),
  );
}

function resolveName(organization: string, name: string, field: string, session: ApplySession): readonly string[] {
  const id = session.tables.keyManagers.resolveReference(organization, name);
  if (id !== undefined) return [id];
  const message = `no key manager of the organization is named "${name}"; add it under keyManagers, or correct the name`;
  session.refuse('unresolved', field, message);
  return [];
}
