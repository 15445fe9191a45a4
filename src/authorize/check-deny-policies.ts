// WSO2's deny policies: whoever an admin has named is refused, whatever else would let the request pass. Those of the request itself
// (API, address) are asked before anything is known of the caller, those of the caller last of all.

import type { Api, KeyType } from '../domain/api.ts';
import { deny, type Refusal } from '../domain/decision.ts';
import { type DenyPolicyIndex, findAddressPolicy, findNamingPolicy } from '../domain/deny-policy-index.ts';
import type { DenyPolicy } from '../domain/policy.ts';
import type { AccessRequest } from '../domain/request.ts';
import type { CallingApplication, Subscription } from '../domain/subscriber.ts';
import type { TokenFacts } from '../domain/token.ts';

/** The API, under each of its contexts, and the address that Envoy says the request comes from; public resources too. */
export function checkRequestPolicies(api: Api, request: AccessRequest, policies: DenyPolicyIndex): Refusal | 'passed' {
  const ofApi =
    policies.byName.size === 0 ? undefined : findNamingPolicy(policies, 'API', [api.organization], contextsOf(api));
  const policy = ofApi ?? findAddressPolicy(policies, api.organization, () => request.clientAddress());
  return policy === undefined ? 'passed' : refusedBy(policy);
}

/** Who calls, as far as it is known. */
export interface PolicedCaller {
  readonly token: TokenFacts;
  readonly application: CallingApplication | undefined;
  readonly subscription: Subscription | undefined;
  readonly keyType: KeyType;
}

/** User, application and subscription, named by the API's organization or by the application's own. */
export function checkCallerPolicies(api: Api, caller: PolicedCaller, policies: DenyPolicyIndex): Refusal | 'passed' {
  // Mostly there is none, and then no name is put together.
  if (policies.byName.size === 0) return 'passed';
  const { token, application, subscription } = caller;
  const organizations = new Set([api.organization, ...(application === undefined ? [] : [application.organization])]);
  const policy =
    findNamingPolicy(policies, 'USER', organizations, userNames(token.subject, organizations)) ??
    (application &&
      findNamingPolicy(policies, 'APPLICATION', organizations, [
        `${application.owner}:${application.name}`,
        application.id,
      ])) ??
    (subscription &&
      findNamingPolicy(policies, 'SUBSCRIPTION', organizations, subscriptionNames(api, caller, subscription)));
  return policy === undefined ? 'passed' : refusedBy(policy);
}

function refusedBy({ id, type, value }: DenyPolicy): Refusal {
  return deny('denied_by_policy', { policy: id, type, value });
}

/** WSO2 names an API by its context with the version, whatever the request was routed by. */
function contextsOf(api: Api): readonly string[] {
  return api.defaultVersionContext === null ? [api.context] : [api.context, api.defaultVersionContext];
}

/** WSO2 adds the tenant to a user's name where the token has it without, and the other way round. */
function userNames(subject: string | undefined, organizations: Iterable<string>): readonly string[] {
  if (subject === undefined) return [];
  const names = [subject];
  for (const organization of organizations) {
    const suffix = `@${organization}`;
    names.push(subject.endsWith(suffix) ? subject.slice(0, -suffix.length) : subject + suffix);
  }
  return names;
}

/** WSO2's `context:version:owner-application:keyType`, the context with or without the version. */
function subscriptionNames(api: Api, { application, keyType }: PolicedCaller, { id }: Subscription): readonly string[] {
  const tail = `:${api.version}:${application?.owner}-${application?.name}:${keyType}`;
  const version = `/${api.version}`;
  const bare = api.context.endsWith(version) ? api.context.slice(0, -version.length) : api.context;
  return [id, api.context + tail, bare + tail];
}
