// Where a follower stands, as told to people, probes and metrics.

import type { SourcePosition } from '../../domain/change.ts';
import type { SourceStatus } from '../source/source.ts';

/** What every source tells, and what only a hub's history has. */
export interface FollowerStatus extends SourceStatus {
  readonly source: 'hub';
  /** Undefined until a first snapshot is there: everything is denied until then. */
  readonly position: SourcePosition | undefined;
  /** Where the hub was when it was last heard. */
  readonly hubPosition: SourcePosition | undefined;
}

/** Write transactions of the hub that this copy lacks, as far as is known; undefined where the two cannot be compared. */
export function lagOf({ position, hubPosition }: Pick<FollowerStatus, 'position' | 'hubPosition'>): number | undefined {
  if (position === undefined || hubPosition === undefined || position.epoch !== hubPosition.epoch) return undefined;
  return Math.max(0, hubPosition.sequence - position.sequence);
}

/** The sentence for a short code. */
export function sentenceOf(problem: string): string {
  return SENTENCES[problem] ?? `the hub cannot be followed (${problem})`;
}

const SENTENCES: Readonly<Record<string, string>> = {
  status_401: 'the hub does not know the credential (status_401); see sync.hub.credentialFile',
  status_403: 'the credential lacks the right sync at the hub, or is not of its own organization (status_403)',
  status_404: 'the URL is not that of a hub (status_404); see sync.hub.url',
  status_409: 'the URL is that of a follower, not of the hub (status_409); see sync.hub.url',
  credential_unreadable:
    'the file of the credential cannot be read (credential_unreadable); see sync.hub.credentialFile',
  sealing_keys_differ: 'secrets of the hub do not open here (sealing_keys_differ); give both the same sealing.keys',
  held_back: 'the hub has much less than this copy (held_back); look at the hub, then run: gatehouse sync confirm',
  damaged: 'what came was not what the hub sent, or is of another version of Gatehouse (damaged)',
  unfit: 'what the hub has does not fit this version of Gatehouse (unfit)',
  catalog_unreadable: 'the own catalog cannot be read now (catalog_unreadable)',
  catalog_busy: 'the own catalog takes no writes now (catalog_busy)',
};
