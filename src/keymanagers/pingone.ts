// PingOne, Ping Identity's cloud: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `pingone`. */
export const PINGONE: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'pingone',
  displayName: 'PingOne',
  consumerKeyClaims: ['client_id'],
  algorithms: ['RS256'],
  // ID tokens name no client.
  requiredClaims: ['client_id'],
  introspection: RFC_7662,
  discovery: 'https://auth.pingone.{tld}/{environment}/as/.well-known/openid-configuration',
  notes: 'The issuer is the path up to `/as`.',
  quirks: [
    {
      what: 'The header `typ` becomes `at+jwt` for all tokens in March 2027.',
      why: 'Both `JWT` and `at+jwt` are accepted, and an absent one.',
    },
    {
      what: 'Tokens of clients without a user have no `sub`.',
      why: 'It is not required.',
    },
  ],
};
