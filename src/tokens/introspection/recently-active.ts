// Which tokens were active when they were last asked about. They have a share of a key manager's rate of their own, so that a flood
// of tokens nobody has seen does not keep the known ones out. Bounded, and free to forget.

/** Of one generation; two are held, some hundred bytes for each token. */
const MAX_TOKENS = 16_384;

/** Two generations: what was active since the last turn, and what was in the generation before. */
export class RecentlyActive {
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();

  /** True for a token noted since the last but one turn. */
  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  /** Takes note of an active token. */
  note(key: string): void {
    if (this.#young.size >= MAX_TOKENS) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(key);
  }
}
