// What every answer tells Envoy's access log, as dynamic metadata in the namespace `envoy.filters.http.ext_authz`. Only
// configured names, codes of the reason table and, of an allowed token, the claims that its key manager maps: never a token, nor
// anything from an unverified one.

import type { Decision } from '../domain/decision.ts';
import { reasonRow } from '../domain/reason.ts';
import { claimText } from './claim-text.ts';

/** The keys, all of them always there; empty when not known. `claims` by their local names, each as text. */
export type DynamicMetadata = Readonly<
  Record<'decision_id' | 'outcome' | 'reason' | 'code' | 'api' | 'key_manager' | 'application' | 'key_type', string>
> & { readonly claims: Readonly<Record<string, string>> };

/** The metadata of a decision. `api` is `name:version`; `code` is the WSO2 code of a refusal. */
export function dynamicMetadata(decision: Decision, decisionId: string): DynamicMetadata {
  const { api, keyManager, application, keyType, token } = decision.known;
  const claims = decision.outcome === 'allow' ? (token?.claims ?? {}) : {};
  return {
    decision_id: decisionId,
    outcome: decision.outcome,
    reason: decision.reason,
    code: decision.outcome === 'allow' ? '' : reasonRow(decision.reason).code,
    api: api === undefined ? '' : `${api.name}:${api.version}`,
    key_manager: keyManager?.name ?? '',
    application: application?.name ?? '',
    key_type: keyType ?? '',
    claims: Object.fromEntries(Object.keys(claims).map((name) => [name, claimText(claims, name) ?? ''])),
  };
}
