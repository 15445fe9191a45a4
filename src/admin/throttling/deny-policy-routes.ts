// WSO2 admin API v4, deny policies (BlockingCondition): whoever one names is refused from the next request on.

import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  type DenyPolicyBody,
  denyPolicyBody,
  denyPolicyStatusBody,
} from '../../documents/wso2/throttling-documents.ts';
import type { DenyPolicyWrite } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { DenyPolicy } from '../../domain/policy.ts';
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

const LIST = `${ADMIN}/throttling/deny-policies`;
/** WSO2's own path of one, not below that of the list. */
const ONE = `${ADMIN}/throttling/deny-policy`;

/** Registers the routes. */
export function denyPolicyRoutes(
  app: FastifyInstance,
  { denyPolicies }: Pick<CatalogEntities, 'denyPolicies'>,
  { callerOf, auditOf }: RouteCallers,
): void {
  const find = (request: FastifyRequest<ById>) => () =>
    denyPolicies.find(callerOf(request).organization, request.params.id);

  app.get(LIST, (request, reply) => {
    const { organization } = callerOf(request);
    return sendPage(request, reply, LIST, (page) => denyPolicies.list(organization, {}, page), denyPolicyForm);
  });

  app.post(LIST, async (request, reply) => {
    const body = readBody(request, reply, denyPolicyBody);
    if (body === undefined) return reply;
    const write = denyPolicyWriteOf(body);
    if ('field' in write) return refuseWith(reply, invalidFields([write]));
    const key = { organization: callerOf(request).organization, id: null, expectedVersion: null };
    const written = await denyPolicies.put(key, write, auditOf(request));
    return sendWritten(reply, 'Deny policy', written, denyPolicyForm, ONE);
  });

  app.get<ById>(`${ONE}/:id`, async (request, reply) =>
    sendEntity(reply, 'Deny policy', await find(request)(), denyPolicyForm),
  );

  app.patch<ById>(`${ONE}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply, 'Deny policy', find(request), callerOf(request).organization);
    const body = target && readBody(request, reply, denyPolicyStatusBody);
    if (target === undefined || body === undefined) return reply;
    const { type, value, invert } = target.former;
    const write = { type, value, invert, enabled: body.conditionStatus };
    return sendWritten(
      reply,
      'Deny policy',
      await denyPolicies.put(target.key, write, auditOf(request)),
      denyPolicyForm,
    );
  });

  app.delete<ById>(`${ONE}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply, 'Deny policy', find(request), callerOf(request).organization);
    if (target === undefined) return reply;
    return sendDeleted(reply, 'Deny policy', await denyPolicies.delete(target.key, auditOf(request)));
  });
}

/** A condition that names nobody would deny nobody, and nobody would know: it is refused. */
function denyPolicyWriteOf(body: DenyPolicyBody): DenyPolicyWrite | FieldProblem {
  const { conditionType: type, conditionValue: given, conditionStatus: enabled } = body;
  const wrong = (message: string): FieldProblem => ({ field: 'conditionValue', message });
  const plain = { type, invert: false, enabled };
  switch (type) {
    case 'IP': {
      const address = typeof given === 'string' ? given : (given.fixedIp ?? '');
      if (isIP(address) === 0) return wrong('must be an IP address: {"fixedIp": "203.0.113.7", "invert": false}');
      return { ...plain, value: address, invert: typeof given !== 'string' && given.invert };
    }
    case 'IPRANGE': {
      const { startingIp = '', endingIp = '', invert = false } = typeof given === 'string' ? {} : given;
      if (!isRange(startingIp, endingIp))
        return wrong(
          'must be two addresses of one kind, the lower one first: {"startingIp": "…", "endingIp": "…", "invert": false}',
        );
      return { ...plain, value: `${startingIp}-${endingIp}`, invert };
    }
    case 'API':
      if (typeof given !== 'string' || !given.startsWith('/')) return wrong('must be a context with its version');
      return { ...plain, value: given };
    case 'APPLICATION':
      if (typeof given !== 'string' || !/^[^:]+:.+$/.test(given)) return wrong('must be owner:application');
      return { ...plain, value: given };
    case 'USER':
    case 'SUBSCRIPTION':
      if (typeof given !== 'string') return wrong('must be a text');
      return { ...plain, value: given };
  }
}

function isRange(start: string, end: string): boolean {
  const kind = isIP(start);
  if (kind === 0 || kind !== isIP(end)) return false;
  try {
    new BlockList().addRange(start, end, kind === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}

/** WSO2 BlockingConditionDTO. */
function denyPolicyForm({ id, type, value, invert, enabled }: DenyPolicy) {
  return {
    conditionId: id,
    conditionType: type,
    conditionValue: valueForm(type, value, invert),
    conditionStatus: enabled,
  };
}

function valueForm(type: DenyPolicy['type'], value: string, invert: boolean) {
  if (type === 'IP') return { fixedIp: value, invert };
  if (type !== 'IPRANGE') return value;
  const [startingIp = '', endingIp = ''] = value.split('-');
  return { startingIp, endingIp, invert };
}
