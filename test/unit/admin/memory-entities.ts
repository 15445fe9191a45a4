// APIs, applications and what hangs on them in memory, for tests of what happens around routes. What the catalog itself does is tested
// with the real one.

import type {
  CatalogEntities,
  EntityStore,
  ExistingKey,
  KeyMappingStore,
  SubscriptionStore,
} from '../../../src/admin/entities/entity-store.ts';
import type { AuditContext } from '../../../src/domain/audit.ts';
import type { EntityKey, WriteRefusal } from '../../../src/domain/catalog-facts.ts';
import type { ApplicationKeyMapping } from '../../../src/domain/subscriber.ts';

interface Row {
  readonly id: string;
  readonly organization: string;
  readonly version: number;
}

/** One kind; the first of a kind is `id-1`. */
function memoryEntities<E extends { readonly id: string }, W extends object, F>(
  audited: AuditContext[],
  versionMember = 'version',
): EntityStore<E, W, F> & { readonly rows: (E & Row)[] } {
  const rows: (E & Row)[] = [];
  const refused = (why: WriteRefusal['why']) => ({ kind: 'refused', why, fields: [] }) as const;
  const at = ({ organization, id, expectedVersion }: ExistingKey | EntityKey) => {
    const index = rows.findIndex((row) => row.organization === organization && row.id === id);
    const row = rows[index] as (E & Row & Record<string, unknown>) | undefined;
    if (row === undefined) return refused('not_found');
    return expectedVersion !== null && row[versionMember] !== expectedVersion ? refused('stale') : { index, row };
  };
  return {
    rows,
    list: async (organization, _filter, { offset, limit }) => {
      const all = rows.filter((row) => row.organization === organization);
      return { total: all.length, list: all.slice(offset, offset + limit) };
    },
    find: async (organization, id) => rows.find((row) => row.organization === organization && row.id === id),
    async put(key, write, audit) {
      audited.push(audit);
      if (key.id === null) {
        const id = `id-${rows.length + 1}`;
        const row = { number: 1, ...write, organization: key.organization, id, [versionMember]: 1 };
        rows.push(row as unknown as E & Row);
        return { kind: 'written', entity: row as unknown as E };
      }
      const found = at(key);
      if ('kind' in found) return found;
      const version = (found.row[versionMember] as number) + 1;
      const row = { ...found.row, ...write, id: key.id, organization: key.organization, [versionMember]: version };
      rows[found.index] = row;
      return { kind: 'written', entity: row };
    },
    async delete(key, audit) {
      const found = at(key);
      if ('kind' in found) return found;
      audited.push(audit);
      rows.splice(found.index, 1);
      return { kind: 'deleted' };
    },
  };
}

/** All kinds; writes of key mappings are in `keys`. */
export function memoryCatalogEntities() {
  const audited: AuditContext[] = [];
  const keys: ApplicationKeyMapping[] = [];
  const subscriptions = memoryEntities<
    Awaited<ReturnType<SubscriptionStore['list']>>['list'][number],
    Parameters<SubscriptionStore['put']>[1],
    Parameters<SubscriptionStore['list']>[1]
  >(audited);
  const keyMappings: KeyMappingStore = {
    of: async (_organization, applicationId) => keys.filter((key) => key.applicationId === applicationId),
    async map(_organization, { keyManager, ...write }) {
      const entity = { ...write, id: `key-${keys.length + 1}`, keyManagerId: keyManager };
      keys.push(entity);
      return { kind: 'written', entity };
    },
    describe: async () => ({ kind: 'refused', why: 'not_found', fields: [] }),
    unmap: async () => ({ kind: 'deleted' }),
  };
  const entities = {
    apis: memoryEntities(audited, 'revision') as CatalogEntities['apis'],
    applications: memoryEntities(audited) as CatalogEntities['applications'],
    keyMappings,
    subscriptions: {
      ...subscriptions,
      setState: async (key: ExistingKey, state, audit: AuditContext) => {
        const former = await subscriptions.find(key.organization, key.id);
        return former === undefined
          ? ({ kind: 'refused', why: 'not_found', fields: [] } as const)
          : subscriptions.put(key, { ...former, state }, audit);
      },
    } satisfies SubscriptionStore as SubscriptionStore,
    policies: memoryEntities(audited) as CatalogEntities['policies'],
    scopes: memoryEntities(audited) as CatalogEntities['scopes'],
    denyPolicies: memoryEntities(audited) as CatalogEntities['denyPolicies'],
  } satisfies CatalogEntities;
  return { entities, audited, keys };
}
