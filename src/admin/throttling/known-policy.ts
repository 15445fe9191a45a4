// Tells a throttling policy that nobody has defined. Where none of a kind is defined at all, names are labels for a rate limiter that
// knows them, and any will do.

import { UNLIMITED_POLICY } from '../../domain/api.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { PolicyKind } from '../../domain/policy.ts';
import type { CatalogEntities } from '../entities/entity-store.ts';

const FIRST = { offset: 0, limit: 1 };

/** What is wrong with the policy that a body names. */
export async function policyProblem(
  { policies }: Pick<CatalogEntities, 'policies'>,
  { organization }: { readonly organization: string },
  kind: PolicyKind,
  { throttlingPolicy: name }: { readonly throttlingPolicy: string },
): Promise<FieldProblem | undefined> {
  if (name === UNLIMITED_POLICY || (await policies.list(organization, { kind, name }, FIRST)).total > 0)
    return undefined;
  if ((await policies.list(organization, { kind }, FIRST)).total === 0) return undefined;
  return { field: 'throttlingPolicy', message: `is none of the ${kind.toLowerCase()} policies; list those first` };
}
