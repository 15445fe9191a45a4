// Claims that only ID tokens and event tokens carry, at any server that follows OpenID Connect.

import type { TokenMark } from '../domain/key-manager.ts';

/** OpenID Connect Core §3.1.3.6, §3.3.2.11 and RFC 8417 §2.2. `nonce` is no mark: some servers put it into access tokens. */
export const IDENTITY_TOKEN_MARKS: readonly TokenMark[] = [
  { claim: 'at_hash', refuse: 'present' },
  { claim: 'c_hash', refuse: 'present' },
  { claim: 'events', refuse: 'present' },
];

/** Keycloak's own claim `typ` in the payload, beside the header's (`Bearer` in access tokens). */
export const PAYLOAD_TYP_MARK: TokenMark = { claim: 'typ', refuse: ['ID', 'Refresh', 'Offline', 'Logout'] };
