// What is legal in a key manager and probably not meant, as sentences for the one who wrote it.

import type { KeyManagerSettings } from './key-manager-settings.ts';

/** What is said of a key manager without an audience; whether it matters depends on its APIs. */
export const NO_AUDIENCE_WARNING =
  'It states no audience: on APIs that state none either, a token meant for anything else will do; give it audiences.';

/** In the order in which one would mend them. */
export function keyManagerWarnings(settings: KeyManagerSettings): readonly string[] {
  const {
    audiences,
    introspection,
    unusedIntrospection,
    referenceRules,
    selfValidateJwt,
    tokenType,
    keys,
    connection,
  } = settings;
  if (tokenType === 'EXCHANGED') return [];
  const warnings: string[] = [];
  if (audiences.length === 0) warnings.push(NO_AUDIENCE_WARNING);
  if (!selfValidateJwt && introspection === null)
    warnings.push(
      'It neither validates JWTs itself nor introspects, so all of its tokens are denied; configure introspection.',
    );
  if (unusedIntrospection !== undefined)
    warnings.push(`The introspection endpoint is never asked: ${unusedIntrospection}; take it out, or mend that.`);
  if (introspection !== null && referenceRules.length === 0)
    warnings.push(
      'It has no REFERENCE token handling rule: it claims opaque tokens only of APIs where it is the only key manager that introspects; give it one.',
    );
  if (introspection?.auth.kind === 'none' && connection.clientCert === null)
    warnings.push('It introspects without credentials, which is right in a private network only; give it a method.');
  if (keys.kind === 'pem')
    warnings.push('Its keys are written down (PEM): when its servers change them, they must be changed here too.');
  return warnings;
}
