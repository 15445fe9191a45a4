// The throttling policies, scopes and deny policies of a desired document. All are told by name, or by whom they name.

import type { DenyPolicyWrite, DesiredFacts, PolicyWrite, ScopeWrite } from '../../domain/catalog-facts.ts';
import type { Fields } from '../tables/field-digester.ts';
import type { ApplySession } from './apply-session.ts';

/** Writes those that are new or differ. */
export function applyPolicies(facts: DesiredFacts, session: ApplySession): void {
  for (const [index, write] of facts.policies.entries()) applyPolicy(write, `policies[${index}]`, facts, session);
  for (const [index, write] of facts.scopes.entries()) applyScope(write, `scopes[${index}]`, facts, session);
  for (const [index, write] of facts.denyPolicies.entries())
    applyDenyPolicy(write, `denyPolicies[${index}]`, facts, session);
}

function applyPolicy(write: PolicyWrite, at: string, { organization }: DesiredFacts, session: ApplySession): void {
  const { policies, nextNumber } = session.tables;
  const { kind, name, ...fields } = write;
  const stored = policies.find(organization, kind, name);
  const entry = { key: ['policy', organization, kind, name], label: `policies[${kind} ${name}]`, at, fields };
  if (!isToWrite(session, entry, stored, Object.keys(fields))) return;
  policies.put({
    ...write,
    organization,
    id: stored?.id ?? crypto.randomUUID(),
    number: stored?.number ?? nextNumber(),
    version: (stored?.version ?? 0) + 1,
  });
}

function applyScope(write: ScopeWrite, at: string, { organization }: DesiredFacts, session: ApplySession): void {
  const { scopes } = session.tables;
  const { name, ...fields } = write;
  const stored = scopes.find(organization, name);
  const entry = { key: ['scope', organization, name], label: `scopes[${name}]`, at, fields };
  if (!isToWrite(session, entry, stored, Object.keys(fields))) return;
  scopes.put({
    ...write,
    organization,
    id: stored?.id ?? crypto.randomUUID(),
    version: (stored?.version ?? 0) + 1,
  });
}

function applyDenyPolicy(
  write: DenyPolicyWrite,
  at: string,
  { organization }: DesiredFacts,
  session: ApplySession,
): void {
  const { denyPolicies, nextNumber } = session.tables;
  const { type, value, invert, enabled } = write;
  const stored = denyPolicies.find(organization, write);
  const entry = {
    key: ['deny_policy', organization, type, value, String(invert)],
    label: `denyPolicies[${type} ${invert ? 'all but ' : ''}${value}]`,
    at,
    fields: { enabled },
  };
  if (!isToWrite(session, entry, stored, ['enabled'])) return;
  const id = stored?.id ?? crypto.randomUUID();
  session.log.changed('deny_policy', id);
  denyPolicies.put({
    ...write,
    organization,
    id,
    number: stored?.number ?? nextNumber(),
    version: (stored?.version ?? 0) + 1,
  });
}

/** Compares the fields that the document states, and notes the change. */
function isToWrite(
  session: ApplySession,
  entry: Parameters<ApplySession['merge']>[0],
  stored: object | undefined,
  names: readonly string[],
): boolean {
  const held = stored && Object.fromEntries(Object.entries(stored).filter(([name]) => names.includes(name)));
  const { kind } = session.merge(entry, held as Fields | undefined);
  return kind === 'insert' || kind === 'update';
}
