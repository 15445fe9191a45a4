// Gets a newer key set than the one held: from the fleet where another process has fetched it, else from its server, and then on
// behalf of the fleet. Without a fleet it is a fetch. What is no key set never gets out of here.

import type { SharedKeySets, StoredKeySet } from '../../authorize/ports.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import { importJwks } from '../keys/import-jwks.ts';
import type { KeySet } from '../keys/key-set.ts';
import type { FetchKeySet, KeySetOwner } from './fetch-key-set.ts';

/** By what means. */
export interface ObtainOptions {
  readonly fetch: FetchKeySet;
  /** Undefined where there is no fleet. */
  readonly shared: SharedKeySets | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How long one of the fleet may take to fetch before another may. */
  readonly holdMs: number;
}

/** What is needed of the set. */
export interface WantedKeySet {
  readonly owner: KeySetOwner;
  readonly url: string;
  /** When the held set was fetched, 0 where there is none; older ones are ignored. */
  readonly heldAtMs: number;
  /** Of the token whose key is missing; undefined where the set is only to be a fresh one. */
  readonly header: UnprovedJwt['header'] | undefined;
  /** True when a set of the fleet makes a fetch needless. */
  readonly isEnough: (set: KeySet, fetchedAtMs: number) => boolean;
}

/** A set and where it came from. */
export interface ObtainedKeySet {
  /** `primary`: another process of the house fetched it, for this one. */
  readonly from: 'server' | 'fleet' | 'primary';
  readonly set: KeySet;
  readonly stored: StoredKeySet;
}

/** Why there is none, as a short code. */
export interface NotObtained {
  readonly problem: string;
  /** Milliseconds since the epoch until which asking again is of no use, where that is known. */
  readonly pauseUntilMs?: number;
}

/** Gets a set by whatever means. Never rejects. */
export type ObtainKeySet = (wanted: WantedKeySet) => Promise<ObtainedKeySet | NotObtained>;

/** How often one looks whether the one that fetches has published. */
const LOOK_MS = 100;
/** Clocks of a fleet differ by less; a set from further ahead would shut out all later ones. */
const MAX_AHEAD_MS = 60_000;

/** The set, or a short code of what went wrong. Never rejects. */
export async function obtainKeySet(
  wanted: WantedKeySet,
  options: ObtainOptions,
): Promise<ObtainedKeySet | NotObtained> {
  try {
    return (
      (options.shared && (await obtainShared(wanted, options.shared, options))) ?? (await fetchSet(wanted, options))
    );
  } catch {
    return { problem: 'internal_error' };
  }
}

/** Undefined when it is for this process to fetch. */
async function obtainShared(
  wanted: WantedKeySet,
  shared: SharedKeySets,
  options: ObtainOptions,
): Promise<ObtainedKeySet | NotObtained | undefined> {
  const { owner, url } = wanted;
  const published = await lookUp(wanted, shared, options);
  if (published !== undefined) return published;
  if (await shared.claimFetch(owner.id, url, options.holdMs)) return undefined;
  for (let waitedMs = 0; waitedMs < options.holdMs; waitedMs += LOOK_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    const late = await lookUp(wanted, shared, options);
    if (late !== undefined) return late;
  }
  return { problem: 'fetched_elsewhere' };
}

async function lookUp(
  { owner, url, heldAtMs, isEnough }: WantedKeySet,
  shared: SharedKeySets,
  { clock }: ObtainOptions,
): Promise<ObtainedKeySet | undefined> {
  const stored = await shared.get(owner.id, url);
  if (stored?.url !== url || stored.fetchedAtMs <= heldAtMs || stored.fetchedAtMs > clock() + MAX_AHEAD_MS)
    return undefined;
  const set = importJwks(stored.jwks);
  return 'problem' in set || !isEnough(set, stored.fetchedAtMs) ? undefined : { from: 'fleet', set, stored };
}

async function fetchSet({ owner, url }: WantedKeySet, { clock, fetch }: ObtainOptions) {
  const document = await fetch(owner, url);
  if ('problem' in document) return document;
  const set = importJwks(document.text);
  if ('problem' in set) return { problem: set.problem };
  return { from: 'server' as const, set, stored: { url, jwks: document.text, fetchedAtMs: clock() } };
}
