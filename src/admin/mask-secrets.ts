// Hides secrets in what the admin side gives back: values whose name sounds secret, private keys, and passwords inside URLs.
// It errs on the side of hiding (`maxTokens` and `bypass` are hidden too); what is stored stays as it is.

/** What stands in place of a secret. */
export const MASK = '*****';

const SOUNDS_SECRET =
  /secret|pass|phrase|pwd|credential|token|bearer|authorization|cookie|hmac|assertion|private|(?:keys?|auth|pin|otp|salt|seed)$/i;
/** Names about a secret rather than of one (`token_endpoint`, `tokenType`, `secretFile`), and of keys that are no secret. */
const HARMLESS =
  /(?:endpoint|url|uri|types?|format|claims?|method|file|name|use|lifetime|expiry|time|seconds|alg|algorithm|(?:public|consumer)[-_.]?keys?)$/i;
/** What a connector asks for beside its secrets: identifiers and choices (`client_id`, `Username`, `MutualTLSOptions`). */
const HARMLESS_FOR_CONNECTORS = /(?:id|name|user|audience|authentication|options)$/i;

// Begins with two slashes and ends before the next one, so no part of a long text is read more than a fixed number of times.
const URL_USER = /\/\/[^/?#\s]*@/g;
const PRIVATE_KEY = /PRIVATE KEY-----/;

/**
 * The value with every secret in it, at any depth, replaced. Members of the value itself that are `connectorProperties` (settings
 * of the server's own API, in WSO2's connectors) are hidden too, unless they are known to be harmless.
 */
export function maskSecrets(value: unknown, connectorProperties: readonly string[] = []): unknown {
  if (typeof value === 'string') return PRIVATE_KEY.test(value) ? MASK : value.replace(URL_USER, `//${MASK}@`);
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item));
  if (typeof value !== 'object' || value === null) return value;
  const isSecret = (name: string) =>
    (SOUNDS_SECRET.test(name) && !HARMLESS.test(name)) ||
    (connectorProperties.includes(name) && !HARMLESS_FOR_CONNECTORS.test(name));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      canBeSecret(member) && isSecret(name) ? MASK : maskSecrets(member),
    ]),
  );
}

/** A switch tells nothing, and clients expect it to stay one. */
function canBeSecret(value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== 'boolean';
}
