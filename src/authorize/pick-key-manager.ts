// The one key manager that may vouch for a token, chosen before any crypto and without any outbound call: of a JWT by exact issuer
// (for those without one, by rule alone), of an opaque token by pattern. No token is ever taken to a second one.

import { type Api, KEY_MANAGERS_UNKNOWN } from '../domain/api.ts';
import { deny, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import {
  claimsToken,
  type KeyManagerIndex,
  keyManagersOfIssuer,
  keyManagersWithoutIssuer,
  opaqueClaimsOf,
  opaqueClaimsOfAll,
} from '../domain/key-manager-index.ts';
import type { OpaqueToken, UnprovedJwt, UnprovedToken } from '../domain/token.ts';

/** The key manager that is to judge the token: enabled, allowed for the API, and claiming the token. */
export function pickKeyManager(token: UnprovedToken, api: Api, index: KeyManagerIndex): KeyManager | Refusal {
  if (api.keyManagers.length === 0 && api.extra[KEY_MANAGERS_UNKNOWN] === true)
    return deny('key_managers_unknown', { api: api.name });
  return token.kind === 'jwt' ? pickByIssuer(token, api, index) : pickByPattern(token, api, index);
}

/** A JWT that its key manager does not let us validate is introspected by that one: its `iss` is the rule. */
function pickByIssuer(token: UnprovedJwt, api: Api, index: KeyManagerIndex): KeyManager | Refusal {
  const { issuer } = token;
  // An `iss` that is there but no text is no reason to look for key managers of tokens without one.
  if (issuer === undefined && Object.hasOwn(token.claims, 'iss'))
    return deny('issuer_missing', { problem: 'not_text' });
  const known =
    issuer === undefined
      ? keyManagersWithoutIssuer(index, api.organization)
      : keyManagersOfIssuer(index, api.organization, issuer);
  const claiming = known.filter(
    (keyManager) => allows(api, keyManager) && keyManager.enabled && claimsToken(keyManager, token.claims),
  );
  const [chosen] = claiming;
  if (chosen === undefined) return whyNone(token, known, api);
  if (claiming.length > 1) return deny('ambiguous_key_manager', { issuer, key_managers: names(claiming) });
  return chosen;
}

/** What the last of the issuer's key managers failed at. */
function whyNone({ issuer }: UnprovedJwt, known: readonly KeyManager[], api: Api): Refusal {
  if (known.length === 0)
    return issuer === undefined ? deny('issuer_missing') : deny('issuer_unknown', { issuer: issuer.slice(0, 256) });
  const allowed = known.filter((keyManager) => allows(api, keyManager));
  if (allowed.length === 0)
    return deny('key_manager_not_allowed', { issuer, key_managers: names(known), api: api.name });
  const enabled = allowed.filter((keyManager) => keyManager.enabled);
  if (enabled.length === 0) return deny('key_manager_disabled', { issuer, key_managers: names(allowed) });
  return deny('token_not_claimed', { issuer, key_managers: names(enabled) });
}

/** The first of the API's key managers whose pattern fits; `all` means in order of creation. */
function pickByPattern({ text }: OpaqueToken, api: Api, index: KeyManagerIndex): KeyManager | Refusal {
  const { patterns, fallback, isEmpty } =
    api.keyManagers === 'all'
      ? opaqueClaimsOfAll(index, api.organization)
      : opaqueClaimsOf(api.keyManagers.flatMap((id) => index.byId.get(id) ?? []));
  if (isEmpty) return deny('opaque_token_unsupported', { api: api.name });
  const claim = patterns.find(({ pattern }) => pattern.matches(text));
  return claim?.keyManager ?? fallback ?? deny('opaque_token_not_claimed', { api: api.name });
}

function allows(api: Api, keyManager: KeyManager): boolean {
  return api.keyManagers === 'all' || api.keyManagers.includes(keyManager.id);
}

function names(keyManagers: readonly KeyManager[]): string[] {
  return keyManagers.map((keyManager) => keyManager.name);
}
