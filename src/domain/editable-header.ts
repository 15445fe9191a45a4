// Which headers a configuration may name to be read, set or removed.

// RFC 9110 §5.6.2 token, in lower case as HTTP/2 and Envoy write it. Envoy refuses to have the exceptions changed, or they frame the message.
const EDITABLE = /^(?!(?:host|content-length|transfer-encoding|connection|te|upgrade)$)[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** True for the lower-case name of such a header. */
export function isEditableHeader(name: string): boolean {
  return EDITABLE.test(name);
}
