// What an introspection reply says (RFC 7662 §2.2). Only a JSON object with a boolean `active` is a reply; of an active token the
// members are read as strictly as the claims of a JWT. Nothing of the reply's text gets into evidence.

import { deny, fault, isRefusal, type Refusal } from '../../domain/decision.ts';
import type { Introspection } from '../../domain/introspection.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import { checkMarks } from '../claims/check-kind.ts';
import { claimValue, isPlainText } from '../claims/claim-value.ts';
import { type ClaimedFacts, readFacts } from '../claims/read-facts.ts';
import { readJson } from '../reading/read-json.ts';

/** Facts of an active token, and what the reply leaves open, for which the token itself may be asked where it is a JWT. */
export interface ActiveReply {
  readonly facts: ClaimedFacts;
  /** Stands in for the subject where nobody states one: WSO2 IS names the user in `username` alone. */
  readonly username: string | undefined;
  readonly saysScopes: boolean;
  readonly saysAudience: boolean;
  /** False: `expiresAt` is only the time after which to ask again. */
  readonly saysExpiry: boolean;
}

/** RFC 7662 §2.2: how long a reply without `exp` holds is up to the one who keeps it; less than this is no time at all. */
const MIN_LIFE_MS = 1000;

/** The facts of an active token; a denial when it is inactive or no access token; a fault when this is no reply. */
export function readReply(
  text: string,
  introspection: Introspection,
  keyManager: KeyManager,
  nowMs: number,
): ActiveReply | Refusal {
  const json = readJson(Buffer.from(text));
  if ('problem' in json) return invalid(json.problem);
  if (!isJsonObject(json.value)) return invalid('not_an_object');
  // Real servers write null for what they have nothing to say about.
  const members = Object.fromEntries(Object.entries(json.value).filter(([, value]) => value !== null));
  if (members['active'] === false) return deny('token_inactive', { key_manager: keyManager.name });
  if (members['active'] !== true) return invalid(Object.hasOwn(members, 'active') ? 'active_not_boolean' : 'no_active');
  const kind = checkReplyKind(members, introspection);
  if (isRefusal(kind)) return kind;
  const { issuers, name } = keyManager;
  // One server may answer for several issuers; what it says about another one's token is no vouching for this one's.
  if (issuers.length > 0 && Object.hasOwn(members, 'iss') && !issuers.some((issuer) => issuer === members['iss']))
    return deny('issuer_unknown', { key_manager: name, source: 'introspection' });
  const saysExpiry = Object.hasOwn(members, 'exp');
  const until = introspection.requireExp ? undefined : (nowMs + Math.max(MIN_LIFE_MS, introspection.ttlMs)) / 1000;
  const names = { client: introspection.consumerKeyMembers, scopes: introspection.scopesMembers };
  const facts = readFacts(members, names, keyManager, nowMs, until);
  if (isRefusal(facts)) return facts;
  const { username } = members;
  if (username !== undefined && !isPlainText(username))
    return deny('claims_malformed', { claim: 'username', problem: 'wrong_type' });
  const says = (member: string) => claimValue(members, member) !== undefined;
  const saysScopes = names.scopes.some(says);
  return { facts, username, saysScopes, saysAudience: says(keyManager.audienceClaim), saysExpiry };
}

/** An access token by its `token_type` and by the marks of the key manager's type. */
function checkReplyKind(members: Readonly<Record<string, unknown>>, { marks, tokenTypes }: Introspection) {
  const type = members['token_type'];
  if (type !== undefined && !(typeof type === 'string' && tokenTypes.some((one) => sameName(one, type))))
    return deny('token_type_refused', { member: 'token_type' });
  return checkMarks(members, marks);
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function invalid(problem: string): Refusal {
  return fault('introspection_reply_invalid', { problem });
}
