// What every answer tells Envoy's access log and its other filters, as dynamic metadata in the namespace `envoy.filters.http.ext_authz`.
// Only configured names, codes of the reason table and, of an allowed caller, its application's attributes and the claims that its key
// manager maps: never a token, nor anything from an unverified one.

import type { Decision } from '../domain/decision.ts';
import { reasonRow } from '../domain/reason.ts';
import { claimText } from './claim-text.ts';

/** Keys of every decision. */
type Told = 'decision_id' | 'outcome' | 'reason' | 'code' | 'api' | 'key_manager' | 'application' | 'key_type';
/** Keys of an allowed caller, for rate limits; empty else. */
type Counted =
  | 'organization'
  | 'api_policy'
  | 'resource_policy'
  | 'application_id'
  | 'application_policy'
  | 'subscription_id'
  | 'subscription_policy';

/** The keys, all of them always there; empty when not known. `claims` by their local names and `attributes` of the application, each as text. */
export type DynamicMetadata = Readonly<Record<Told | Counted, string>> &
  Readonly<Record<'claims' | 'attributes', Readonly<Record<string, string>>>>;

/** The metadata of a decision. `api` is `name:version`; `code` is the WSO2 code of a refusal. */
export function dynamicMetadata(decision: Decision, decisionId: string): DynamicMetadata {
  const { api, keyManager, application, keyType } = decision.known;
  const allowed = decision.outcome === 'allow' ? decision.known : {};
  return {
    decision_id: decisionId,
    outcome: decision.outcome,
    reason: decision.reason,
    code: decision.outcome === 'allow' ? '' : reasonRow(decision.reason).code,
    api: api === undefined ? '' : `${api.name}:${api.version}`,
    key_manager: keyManager?.name ?? '',
    application: application?.name ?? '',
    key_type: keyType ?? '',
    organization: allowed.api?.organization ?? '',
    api_policy: allowed.api?.policy ?? '',
    resource_policy: allowed.resource?.policy ?? '',
    application_id: allowed.application?.id ?? '',
    application_policy: allowed.application?.policy ?? '',
    subscription_id: allowed.subscription?.id ?? '',
    subscription_policy: allowed.subscription?.policy ?? '',
    claims: textsOf(allowed.token?.claims ?? NONE),
    attributes: allowed.application?.attributes ?? NONE,
  };
}

const NONE: Readonly<Record<string, string>> = {};

function textsOf(claims: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(claims);
  return names.length === 0 ? NONE : Object.fromEntries(names.map((name) => [name, claimText(claims, name) ?? '']));
}
