// Asks a key manager about tokens: one that was made up, to see that the credentials for introspection are right, and a sample of the
// admin's, judged as on the way through Envoy. Neither is told to anyone but the key manager.

import type { DiagnosisCheck } from '../../admin/key-managers/diagnosis.ts';
import type { Tokens } from '../../authorize/ports.ts';
import { isRefusal, type Refusal } from '../../domain/decision.ts';
import type { Evidence } from '../../domain/evidence.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import { claimsToken } from '../../domain/key-manager-index.ts';
import { REASONS } from '../../domain/reason.ts';
import type { TokenFacts, UnprovedToken } from '../../domain/token.ts';
import type { Introspector } from '../../tokens/introspection/introspector.ts';
import { failed, notApplicable, ok, shown, warning } from './diagnosis-checks.ts';

/** Longer than a decision may take: nobody's traffic waits for it. */
const BUDGET_MS = 10_000;

/** What tokens are judged with. */
export interface TokenParts {
  readonly tokens: Tokens;
  readonly introspector: Pick<Introspector, 'ask'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A token that no server ever issued. */
  readonly madeUpToken: () => string;
}

/** Whether the introspection endpoint takes our credentials and tells a made-up token from a good one. */
export async function examineIntrospection(
  keyManager: KeyManager,
  { introspector, madeUpToken }: Pick<TokenParts, 'introspector' | 'madeUpToken'>,
): Promise<DiagnosisCheck> {
  const { introspection } = keyManager;
  if (introspection === null) return notApplicable('introspection', 'the key manager has no introspection endpoint');
  const reply = await introspector.ask(madeUpToken(), introspection, keyManager, false);
  // A denial for any other reason is about a token that was called active.
  if (!isRefusal(reply) || (reply.outcome === 'deny' && reply.reason !== 'token_inactive'))
    return failed(
      'introspection',
      'the endpoint calls a made-up token active: every token would pass',
      'see what answers at the introspection endpoint before any API is opened to this key manager',
    );
  if (reply.reason === 'token_inactive')
    return ok('introspection', 'the endpoint takes the credentials and calls a made-up token inactive');
  const { status, problem } = reply.evidence;
  if (status === 401 || status === 403)
    return failed(
      'introspection',
      `the endpoint refuses our credentials (status ${status})`,
      'correct client id and secret, or the method additionalProperties.introspection.auth; the client must be allowed to introspect',
    );
  const told = status === undefined ? String(problem ?? reply.reason) : `status ${status}`;
  return failed('introspection', `the endpoint gives no answer that counts: ${told}`, REASONS[reply.reason].operator);
}

/** The whole verdict on a token of the admin's, up to where an API comes in. */
export async function examineToken(
  text: string | undefined,
  keyManager: KeyManager,
  { tokens, now }: Pick<TokenParts, 'tokens' | 'now'>,
): Promise<readonly DiagnosisCheck[]> {
  if (text === undefined || text === '') return [notApplicable('token', 'no sample token was given')];
  const token = tokens.read(text);
  if (isRefusal(token)) return [refused(token)];
  const foreign = whyNotClaimed(token, keyManager);
  if (foreign !== undefined) return [foreign];
  const nowMs = now();
  const proof = await tokens.prove(token, keyManager, nowMs, { deadlineMs: nowMs + BUDGET_MS });
  if (proof.kind !== 'proved') return [refused(proof)];
  return [ok('token', describe(proof.facts)), ...examineFacts(proof.facts, keyManager)];
}

function whyNotClaimed(token: UnprovedToken, keyManager: KeyManager): DiagnosisCheck | undefined {
  const { issuers, introspection, referenceRules, tokenType } = keyManager;
  const fix = 'give a token of this key manager, or correct issuer and token handling rules (tokenValidation)';
  if (tokenType === 'EXCHANGED')
    return failed('token', 'a key manager of tokenType EXCHANGED vouches for no token at the gateway', 'set tokenType');
  if (token.kind === 'opaque') {
    if (introspection === null)
      return failed('token', 'the token is opaque, and the key manager has no introspection endpoint', fix);
    if (referenceRules.length > 0 && !referenceRules.some((rule) => rule.matches(token.text)))
      return failed('token', 'no token handling rule of the key manager claims this opaque token', fix);
    return undefined;
  }
  const { issuer, claims } = token;
  if (issuer === undefined ? issuers.length > 0 : !issuers.includes(issuer)) {
    const theirs = issuer === undefined ? 'has no iss' : `says iss ${shown(issuer)}`;
    const ours = issuers.length === 0 ? 'has no issuer' : `has ${shown(issuers.join(', '))}`;
    return failed('token', `the token ${theirs}, the key manager ${ours}`, fix);
  }
  if (!claimsToken(keyManager, claims))
    return failed('token', 'no JWT token handling rule of the key manager claims this token', fix);
  return undefined;
}

function examineFacts({ consumerKey, audiences }: TokenFacts, keyManager: KeyManager): readonly DiagnosisCheck[] {
  const checks: DiagnosisCheck[] = [];
  if (consumerKey === undefined)
    checks.push(
      failed(
        'token',
        `the token names no client; looked for in ${keyManager.consumerKeyClaims.join(', ')}`,
        'set consumerKeyClaim to the claim that names the client',
      ),
    );
  const { audiences: wanted } = keyManager;
  if (wanted.length > 0 && !wanted.some((audience) => audiences.includes(audience)))
    checks.push(
      warning(
        'token',
        `the token is for ${shown(audiences.join(', ')) || 'nobody'}, the key manager wants ${shown(wanted.join(', '))}`,
        'ask for a token with that audience, unless each API states its own',
      ),
    );
  return checks;
}

function describe({ consumerKey, subject, scopes, audiences, expiresAt, keyId }: TokenFacts): string {
  const says = (name: string, value: string | undefined) => `${name} ${value === undefined ? 'none' : shown(value)}`;
  return [
    'the key manager vouches for the token',
    says('client', consumerKey),
    says('subject', subject),
    says('scopes', scopes.length === 0 ? undefined : scopes.join(' ')),
    says('audience', audiences.length === 0 ? undefined : audiences.join(', ')),
    says('key', keyId),
    `until ${new Date(expiresAt * 1000).toISOString()}`,
  ].join('; ');
}

function refused({ reason, evidence }: Pick<Refusal, 'reason' | 'evidence'>): DiagnosisCheck {
  return failed('token', `${reason}${evidenceText(evidence)}`, REASONS[reason].operator);
}

function evidenceText(evidence: Evidence): string {
  const parts = Object.entries(evidence).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${shown([value].flat().join(', '))}`],
  );
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
