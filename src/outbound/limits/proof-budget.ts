// The deciding thread's time for first proofs, over the last second. Nobody gets more than four fifths, so that tokens already known
// are still answered. As soon as half of that is used, each of those who proved something has an equal part and no more: one that
// floods is held to its part, and one below its part is never refused. A proof is charged beforehand with what the last ones took.

const SLOT_MS = 100;
const SLOTS = 10;
/** Of each second. */
const BUDGET_MS = 800;
/** From here on time is scarce. */
const SCARCE_MS = BUDGET_MS / 2;
/** What a first proof is taken to cost before one was measured: an RSA or ECDSA verification. */
const FIRST_COST_MS = 0.2;
/** Weight of the newest measurement. */
const NEWEST = 0.2;

interface Account {
  /** Spent in each slot of the window, by number of the slot modulo their count. */
  readonly slots: Float64Array;
  spentMs: number;
  costMs: number;
}

/** The accounts of all key managers. */
export class ProofBudget {
  readonly #accounts = new Map<string, Account>();
  #slot = 0;
  #totalMs = 0;
  #active = 0;

  /** Charges one proof; undefined when there is no time for it. Tell the result how long it took. */
  charge(id: string, nowMs: number): ((spentMs: number) => void) | undefined {
    this.#moveTo(Math.floor(nowMs / SLOT_MS));
    const account = this.#accountOf(id);
    const active = this.#active + (account.spentMs === 0 ? 1 : 0);
    const partMs = BUDGET_MS / active;
    if (account.spentMs >= BUDGET_MS || (this.#totalMs >= SCARCE_MS && account.spentMs >= partMs && active > 1))
      return undefined;
    const chargedMs = account.costMs;
    this.#spend(account, chargedMs);
    return (spentMs) => {
      account.costMs += NEWEST * (spentMs - account.costMs);
      // The window may have moved on; what is over or missing belongs to now.
      if (this.#accounts.get(id) === account) this.#spend(account, Math.max(spentMs - chargedMs, -account.spentMs));
    };
  }

  retain(ids: ReadonlySet<string>): void {
    for (const [id, { spentMs }] of this.#accounts) {
      if (ids.has(id)) continue;
      this.#accounts.delete(id);
      this.#totalMs -= spentMs;
      if (spentMs > 0) this.#active -= 1;
    }
  }

  #accountOf(id: string): Account {
    let account = this.#accounts.get(id);
    if (account === undefined) {
      account = { slots: new Float64Array(SLOTS), spentMs: 0, costMs: FIRST_COST_MS };
      this.#accounts.set(id, account);
    }
    return account;
  }

  #spend(account: Account, ms: number): void {
    const before = account.spentMs;
    const at = this.#slot % SLOTS;
    account.slots[at] = (account.slots[at] ?? 0) + ms;
    account.spentMs = Math.max(0, before + ms);
    this.#totalMs = Math.max(0, this.#totalMs + account.spentMs - before);
    this.#active += Number(account.spentMs > 0) - Number(before > 0);
  }

  /** Ten times a second at most: forgets the slots that left the window, all of them when the clock jumped. */
  #moveTo(slot: number): void {
    const passed = slot - this.#slot;
    if (passed === 0) return;
    this.#slot = slot;
    const gone = passed < 0 || passed >= SLOTS ? SLOTS : passed;
    this.#totalMs = 0;
    this.#active = 0;
    for (const account of this.#accounts.values()) {
      if (account.spentMs === 0) continue;
      for (let n = 0; n < gone; n++) account.slots[(((slot - n) % SLOTS) + SLOTS) % SLOTS] = 0;
      account.spentMs = Math.max(
        0,
        account.slots.reduce((sum, ms) => sum + ms, 0),
      );
      // A rest of rounding is nothing.
      if (account.spentMs < 1e-6) account.spentMs = 0;
      this.#totalMs += account.spentMs;
      if (account.spentMs > 0) this.#active += 1;
    }
  }
}
