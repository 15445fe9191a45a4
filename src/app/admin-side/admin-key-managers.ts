// Wires what the admin side writes and reads of key managers: judged by their types, kept by the catalog.

import type { KeyManagerStore } from '../../admin/key-managers/key-manager-store.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { maskedPointers } from '../../domain/secret-fields.ts';
import { type JudgeOptions, judgeKeyManager } from '../../keymanagers/judge-key-manager.ts';

/** The store; `changed` hears of every write before it is answered. */
export function adminKeyManagers(
  { lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>,
  judging: Omit<JudgeOptions, 'origin' | 'kept'>,
  changed: () => Promise<void>,
): KeyManagerStore {
  return {
    list: async (organization) => lists.listKeyManagers(organization),
    find: async (organization, id) => lists.findKeyManager(organization, id),
    resolve: async (organization, idOrName) => lists.resolveKeyManager(organization, idOrName),
    used: async () => lists.usedKeyManagers(),
    usage: async (id) => lists.keyManagerUsage(id),
    async create(organization, dto, audit) {
      const judged = judgeKeyManager(dto, { ...judging, origin: 'admin_side' });
      if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
      const { warnings, ...write } = judged;
      const written = await writer.createKeyManager({ organization, ...write }, audit);
      await changed();
      return 'kind' in written ? written : { kind: 'written', keyManager: written, warnings };
    },
    async update(target, dto, audit) {
      const kept = lists.openKeyManager(target.organization, target.id);
      const judged = judgeKeyManager(dto, { ...judging, origin: 'admin_side', kept });
      if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
      const { warnings, secrets, ...write } = judged;
      const masked = new Set(maskedPointers(dto));
      const given = Object.fromEntries(Object.entries(secrets).filter(([pointer]) => !masked.has(pointer)));
      // Secrets that are kept were judged with what the key manager was: one that was changed since is to be judged anew.
      const expectedVersion = target.expectedVersion ?? (masked.size > 0 ? (kept?.version ?? null) : null);
      const key = { ...target, expectedVersion };
      const written = await writer.updateKeyManager(key, { ...write, secrets: given }, audit);
      await changed();
      return 'kind' in written ? written : { kind: 'written', keyManager: written, warnings };
    },
    async delete(target, force, audit) {
      const gone = await writer.deleteKeyManager(target, force, audit);
      await changed();
      return gone;
    },
  };
}
