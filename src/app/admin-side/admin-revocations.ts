// Wires what the admin side writes and reads of revocations, and what it has to look up for them.

import { setImmediate as breathe } from 'node:timers/promises';
import type { RevocationStore } from '../../admin/operation/revocation-store.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { KeySets } from '../../tokens/key-sets/key-sets.ts';
import type { FleetSide } from '../fleet-side/open-fleet-side.ts';

/** Revocations that are read at once when all of them are wanted: about a millisecond. */
const PART_ENTRIES = 200;

/** The store. */
export function adminRevocations(
  { lists, reader, writer }: Pick<OpenCatalog, 'lists' | 'reader' | 'writer'>,
  keySets: Pick<KeySets, 'thumbprintsNamed'>,
  fleet: Pick<FleetSide, 'publish'>,
  written: () => void,
): RevocationStore {
  /** As they decide: an event must not read and parse all of them on the thread that does. */
  const ownAndGlobal = (organization: string) =>
    [...(reader.snapshot()?.keyManagers.byId.values() ?? [])].filter((keyManager) =>
      [organization, GLOBAL_ORGANIZATION].includes(keyManager.organization),
    );
  return {
    async write(entries, audit) {
      const saved = await writer.saveRevocations(entries, { kind: 'admin', audit });
      if (saved.kind !== 'saved') return saved;
      written();
      await fleet.publish(entries);
      return { kind: 'written' };
    },
    list: async (organization, page) => lists.listRevocations(organization, Date.now(), page),
    async *all(organization) {
      for (let sequence = 0; ; await breathe()) {
        const part = lists.revocationsInForce(organization, Date.now(), sequence, PART_ENTRIES);
        yield part.map(({ revocation }) => revocation);
        if (part.length < PART_ENTRIES) return;
        sequence = part.at(-1)?.sequence ?? sequence;
      }
    },
    find: async (organization, id) => lists.findRevocations(organization, id, Date.now()),
    async findKeyManager(organization, idOrName) {
      const found = lists.resolveKeyManager(organization, idOrName);
      return found && { id: found.id, name: found.dto.name };
    },
    async keysNamed(kid, organization, keyManagerId) {
      // Of a disabled one no keys are held; when it is enabled again the entry of the `kid` itself still stands.
      const enabled = [...(reader.snapshot()?.keyManagers.byId.values() ?? [])].filter(
        (keyManager) => keyManager.enabled,
      );
      const all = enabled.filter((keyManager) =>
        keyManagerId === null
          ? [organization, GLOBAL_ORGANIZATION].includes(keyManager.organization)
          : keyManager.id === keyManagerId,
      );
      return [...new Set(all.flatMap((keyManager) => keySets.thumbprintsNamed(kid, keyManager, Date.now())))];
    },
    typesInUse: async (organization) => [...new Set(ownAndGlobal(organization).map(({ type }) => type))],
  };
}
