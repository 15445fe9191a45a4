// Which headers a document may name to be read, set or removed.

// RFC 9110 §5.1 tokens, in lower case as HTTP/2 and Envoy write them; pseudo headers and framing are not ours to touch.
const EDITABLE = /^(?!(?:host|content-length|transfer-encoding|connection|te|upgrade)$)[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** True for the lower-case name of such a header. */
export function isEditableHeader(name: string): boolean {
  return EDITABLE.test(name);
}
