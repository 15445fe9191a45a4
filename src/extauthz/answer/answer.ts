// Turns a decision into the answer for Envoy: identity for the upstream on an allow, WSO2's body and RFC 6750's challenge for the
// client otherwise, metadata for the access log always. It never softens a decision.

import type { Decision } from '../../domain/decision.ts';
import type { IdentityFact } from '../../domain/identity-fact.ts';
import { allowed, type CheckResponse, denied, errorResponse, type Header } from './check-response.ts';
import { metadataTeller } from './dynamic-metadata.ts';
import { IdentityHeaders } from './identity-headers.ts';
import { Refusals } from './refusals.ts';

/** How decisions are told. */
export interface AnswerOptions {
  /** Lower-case header name → fact. */
  readonly identityHeaders: Readonly<Record<string, IdentityFact>>;
  /** Lower-case names of further headers that never reach an upstream. */
  readonly removeHeaders: readonly string[];
  /** Leave the credential in the request on its way to the upstream. */
  readonly keepCredential: boolean;
  /** Lower-case name of the header for the signed assertion, where there is one; it never comes from a client. */
  readonly assertionHeader: string;
  /** Lower-case name of the response header that tells the client the decision's id; null for none. */
  readonly decisionIdHeader: string | null;
  /** The realm of WWW-Authenticate. */
  readonly realm: string;
  /**
   * A fault is a `denied_response`, an `error_response` (to which Envoy's failure mode applies, from 1.37 on), or no
   * response but the gRPC status UNAVAILABLE (to which it applies in every version).
   */
  readonly onFault: 'denied' | 'error_response' | 'grpc';
}

/** What an answer depends on beside the decision. */
export interface AnsweredRequest {
  readonly contentType: string | undefined;
  underscoredHeaders(): readonly string[];
}

/** Tells a decision to Envoy; `unavailable` stands for the gRPC status. */
export type Answer = (
  decision: Decision,
  decisionId: string,
  request: AnsweredRequest,
) => CheckResponse | 'unavailable';

/** An answer with these options. Throws at boot when they contradict each other. */
export function answerer(options: AnswerOptions): Answer {
  const identity = new IdentityHeaders(options.identityHeaders, options.removeHeaders, options.assertionHeader);
  const refusals = new Refusals(options.realm);
  const metadataOf = metadataTeller();
  const { decisionIdHeader } = options;
  const idHeaders = (id: string): readonly Header[] => (decisionIdHeader === null ? [] : [[decisionIdHeader, id]]);
  return (decision, decisionId, request) => {
    const metadata = metadataOf(decision, decisionId);
    if (decision.outcome === 'allow') {
      const isPublic = decision.reason === 'public_resource';
      // On a public resource nobody vouched for anything: no identity, and the credential is the upstream's business.
      const credential = isPublic || options.keepCredential ? undefined : decision.known.api?.authorizationHeader;
      const { setHeaders, encodedHeaders } = identity.changes(
        isPublic ? {} : decision.known,
        request.underscoredHeaders(),
        credential,
      );
      return allowed({ setHeaders, encodedHeaders, responseHeaders: idHeaders(decisionId), metadata });
    }
    const told = refusals.of(decision, request.contentType);
    const refusal = { ...told, headers: idHeaders(decisionId), metadata };
    if (decision.outcome === 'deny' || options.onFault === 'denied') return denied(refusal);
    return options.onFault === 'error_response' ? errorResponse(refusal) : 'unavailable';
  };
}
