// Writes of revocations, inside a transaction that the caller holds.

import type { Revocation, RevocationSource } from '../../domain/revocation.ts';
import type { StoredRevocations } from '../tables/stored-revocations.ts';
import type { AuditedChange, Ended } from '../tables/write-transaction.ts';

/** What became of revocations. */
export interface RevocationsSaved {
  readonly kind: 'saved';
  /** Those that were news. */
  readonly added: number;
  /** The last sequence of this catalog now. */
  readonly lastSequence: number;
}

/** How long a lift is remembered at least, so that no late copy of its entry brings that back. */
const LIFT_KEPT_MS = 30 * 86_400_000;

/** Adds those that are news, lifts too, and remembers how far the stream that brought them was read. */
export function saveRevocations(
  revocations: StoredRevocations,
  entries: readonly Revocation[],
  source: RevocationSource,
): Ended<RevocationsSaved> {
  const stream = source.kind === 'stream' ? source.stream : null;
  let added = 0;
  const changes: AuditedChange[] = [];
  for (const entry of entries) {
    const before = revocations.find(entry.id)?.revocation;
    const after = entry.lifted ? remembered(entry) : entry;
    if (!revocations.save(after, stream)) continue;
    added++;
    changes.push({ target: entry.id, status: entry.lifted ? 200 : 201, ...(before && { before }), after });
  }
  if (source.kind === 'stream') revocations.savePosition(source.stream, source.position);
  return { commit: true, result: { kind: 'saved', added, lastSequence: revocations.lastSequence() }, changes };
}

function remembered(lift: Revocation): Revocation {
  return { ...lift, expiresAtMs: Math.max(lift.expiresAtMs ?? 0, lift.createdAtMs + LIFT_KEPT_MS) };
}
