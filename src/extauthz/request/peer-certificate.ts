// The thumbprint of the client certificate that Envoy passes on (AttributeContext.Peer.certificate). It trusts nothing but
// that field: a certificate in a header is the client's word.

import { createHash, X509Certificate } from 'node:crypto';
import { MalformedCheckRequest } from './malformed-check-request.ts';

/** Base64url SHA-256 (`x5t#S256`, RFC 8705 §3.1) of the first certificate in URL-encoded PEM. */
export function certificateThumbprint(urlEncodedPem: string): string {
  try {
    const certificate = new X509Certificate(decodeURIComponent(urlEncodedPem));
    return createHash('sha256').update(certificate.raw).digest('base64url');
  } catch {
    throw new MalformedCheckRequest('the peer certificate is not URL-encoded PEM');
  }
}
