// Was the token, or what it rests on, revoked? Asked after the proof on every request: a revocation rules the next one, whatever is
// cached.

import type { Api } from '../domain/api.ts';
import { deny, fault, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { TokenFacts, UnprovedToken } from '../domain/token.ts';
import type { CatalogMoment } from './ports.ts';
import { revocationHash } from './revocation-hash.ts';

/** An entry in force that hits the token denies it; entries that cannot be read are a fault. */
export function checkRevocation(
  token: UnprovedToken,
  facts: TokenFacts,
  keyManager: KeyManager,
  apiOrganization: Api['organization'],
  moment: Pick<CatalogMoment, 'findRevocation'>,
  nowMs: number,
): Refusal | 'passed' {
  const { consumerKey, issuedAt, jti, keyId, keyThumbprint, subject } = facts;
  const entry = moment.findRevocation(
    {
      keyManagerId: keyManager.id,
      keyManagerType: keyManager.type,
      organization: keyManager.organization,
      apiOrganization,
      consumerKey,
      issuedAt,
      jti,
      keyId,
      keyThumbprint,
      subject,
      credentialHash: token.hash,
      tokenHash: () => revocationHash(token),
    },
    nowMs,
  );
  if (entry === 'unreadable') return fault('catalog_not_loaded', { problem: 'revocations_unreadable' });
  return entry === undefined ? 'passed' : deny('token_revoked', { revoked_by: entry.kind, entry: entry.id });
}
