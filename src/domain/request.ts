// What Envoy asks, as the decision reads it. Made by `extauthz` from a CheckRequest; only what is asked for is ever decoded.

import type { KeyType } from './api.ts';

/** What Envoy's configuration says a route leads to. HYBRID (WSO2's gateways of that type): to both, each key type to its own. */
export type RouteEnvironment = KeyType | 'HYBRID' | 'invalid' | undefined;

/** Names an API from Envoy's own configuration (context extensions or route metadata), which clients cannot write. */
export interface ApiReference {
  readonly source: 'context_extensions' | 'route_metadata';
  /** The API's id, or `name:version` within the organization. */
  readonly api: string;
  readonly organization: string | undefined;
}

/** One request to decide. */
export interface AccessRequest {
  readonly method: string;
  /** `:authority` as Envoy gives it. */
  readonly host: string;
  /** `:path` as Envoy gives it: normalised by its settings, not decoded, query included. */
  readonly path: string;
  readonly apiReference: ApiReference | undefined;
  /** The route's context extension or route metadata `env`; `invalid` when what is written there is none. */
  readonly environment: RouteEnvironment;
  /** Every value of a header, by lower-case name, in arrival order; in map mode Envoy has joined them with `,`. */
  header(name: string): readonly string[];
  /** Base64url SHA-256 of the client certificate (AttributeContext.Peer.certificate), if Envoy sent one. */
  peerCertificateThumbprint(): string | undefined;
  /** The address that the request comes from, by Envoy's word alone; undefined when it gives none (a Unix socket). */
  clientAddress(): string | undefined;
}
