// Seals values that leave the process (Redis): what comes back was sealed by a holder of the same keys, under exactly this name, not
// too long ago, or it is nothing. Never throws.

import { Envelopes } from './envelope.ts';
import type { SealingKey } from './sealing-key.ts';

/** What a name had sealed under it. */
export interface OpenedValue {
  readonly value: Buffer;
  /** Milliseconds since the epoch, by the clock of who sealed it. */
  readonly issuedAtMs: number;
}

/** Seals and opens values of one purpose, each under its full name in the store. */
export class ValueSeal {
  readonly #envelopes: Envelopes;

  constructor(keys: readonly SealingKey[], purpose: string) {
    this.#envelopes = new Envelopes(keys, `values: ${purpose}`);
  }

  /** `name` is the value's full key in the store. */
  seal(name: string, value: Uint8Array | string, issuedAtMs: number): string {
    const issued = String(Math.trunc(issuedAtMs));
    return `${issued}:${this.#envelopes.seal(Buffer.from(value), [name, issued])}`;
  }

  /** Undefined for whatever was not sealed under this name by a holder of the keys, or was before `oldestMs`. */
  open(name: string, sealed: string, oldestMs: number): OpenedValue | undefined {
    const at = sealed.indexOf(':');
    const issued = sealed.slice(0, Math.max(0, at));
    if (!/^(?:0|[1-9]\d{0,15})$/.test(issued) || Number(issued) < oldestMs) return undefined;
    const value = this.#envelopes.open(sealed.slice(at + 1), [name, issued]);
    return value && { value, issuedAtMs: Number(issued) };
  }
}
