// Wires what the admin side writes and reads of APIs, applications and what hangs on them: kept by the catalog, told by names.

import type { ApiFilter, CatalogEntities, EntityStore, Gone, Written } from '../../admin/entities/entity-store.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { NamedApi } from '../../documents/wso2/publisher-api-facts.ts';
import { type Api, GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { ApiWrite, WriteRefusal } from '../../domain/catalog-facts.ts';

/** An application has one key of each type at each key manager. */
const ALL_KEYS = { offset: 0, limit: 10_000 };

/** The stores. */
export function adminEntities({ lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>): CatalogEntities {
  const apis: EntityStore<Api, ApiWrite, ApiFilter> = {
    list: async (organization, filter, page) => lists.page('api', organization, filter, page),
    find: async (organization, id) => lists.find('api', organization, id),
    put: async (key, write, audit) => written(await writer.putApi(key, write, audit)),
    delete: async (key, audit, force = false) => gone(await writer.deleteApi(key, force, audit)),
  };
  return {
    apis: {
      async list(organization, filter, page) {
        const { total, list } = await apis.list(organization, filter, page);
        const nameOf = namesOf(organization);
        return { total, list: list.map((api) => named(api, nameOf)) };
      },
      async find(organization, id) {
        const api = await apis.find(organization, id);
        return api && named(api, namesOf(organization));
      },
      async put(key, write, audit) {
        const done = await apis.put(key, write, audit);
        return done.kind === 'refused' ? done : { ...done, entity: named(done.entity, namesOf(key.organization)) };
      },
      delete: apis.delete,
    },
    applications: {
      list: async (organization, filter, page) => lists.page('application', organization, filter, page),
      find: async (organization, id) => lists.find('application', organization, id),
      put: async (key, write, audit) => written(await writer.putApplication(key, write, audit)),
      delete: async (key, audit) => gone(await writer.deleteApplication(key, audit)),
    },
    keyMappings: {
      of: async (organization, applicationId) =>
        lists.page('key_mapping', organization, { applicationId }, ALL_KEYS).list,
      map: async (organization, write, move, audit) =>
        written(await writer.mapKey(organization, write, { move }, audit)),
      describe: async (organization, id, extra, audit) =>
        written(await writer.describeKey(organization, id, extra, audit)),
      unmap: async (organization, id, audit) => gone(await writer.unmapKey(organization, id, audit)),
    },
    subscriptions: {
      list: async (organization, filter, page) => lists.page('subscription', organization, filter, page),
      find: async (organization, id) => lists.find('subscription', organization, id),
      put: async (key, write, audit) => written(await writer.putSubscription(key, write, audit)),
      setState: async (key, state, audit) => written(await writer.setSubscriptionState(key, state, audit)),
      delete: async (key, audit) => gone(await writer.deleteSubscription(key, audit)),
    },
    policies: {
      list: async (organization, filter, page) => lists.page('policy', organization, filter, page),
      find: async (organization, id) => lists.find('policy', organization, id),
      put: async (key, write, audit) => written(await writer.putPolicy(key, write, audit)),
      delete: async (key, audit) => gone(await writer.deletePolicy(key, audit)),
    },
    scopes: {
      list: async (organization, _filter, page) => lists.page('scope', organization, {}, page),
      find: async (organization, id) => lists.find('scope', organization, id),
      put: async (key, write, audit) => written(await writer.putScope(key, write, audit)),
      delete: async (key, audit) => gone(await writer.deleteScope(key, audit)),
    },
    denyPolicies: {
      list: async (organization, _filter, page) => lists.page('deny_policy', organization, {}, page),
      find: async (organization, id) => lists.find('deny_policy', organization, id),
      put: async (key, write, audit) => written(await writer.putDenyPolicy(key, write, audit)),
      delete: async (key, audit) => gone(await writer.deleteDenyPolicy(key, audit)),
    },
  };

  /** A name that leads to another key manager than the one of the id says nothing: the id stays. */
  function namesOf(organization: string): (id: string) => string {
    return (id) => {
      const found = lists.findKeyManager(organization, id) ?? lists.findKeyManager(GLOBAL_ORGANIZATION, id);
      const name = found?.dto.name;
      return name !== undefined && lists.resolveKeyManager(organization, name)?.id === id ? name : id;
    };
  }
}

function named(api: Api, nameOf: (id: string) => string): NamedApi {
  const { keyManagers, audiencesByKeyManager } = api;
  return {
    ...api,
    keyManagers: keyManagers === 'all' ? 'all' : keyManagers.map(nameOf),
    audiencesByKeyManager: Object.fromEntries(
      Object.entries(audiencesByKeyManager).map(([id, audiences]) => [nameOf(id), audiences]),
    ),
  };
}

function written<E extends object>(result: E | WriteRefusal): Written<E> | WriteRefusal {
  return isRefusal(result) ? result : { kind: 'written', entity: result };
}

function gone(result: object | WriteRefusal): Gone | WriteRefusal {
  return isRefusal(result) ? result : { kind: 'deleted' };
}

/** A policy has a `kind` too, but no `why`. */
function isRefusal(result: object): result is WriteRefusal {
  return 'why' in result;
}
