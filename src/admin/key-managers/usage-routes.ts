// WSO2 admin API v4, who uses a key manager: APIs that list it by name and applications with keys of it. A caller sees those of its
// own organization only; what others do with a global key manager is theirs to know.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { KeyManagerUsage } from '../../domain/key-manager-usage.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { ADMIN } from '../access/route-rights.ts';
import { pageOf } from '../http/page.ts';
import { invalidQuery, KEY_MANAGER_NOT_FOUND, refuseWith } from '../http/wso2-error.ts';
import type { KeyManagerStore } from './key-manager-store.ts';

interface ById {
  readonly Params: { readonly id: string };
}

/** Registers `api-usages` and `app-usages`. */
export function usageRoutes(app: FastifyInstance, store: KeyManagerStore, { callerOf }: RouteCallers): void {
  app.get<ById>(`${ADMIN}/key-managers/:id/api-usages`, (request, reply) =>
    answer(request, reply, ({ apis }, organization, page) => {
      const own = apis.filter((api) => api.organization === organization);
      return {
        apiCount: own.length,
        apis: page(own).map(({ id, name, version }) => ({ id, name, version, type: 'API' })),
      };
    }),
  );

  app.get<ById>(`${ADMIN}/key-managers/:id/app-usages`, (request, reply) =>
    answer(request, reply, ({ applications }, organization, page) => {
      const own = applications.filter((application) => application.organization === organization);
      return {
        applicationCount: own.length,
        applications: page(own).map(({ id, name, owner }) => ({ name, uuid: id, owner, organization })),
      };
    }),
  );

  async function answer(
    request: FastifyRequest<ById>,
    reply: FastifyReply,
    body: (usage: KeyManagerUsage, organization: string, page: <T>(list: readonly T[]) => readonly T[]) => object,
  ) {
    const { id } = request.params;
    const { organization } = callerOf(request);
    const page = pageOf(request.query);
    if (!('offset' in page)) return refuseWith(reply, invalidQuery(page));
    const found = (await store.find(organization, id)) ?? (await store.find(GLOBAL_ORGANIZATION, id));
    if (found === undefined) return refuseWith(reply, KEY_MANAGER_NOT_FOUND);
    const { offset, limit } = page;
    return reply.send(body(await store.usage(id), organization, (list) => list.slice(offset, offset + limit)));
  }
}
