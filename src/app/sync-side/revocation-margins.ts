// How long a revocation must be kept, by what the key managers of the catalog allow a token.

import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { RevocationMargins } from '../../domain/revocation-times.ts';

/** The largest of all key managers: what an entry must outlive whoever issued the token. */
export function revocationMargins(
  { reader }: Pick<OpenCatalog, 'reader'>,
  tokens: { readonly maxLifetimeSeconds: number; readonly clockSkewSeconds: number },
): RevocationMargins {
  const all = [tokens, ...(reader.snapshot()?.keyManagers.byId.values() ?? [])];
  const largest = (of: (one: typeof tokens) => number) => all.reduce((most, one) => Math.max(most, of(one)), 0) * 1000;
  return {
    maxLifetimeMs: largest(({ maxLifetimeSeconds }) => maxLifetimeSeconds),
    maxSkewMs: largest(({ clockSkewSeconds }) => clockSkewSeconds),
  };
}
