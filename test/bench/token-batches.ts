// Tokens that nobody has seen, as calls: made in batches while nothing is measured.

import type { Call } from './call.ts';

/** Batches of new calls. */
export interface TokenBatches {
  /** A batch that was never handed out before. */
  next(size: number): readonly Call[];
  /** The batch that was handed out last; a first one of this size when there was none. */
  last(size: number): readonly Call[];
}

/** Batches of what `make` makes of a number that is another one each time. */
export function tokenBatches(make: (serial: number) => Call): TokenBatches {
  let held: readonly Call[] | undefined;
  let serial = 0;
  const next = (size: number) => {
    held = Array.from({ length: size }, () => make(serial++));
    return held;
  };
  return { next, last: (size) => held ?? next(size) };
}

/** The token with another signature of the same length, and with a claim of its own so that no two are alike. */
export function forged(token: string, serial: number): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const serialised = Buffer.from(JSON.stringify({ ...claims, serial })).toString('base64url');
  // The first character: the last one holds unused bits, which may be all that differs.
  return `${header}.${serialised}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}
