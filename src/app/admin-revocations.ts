// Wires what the admin side writes and reads of revocations, and what it has to look up for them.

import type { RevocationStore } from '../admin/revocation-store.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { GLOBAL_ORGANIZATION } from '../domain/api.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { RevocationMargins } from '../domain/revocation-times.ts';
import type { KeySets } from '../tokens/key-sets.ts';
import type { FleetSide } from './open-fleet-side.ts';

/** The store. */
export function adminRevocations(
  { lists, reader, writer }: Pick<OpenCatalog, 'lists' | 'reader' | 'writer'>,
  keySets: Pick<KeySets, 'thumbprintsNamed'>,
  fleet: Pick<FleetSide, 'publish'>,
  written: () => void,
): RevocationStore {
  /** The organization's own first: a Global one of the same name is another. */
  const ownAndGlobal = (organization: string): readonly StoredKeyManager[] => [
    ...lists.listKeyManagers(organization),
    ...(organization === GLOBAL_ORGANIZATION ? [] : lists.listKeyManagers(GLOBAL_ORGANIZATION)),
  ];
  return {
    async write(entries, audit) {
      const saved = await writer.saveRevocations(entries, { kind: 'admin', audit });
      if (saved.kind !== 'saved') return saved;
      written();
      await fleet.publish(entries);
      return { kind: 'written' };
    },
    list: async (organization, page) => lists.listRevocations(organization, Date.now(), page),
    find: async (organization, id) => lists.findRevocations(organization, id, Date.now()),
    async findKeyManager(organization, idOrName) {
      const found = lists.resolveKeyManager(organization, idOrName);
      return found && { id: found.id, name: found.dto.name };
    },
    async keysNamed(kid, organization, keyManagerId) {
      const all = [...(reader.snapshot()?.keyManagers.byId.values() ?? [])].filter((keyManager) =>
        keyManagerId === null
          ? [organization, GLOBAL_ORGANIZATION].includes(keyManager.organization)
          : keyManager.id === keyManagerId,
      );
      return [...new Set(all.flatMap((keyManager) => keySets.thumbprintsNamed(kid, keyManager, Date.now())))];
    },
    typesInUse: async (organization) => [...new Set(ownAndGlobal(organization).map(({ dto }) => dto.type))],
  };
}

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
