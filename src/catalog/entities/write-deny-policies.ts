// Writes of single deny policies, inside a transaction that the caller holds. Deciding threads keep them in memory.

import type { DenyPolicyWrite, EntityKey, ExistingKey, WriteRefusal } from '../../domain/catalog-facts.ts';
import { denyPolicyProblem } from '../../domain/deny-policy-index.ts';
import type { DenyPolicy } from '../../domain/policy.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { type Deleted, deleted, type EntityAccess, existing, expected, refused, written } from './expected-entity.ts';

/** Writes a deny policy, new or anew; two that name the same are refused. */
export function putDenyPolicy(
  tables: WriterTables,
  log: StructureLog,
  key: EntityKey,
  write: DenyPolicyWrite,
): Ended<DenyPolicy | WriteRefusal> {
  const found = expected(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  const { stored } = found;
  const problem = denyPolicyProblem(write);
  if (problem !== undefined) return refused('unresolved', { field: 'value', message: problem });
  const same = tables.denyPolicies.find(key.organization, write);
  if (same !== undefined && same.id !== stored?.id)
    return refused('exists', {
      field: 'value',
      message: `${write.type} "${write.value}" has a deny policy; change that one`,
    });
  const policy: DenyPolicy = {
    ...write,
    organization: key.organization,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? tables.nextNumber(),
    version: (stored?.version ?? 0) + 1,
  };
  tables.denyPolicies.put(policy);
  log.changed('deny_policy', policy.id);
  return written(policy, stored);
}

/** Deletes a deny policy. */
export function deleteDenyPolicy(
  tables: WriterTables,
  log: StructureLog,
  key: ExistingKey,
): Ended<Deleted<DenyPolicy> | WriteRefusal> {
  const found = existing(accessOf(tables), key);
  if ('refusal' in found) return found.refusal;
  tables.denyPolicies.delete(key.id);
  log.changed('deny_policy', key.id);
  return deleted(found.stored);
}

function accessOf({ denyPolicies }: WriterTables): EntityAccess<DenyPolicy> {
  return {
    noun: 'deny policy',
    find: (id) => denyPolicies.get(id),
    organizationOf: ({ organization }) => organization,
    versionOf: ({ version }) => version,
  };
}
