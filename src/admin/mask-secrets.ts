// Hides secrets in what the admin side gives back: values whose name sounds secret, and passwords inside URLs.
// It errs on the side of hiding; what is stored stays as it is.

/** What stands in place of a secret. */
export const MASK = '*****';

const SOUNDS_SECRET =
  /secret|passw|pwd|credential|token|bearer|authorization|cookie|(?:api|private|access|signing|shared|encryption)[-_.]?key/i;
/** Names about a secret rather than of one: `token_endpoint`, `tokenType`, `secretFile`. */
const HARMLESS = /(?:endpoint|url|uri|type|types|format|claim|method|file|lifetime|expiry|seconds|alg|algorithm)$/i;
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]*@/gi;

/** The value with every secret in it, at any depth, replaced. */
export function maskSecrets(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(URL_PASSWORD, `$1${MASK}@`);
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isSecret(name, member) ? MASK : maskSecrets(member)]),
  );
}

function isSecret(name: string, value: unknown): boolean {
  // A switch tells nothing, and clients expect it to stay one.
  if (value === null || value === undefined || typeof value === 'boolean') return false;
  return SOUNDS_SECRET.test(name) && !HARMLESS.test(name);
}
