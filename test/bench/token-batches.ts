// Many tokens of one kind, as calls: batches of tokens that nobody has seen, made while nothing is measured.

import type { Call } from './call.ts';

/** Tokens of one batch. */
export const BATCH = 10_000;

/** Batches of new calls. */
export interface TokenBatches {
  /** A batch that was never handed out before. */
  next(): readonly Call[];
  /** The batch that was handed out last; the first one when there was none. */
  last(): readonly Call[];
}

/** Batches of `size` calls; `serial` is another number for each. */
export function tokenBatches(size: number, make: (serial: number) => Call): TokenBatches {
  let held: readonly Call[] | undefined;
  let serial = 0;
  const next = () => {
    held = Array.from({ length: size }, () => make(serial++));
    return held;
  };
  return { next, last: () => held ?? next() };
}

/** The token with another signature of the same length, and with a claim of its own so that no two are alike. */
export function forged(token: string, serial: number): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const serialised = Buffer.from(JSON.stringify({ ...claims, serial })).toString('base64url');
  // The first character: the last one holds unused bits, which may be all that differs.
  return `${header}.${serialised}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}
