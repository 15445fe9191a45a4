// What is legal in a key manager and probably not meant, as sentences for the one who wrote it.

import type { KeyManagerSettings } from './key-manager-settings.ts';

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
  if (audiences.length === 0)
    warnings.push('It states no audience: on APIs that state none either, a token meant for anything else will do.');
  if (!selfValidateJwt && introspection === null)
    warnings.push('It neither validates JWTs itself nor introspects, so all of its tokens are denied.');
  if (unusedIntrospection !== undefined)
    warnings.push(`The introspection endpoint is never asked: ${unusedIntrospection}.`);
  if (introspection !== null && referenceRules.length === 0)
    warnings.push(
      'It has no REFERENCE token handling rule: it claims opaque tokens only of APIs where it is the only key manager that introspects.',
    );
  if (introspection?.auth.kind === 'none' && connection.clientCert === null)
    warnings.push('It introspects without credentials, which is right in a private network only.');
  if (keys.kind === 'pem')
    warnings.push('Its keys are written down (PEM): when its servers change them, they must be changed here too.');
  return warnings;
}
