// The keys of several JWKS URLs as one set. Each URL is on its own: one that fails keeps its last good keys, and a key that none of
// the others has may still be with it, so that an unknown key is not refused while one of them cannot be asked.

import { isRefusal, type Refusal } from '../../domain/decision.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { HeldKeys, KeyChoice } from '../keys/held-keys.ts';
import { type KeySet, keySetOf } from '../keys/key-set.ts';
import { foundIn, type RemoteKeys } from './remote-keys.ts';

/** Several remote sources of one key manager. */
export class UnitedKeys implements HeldKeys {
  readonly #parts: readonly RemoteKeys[];
  #united: { readonly sets: readonly (KeySet | undefined)[]; readonly set: KeySet | undefined } = {
    sets: [],
    set: undefined,
  };

  constructor(parts: readonly RemoteKeys[]) {
    this.#parts = parts;
  }

  /** The oldest of them. */
  get fetchedAtMs(): number | undefined {
    const times = this.#parts.map(({ fetchedAtMs }) => fetchedAtMs).filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  current(nowMs: number): KeySet | undefined {
    const sets = this.#parts.map((part) => part.current(nowMs));
    // Every request asks; sets are united only when one of them is another.
    if (sets.length !== this.#united.sets.length || sets.some((set, at) => set !== this.#united.sets[at])) {
      const keys = sets.flatMap((set) => set?.keys ?? []);
      this.#united = { sets, set: sets.every((set) => set === undefined) ? undefined : keySetOf(keys) };
    }
    return this.#united.set;
  }

  find(header: UnprovedJwt['header'], nowMs: number): KeyChoice | Promise<KeyChoice> {
    const found = foundIn(this.current(nowMs), header);
    if (found !== undefined) return found;
    const choices = this.#parts.map((part) => part.find(header, nowMs));
    const settled = choices.filter((choice): choice is KeyChoice => !(choice instanceof Promise));
    return settled.length === choices.length
      ? this.#choose(settled, header, nowMs)
      : Promise.all(choices).then((all) => this.#choose(all, header, nowMs));
  }

  drop(): void {
    for (const part of this.#parts) part.drop();
  }

  #choose(choices: readonly KeyChoice[], header: UnprovedJwt['header'], nowMs: number): KeyChoice {
    const refusals = choices.filter(isRefusal);
    const found = refusals.length < choices.length ? foundIn(this.current(nowMs), header) : undefined;
    return found ?? mildest(refusals) ?? choices[0] ?? { outcome: 'deny', reason: 'key_not_found', evidence: {} };
  }
}

/** A fault before a denial, and "refreshing" before "unavailable": some of the keys are there. */
function mildest(refusals: readonly Refusal[]): Refusal | undefined {
  return (
    refusals.find(({ reason }) => reason === 'key_set_refreshing') ??
    refusals.find(({ outcome }) => outcome === 'fault') ??
    refusals[0]
  );
}
