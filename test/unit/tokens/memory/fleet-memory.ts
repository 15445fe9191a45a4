// What a fleet shares, in memory: keeps what it is given as the text that a store would keep.

import type { SharedTokenDecision, SharedTokenDecisions } from '../../../../src/authorize/ports.ts';
import type { TokenDecision } from '../../../../src/domain/token.ts';

export class FleetMemory implements SharedTokenDecisions {
  readonly entries = new Map<string, string>();
  gets = 0;

  async get(key: string): Promise<SharedTokenDecision | undefined> {
    this.gets++;
    const text = this.entries.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as SharedTokenDecision);
  }

  set(key: string, decision: TokenDecision, expiresAtMs: number): void {
    this.entries.set(key, JSON.stringify({ decision, expiresAtMs }));
  }

  /** Changes what is kept under every key. */
  tamper(change: (entry: { decision: Record<string, unknown>; expiresAtMs: number }) => void): void {
    for (const [key, text] of this.entries) {
      const entry = JSON.parse(text);
      change(entry);
      this.entries.set(key, JSON.stringify(entry));
    }
  }
}
