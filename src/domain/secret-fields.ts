// Which members of a free-form document are secrets, told by their names and shapes; taking them out, and putting them back. The one
// rule for what is sealed at rest and hidden in answers. It errs on the side of secrecy (`maxTokens` and `bypass` are hidden too).

import { isJsonObject } from './json-object.ts';

/** What stands in the place of a secret. On a write it means: the secret that is kept. */
export const SECRET_MASK = '*****';

const SOUNDS_SECRET =
  /secret|pass|phrase|pwd|credential|token|bearer|authorization|cookie|hmac|assertion|private|(?:keys?|auth|pin|otp|salt|seed)$/i;
/** Names about a secret rather than of one (`token_endpoint`, `tokenType`, `secretFile`), and of keys that are no secret. */
const HARMLESS =
  /(?:endpoint|url|uri|types?|format|hint|claims?|method|file|name|use|version|lifetime|expiry|time|seconds|alg|algorithm|(?:public|consumer)[-_.]?keys?)$/i;

// Begins with two slashes and ends before the next one, so no part of a long text is read more than a fixed number of times.
const URL_USER = /\/\/[^/?#\s]*@/;
const PRIVATE_KEY = /PRIVATE KEY-----/;

/** A document without its secrets, and the secrets by JSON pointer (RFC 6901), each a JSON value as text. */
export interface SplitSecrets<T> {
  readonly masked: T;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Takes the secrets out; `isSecretName` adds to what names tell. A mask that is there already stays one and is no secret. */
export function splitSecrets<T>(document: T, isSecretName: (name: string) => boolean = () => false): SplitSecrets<T> {
  const secrets: Record<string, string> = {};
  const visit = (value: unknown, pointer: string, name: string): unknown => {
    if (isSecret(value, name, isSecretName)) {
      if (value !== SECRET_MASK) secrets[pointer] = JSON.stringify(value);
      return SECRET_MASK;
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, `${pointer}/${index}`, ''));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => [member, visit(inner, `${pointer}/${escaped(member)}`, member)]),
    );
  };
  return { masked: visit(document, '', '') as T, secrets };
}

/** Puts secrets back in the place of their masks. Pointers that lead nowhere, or not to a mask, are ignored. */
export function joinSecrets<T>(masked: T, secrets: Readonly<Record<string, string>>): T {
  if (Object.keys(secrets).length === 0) return masked;
  const visit = (value: unknown, pointer: string): unknown => {
    const secret = value === SECRET_MASK && Object.hasOwn(secrets, pointer) ? secrets[pointer] : undefined;
    if (secret !== undefined) return JSON.parse(secret) as unknown;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, `${pointer}/${index}`));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => [member, visit(inner, `${pointer}/${escaped(member)}`)]),
    );
  };
  return visit(masked, '') as T;
}

/** Where masks stand, by JSON pointer: what a write leaves to what is kept. */
export function maskedPointers(document: unknown): readonly string[] {
  const found: string[] = [];
  const visit = (value: unknown, pointer: string): void => {
    if (value === SECRET_MASK) found.push(pointer);
    else if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, `${pointer}/${index}`);
    else if (isJsonObject(value))
      for (const [member, inner] of Object.entries(value)) visit(inner, `${pointer}/${escaped(member)}`);
  };
  visit(document, '');
  return found;
}

/** A switch tells nothing, and clients expect it to stay one; an empty text is no secret. */
function isSecret(value: unknown, name: string, isSecretName: (name: string) => boolean): boolean {
  if (typeof value === 'string' && (PRIVATE_KEY.test(value) || URL_USER.test(value))) return true;
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return false;
  return name !== '' && (isSecretName(name) || (SOUNDS_SECRET.test(name) && !HARMLESS.test(name)));
}

function escaped(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1');
}
