// The decision, top to bottom: each line is one check, and the first that refuses ends it. No step waits but the proof of a
// token whose key is not at hand, or whose issuer has to be asked. Nothing here may turn doubt into an allow.

import type { Api, Resource } from '../domain/api.ts';
import { type Decision, deny, fault, isRefusal, type Known, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { AccessRequest } from '../domain/request.ts';
import type { TokenDecision, UnprovedToken } from '../domain/token.ts';
import * as access from './check-access.ts';
import { checkCallerPolicies, checkRequestPolicies } from './check-deny-policies.ts';
import { checkRevocation } from './check-revocation.ts';
import { readCredential } from './credential.ts';
import { checkLifecycle, checkMethod, checkPath, matchApi, matchResource } from './find-api.ts';
import { pickKeyManager } from './pick-key-manager.ts';
import type {
  Assertions,
  Budget,
  Catalog,
  CatalogMoment,
  CatalogSnapshot,
  Recorder,
  StepName,
  Tokens,
} from './ports.ts';

/** How often a decision may start over because the catalog changed under it. */
const MAX_ATTEMPTS = 3;

/** What a decision needs beside the request. */
export interface World {
  readonly catalog: Catalog;
  readonly tokens: Tokens;
  /** Of API names in Envoy's configuration that name none. */
  readonly organization: string;
  readonly maxTokenBytes: number;
  /** Deny where neither API nor key manager states an audience. */
  readonly requireAudience: boolean;
  /** Undefined: upstreams get no signed assertion. */
  readonly assertions?: Assertions | undefined;
  /** Why nothing may be decided from the catalog as it is; undefined while it may. */
  readonly unfit?: () => 'copy_incomplete' | 'copy_stale' | undefined;
}

/** Decides one request. A promise only where a key has to be fetched or a key manager asked. */
export function authorize(
  request: AccessRequest,
  nowMs: number,
  budget: Budget,
  world: World,
  recorder?: Recorder,
  attempt = 1,
): Decision | Promise<Decision> {
  const known: Known = {};
  const moment = world.catalog.moment();
  if (moment === undefined) return { ...fault('catalog_not_loaded'), known };
  const unfit = world.unfit?.();
  if (unfit !== undefined) return { ...fault(unfit), known };
  const claim = findClaim(request, moment.snapshot, world, known, recorder);
  if (claim === 'public') return { outcome: 'allow', reason: 'public_resource', known };
  if (isRefusal(claim)) return { ...claim, known };

  const judge = (proof: TokenDecision, current: CatalogMoment | undefined): Decision | Promise<Decision> => {
    // Facts of two revisions must not meet in one decision: if the catalog's structure has moved on, start over.
    const verdict =
      current?.snapshot === moment.snapshot
        ? judgeClaim(request, nowMs, claim, proof, current, world, known, recorder)
        : 'stale';
    if (verdict === 'passed') return { outcome: 'allow', reason: 'allowed', known };
    if (verdict !== 'stale') return { ...verdict, known };
    if (attempt >= MAX_ATTEMPTS) return { ...fault('catalog_changing', { attempts: attempt }), known };
    return authorize(request, nowMs, budget, world, recorder, attempt + 1);
  };
  const proof = world.tokens.prove(claim.token, claim.keyManager, nowMs, budget);
  return proof instanceof Promise ? proof.then((late) => judge(late, world.catalog.moment())) : judge(proof, moment);
}

/** What the request claims to be: a token for a resource of an API, and the one key manager that may vouch for it. */
interface Claim {
  readonly api: Api;
  readonly resource: Resource;
  readonly token: UnprovedToken;
  readonly keyManager: KeyManager;
}

/** Before the proof: API, resource, credential, key manager. */
function findClaim(
  request: AccessRequest,
  snapshot: CatalogSnapshot,
  world: World,
  known: Known,
  recorder: Recorder | undefined,
): Claim | Refusal | 'public' {
  const seen = noting(recorder);
  const method = seen('method', checkMethod(request));
  if (isRefusal(method)) return method;
  const path = seen('path', checkPath(request));
  if (isRefusal(path)) return path;
  const match = seen('api', matchApi(request, path, snapshot.router, world.organization));
  if (isRefusal(match)) return match;
  const { api } = match.routed;
  known.api = api;
  const lifecycle = seen('lifecycle', checkLifecycle(api));
  if (isRefusal(lifecycle)) return lifecycle;
  const resource = seen('resource', matchResource(request, match));
  if (isRefusal(resource)) return resource;
  known.resource = resource;
  const security = seen('security', access.checkSecurityScheme(api, resource));
  if (isRefusal(security)) return security;
  const policies = seen('request_policies', checkRequestPolicies(api, request, snapshot.denyPolicies));
  if (isRefusal(policies)) return policies;
  if (resource.authType === 'None') return 'public';
  const credential = seen('credential', readCredential(request.header(api.authorizationHeader), world.maxTokenBytes));
  if (isRefusal(credential)) return credential;
  const token = seen('token', world.tokens.read(credential));
  if (isRefusal(token)) return token;
  known.tokenHash = token.hash.slice(0, 12);
  const keyManager = seen('key_manager', pickKeyManager(token, api, snapshot.keyManagers));
  if (isRefusal(keyManager)) return keyManager;
  known.keyManager = keyManager;
  return { api, resource, token, keyManager };
}

/** After the proof: revocation, binding, audience, application, subscription, environment, scopes, deny policies. */
function judgeClaim(
  request: AccessRequest,
  nowMs: number,
  claim: Claim,
  proof: TokenDecision,
  moment: CatalogMoment,
  world: World,
  known: Known,
  recorder: Recorder | undefined,
): Refusal | 'passed' | 'stale' {
  const seen = noting(recorder);
  const { api, resource, keyManager } = claim;
  const proved = seen('proof', asRefusal(proof));
  if (isRefusal(proved)) return proved;
  const token = proved;
  known.token = token;
  const revocation = seen(
    'revocation',
    checkRevocation(claim.token, token, keyManager, api.organization, moment, nowMs),
  );
  if (isRefusal(revocation)) return revocation;
  const binding = seen('binding', access.checkBinding(token, request));
  if (isRefusal(binding)) return binding;
  const audience = seen('audience', access.checkAudience(token, api, keyManager, world.requireAudience));
  if (isRefusal(audience)) return audience;
  const subscriber =
    token.consumerKey === undefined ? undefined : moment.findSubscriber(token.consumerKey, keyManager.id, api.id);
  if (subscriber === 'stale') return 'stale';
  // Before the check, so that a denial can name the application that lacks a subscription.
  if (subscriber?.application) known.application = subscriber.application;
  const caller = seen('subscriber', access.identifyCaller(token, api, keyManager, subscriber));
  if (isRefusal(caller)) return caller;
  known.keyType = caller.keyType;
  if (caller.subscription !== undefined) known.subscription = caller.subscription;
  const subscription = seen('subscription', access.checkSubscription(caller, api));
  if (isRefusal(subscription)) return subscription;
  const environment = seen('environment', access.checkEnvironment(request, api, caller.keyType));
  if (isRefusal(environment)) return environment;
  const scopes = seen('scopes', access.checkScopes(token, resource));
  if (isRefusal(scopes)) return scopes;
  const policies = seen(
    'caller_policies',
    checkCallerPolicies(api, { ...caller, token }, moment.snapshot.denyPolicies),
  );
  if (isRefusal(policies) || world.assertions === undefined) return policies;
  const assertion = seen('assertion', world.assertions.assertionFor(known, nowMs));
  if (isRefusal(assertion)) return assertion;
  if (assertion !== undefined) known.assertion = assertion;
  return 'passed';
}

function asRefusal(proof: TokenDecision) {
  if (proof.kind === 'proved') return proof.facts;
  return proof.kind === 'refused' ? deny(proof.reason, proof.evidence) : fault(proof.reason, proof.evidence);
}

/** Tells the recorder, if there is one, what a step found; of a credential or token only that it passed. */
function noting(recorder: Recorder | undefined): typeof unnoted {
  if (recorder === undefined) return unnoted;
  return (step, result) => {
    const secret = step === 'credential' || step === 'token' || step === 'assertion';
    recorder.step(step, secret && !isRefusal(result) ? 'passed' : result);
    return result;
  };
}

function unnoted<T>(_step: StepName, result: T): T {
  return result;
}
