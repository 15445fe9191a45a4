// What an introspection reply makes of a token. A JWT has two witnesses, itself and the reply: what both state they must state alike,
// and what the reply leaves open is taken from the token.

import { deny, type Refusal } from '../../domain/decision.ts';
import type { ClaimedFacts } from '../claims/read-facts.ts';
import type { ActiveReply } from './introspection-reply.ts';

/** The facts of both, or what they disagree about; those of the reply where the token itself says nothing. */
export function mergeFacts(token: ClaimedFacts | undefined, reply: ActiveReply): ClaimedFacts | Refusal {
  const { facts, saysAudience, saysExpiry, saysScopes, username } = reply;
  if (token === undefined) return { ...facts, subject: facts.subject ?? username };
  if (differ(token.consumerKey, facts.consumerKey)) return deny('client_ambiguous', { problem: 'reply_differs' });
  const names = ['issuer', 'subject', 'jti'] as const;
  const disputed = names.find((name) => differ(token[name], facts[name]));
  if (disputed !== undefined) return deny('claims_malformed', { claim: disputed, problem: 'reply_differs' });
  if (differ(token.certificateThumbprint, facts.certificateThumbprint))
    return deny('sender_constrained_unsupported', { problem: 'reply_differs' });
  return {
    keyManagerId: facts.keyManagerId,
    issuer: facts.issuer ?? token.issuer,
    subject: facts.subject ?? token.subject ?? username,
    consumerKey: facts.consumerKey ?? token.consumerKey,
    jti: facts.jti ?? token.jti,
    scopes: saysScopes ? facts.scopes : token.scopes,
    audiences: saysAudience ? facts.audiences : token.audiences,
    expiresAt: saysExpiry ? Math.min(facts.expiresAt, token.expiresAt) : token.expiresAt,
    notBefore: larger(facts.notBefore, token.notBefore),
    // The earlier one: a revocation of what was issued before some moment must not miss.
    issuedAt: smaller(facts.issuedAt, token.issuedAt),
    claims: { ...token.claims, ...facts.claims },
    certificateThumbprint: facts.certificateThumbprint ?? token.certificateThumbprint,
  };
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
