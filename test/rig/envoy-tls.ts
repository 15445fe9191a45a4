// TLS parts of Envoy's configuration, made of PEM texts.

import type { IssuedCertificate } from './certificate-authority.ts';
import type { Message } from './envoy-config.ts';

const TLS_PACKAGE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

/** For a cluster: trusts servers named `localhost` with a certificate of this authority, and shows its own where it has one. */
export function upstreamTls(trustedAuthority: string, own?: IssuedCertificate): Message {
  return transportSocket('UpstreamTlsContext', {
    sni: 'localhost',
    common_tls_context: {
      // Envoy offers h2 by itself for requests, but not for its health checks.
      alpn_protocols: ['h2'],
      ...(own && { tls_certificates: [certificateOf(own)] }),
      validation_context: {
        trusted_ca: { inline_string: trustedAuthority },
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'localhost' } }],
      },
    },
  });
}

/** For a listener: asks clients for a certificate of this authority, and takes those without one as well. */
export function downstreamTls(own: IssuedCertificate, clientAuthority: string): Message {
  return transportSocket('DownstreamTlsContext', {
    common_tls_context: {
      tls_certificates: [certificateOf(own)],
      validation_context: { trusted_ca: { inline_string: clientAuthority } },
    },
  });
}

function transportSocket(context: string, settings: Message): Message {
  const typedConfig = { '@type': `${TLS_PACKAGE}.${context}`, ...settings };
  return { name: 'envoy.transport_sockets.tls', typed_config: typedConfig };
}

function certificateOf({ certificate, key }: IssuedCertificate): Message {
  return { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } };
}
