// Makes a fact safe to be a header value, so that two different facts never become the same value: upstreams read identity
// from it. Nothing is cut: what does not fit is left out.

/** Well below Envoy's 60 KiB for all headers, and beyond any name that people give. */
export const MAX_HEADER_VALUE_BYTES = 4096;

const PLAIN = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/;

/**
 * The text as percent-encoded UTF-8 (RFC 3986 §2.1) in all but printable ASCII; `%` itself is encoded, and so are spaces at
 * either end, which HTTP strips. `decodeURIComponent` gives the text back. Undefined for an empty text, one that is not
 * well-formed Unicode, and one over {@link MAX_HEADER_VALUE_BYTES}.
 */
export function headerValue(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text.length > MAX_HEADER_VALUE_BYTES) return undefined;
  if (PLAIN.test(text)) return text;
  if (!text.isWellFormed()) return undefined;
  let value = '';
  const bytes = Buffer.from(text);
  for (const [at, byte] of bytes.entries()) {
    const edge = at === 0 || at === bytes.length - 1;
    const plain = byte >= (edge ? 0x21 : 0x20) && byte <= 0x7e && byte !== 0x25;
    value += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return value.length > MAX_HEADER_VALUE_BYTES ? undefined : value;
}

/** Several texts separated by spaces; a space inside one is encoded, so that it does not become two. */
export function headerValueList(texts: readonly string[]): string | undefined {
  const values: string[] = [];
  for (const text of texts) {
    if (text === '') continue;
    const value = headerValue(text);
    if (value === undefined) return undefined;
    values.push(value.replaceAll(' ', '%20'));
  }
  const list = values.join(' ');
  return list === '' || list.length > MAX_HEADER_VALUE_BYTES ? undefined : list;
}
