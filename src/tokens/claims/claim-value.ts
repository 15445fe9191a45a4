// Looks a claim up by the name that a key manager was configured with. Own members only: a claim is never found on a prototype.

import { isJsonObject } from '../../domain/json-object.ts';

/** The claim's value; undefined when absent. A name is literal first (dots, colons and URLs occur), one with a leading `/` is a JSON pointer (RFC 6901). */
export function claimValue(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  if (!name.startsWith('/')) return undefined;
  let value: unknown = claims;
  for (const escaped of name.slice(1).split('/')) {
    const step = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value) ? !/^(0|[1-9]\d*)$/.test(step) : !isJsonObject(value)) return undefined;
    const container = value as Readonly<Record<string, unknown>>;
    if (!Object.hasOwn(container, step)) return undefined;
    value = container[step];
  }
  return value;
}

/** True when the text can go into a log line, a look-up or a header value: no control characters. */
export function isPlainText(value: unknown): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return typeof value === 'string' && !/[\u0000-\u001f\u007f]/.test(value);
}
