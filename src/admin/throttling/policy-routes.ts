// WSO2 admin API v4, throttling policies of applications, subscriptions and APIs. They are handed on to rate limiters, nothing is
// counted here.

import type { FastifyInstance } from 'fastify';
import type { Schema } from '../../documents/reading/read-document.ts';
import {
  advancedPolicyBody,
  applicationPolicyBody,
  type PolicyBody,
  subscriptionPolicyBody,
} from '../../documents/wso2/throttling-documents.ts';
import type { PolicyWrite } from '../../domain/catalog-facts.ts';
import type { Policy, PolicyKind } from '../../domain/policy.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { ADMIN } from '../access/route-rights.ts';
import {
  type ById,
  readBody,
  sendDeleted,
  sendEntity,
  sendPage,
  sendWritten,
  targetOf,
} from '../entities/entity-routes.ts';
import type { CatalogEntities } from '../entities/entity-store.ts';
import { invalidFields, refuseWith } from '../http/wso2-error.ts';

/** WSO2's path, DTO type and members for each kind. */
const KINDS: readonly {
  readonly kind: PolicyKind;
  readonly path: string;
  readonly type: string;
  readonly schema: Schema<PolicyBody>;
}[] = [
  { kind: 'APPLICATION', path: 'application', type: 'ApplicationThrottlePolicy', schema: applicationPolicyBody },
  { kind: 'SUBSCRIPTION', path: 'subscription', type: 'SubscriptionThrottlePolicy', schema: subscriptionPolicyBody },
  { kind: 'API', path: 'advanced', type: 'AdvancedThrottlePolicy', schema: advancedPolicyBody },
];

/** Registers the routes of all three kinds. */
export function policyRoutes(
  app: FastifyInstance,
  { policies }: Pick<CatalogEntities, 'policies'>,
  { callerOf, auditOf }: RouteCallers,
): void {
  for (const { kind, path, type, schema } of KINDS) {
    const base = `${ADMIN}/throttling/policies/${path}`;
    const form = (policy: Policy) => policyForm(policy, type);
    const findIn = (organization: string, id: string) => async () => {
      const found = await policies.find(organization, id);
      return found?.kind === kind ? found : undefined;
    };

    app.get(base, (request, reply) => {
      const { organization } = callerOf(request);
      return sendPage(request, reply, base, (page) => policies.list(organization, { kind }, page), form);
    });

    app.post(base, async (request, reply) => {
      const body = readBody(request, reply, schema);
      if (body === undefined) return reply;
      const key = { organization: callerOf(request).organization, id: null, expectedVersion: null };
      const written = await policies.put(key, policyWriteOf(kind, body), auditOf(request));
      return sendWritten(reply, 'Throttling policy', written, form, base);
    });

    app.get<ById>(`${base}/:id`, async (request, reply) =>
      sendEntity(reply, 'Throttling policy', await findIn(callerOf(request).organization, request.params.id)(), form),
    );

    app.put<ById>(`${base}/:id`, async (request, reply) => {
      const { organization } = callerOf(request);
      const find = findIn(organization, request.params.id);
      const target = await targetOf(request, reply, 'Throttling policy', find, organization);
      const body = target && readBody(request, reply, schema);
      if (target === undefined || body === undefined) return reply;
      if (body.policyName !== target.former.name)
        return refuseWith(
          reply,
          invalidFields([{ field: 'policyName', message: 'cannot be changed; create another policy' }]),
        );
      const written = await policies.put(target.key, policyWriteOf(kind, body), auditOf(request));
      return sendWritten(reply, 'Throttling policy', written, form);
    });

    app.delete<ById>(`${base}/:id`, async (request, reply) => {
      const { organization } = callerOf(request);
      const find = findIn(organization, request.params.id);
      const target = await targetOf(request, reply, 'Throttling policy', find, organization);
      if (target === undefined) return reply;
      return sendDeleted(reply, 'Throttling policy', await policies.delete(target.key, auditOf(request)));
    });
  }
}

function policyWriteOf(kind: PolicyKind, body: PolicyBody): PolicyWrite {
  const { policyName, displayName = policyName, description, ...rest } = body;
  const limits = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { kind, name: policyName, displayName, description, limits };
}

function policyForm({ id, name, displayName, description, limits }: Policy, type: string) {
  return { policyId: id, policyName: name, displayName, description, isDeployed: true, type, ...limits };
}
