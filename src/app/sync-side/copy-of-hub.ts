// The own catalog as the copy of a hub's: what came is put in force by its writer, and how far that reached is kept beside it.

import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { isOneHistory } from '../../domain/change.ts';
import type { ChangeSink, OwnRevocations } from '../../sync/changes/change-ports.ts';

/** Streams in the catalog's table of positions: how far own revocations were delivered, and when the copy was in sync. */
const DELIVERED = 'hub:delivered';
const IN_SYNC = 'hub:in-sync';
/** Revocations that are looked at for own ones at a time. */
const LOOK = 1000;

/** The copy. */
export function copyOfHub({ sink }: Pick<OpenCatalog, 'sink'>): ChangeSink {
  return {
    position: () => sink.position(),
    async stage(from, to) {
      const held = sink.position();
      const staged = await sink.stage(from, to);
      if (staged === 'busy') return staged;
      // Within one history whatever went was deleted at the hub, and must not rule on here; another may be that of an empty disk.
      const isSameHistory = held !== undefined && isOneHistory(held, to);
      return { ...staged, commit: (allowShrink) => staged.commit(allowShrink || isSameHistory) };
    },
  };
}

/** Revocations that were made here. */
export function ownRevocations({ lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>): OwnRevocations {
  return {
    next(limit) {
      let sequence = Number(lists.streamPosition(DELIVERED) ?? 0);
      for (;;) {
        const page = lists.revocationsSince(sequence, LOOK);
        const own = page.filter(({ stream }) => stream === null).slice(0, limit);
        const last = (own.length === limit ? own : page).at(-1)?.sequence ?? sequence;
        if (own.length > 0 || page.length < LOOK)
          return { revocations: own.map(({ revocation }) => revocation), mark: String(last) };
        sequence = last;
      }
    },
    delivered: async (mark) => {
      await writer.saveRevocations([], { kind: 'stream', stream: DELIVERED, position: mark });
    },
  };
}

/** When the copy was last known to be what the hub has, over a restart. */
export function inSyncTime({ lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>) {
  return {
    load: (): number | undefined => {
      const kept = lists.streamPosition(IN_SYNC);
      return kept === undefined ? undefined : Number(kept);
    },
    save: (atMs: number) =>
      void writer.saveRevocations([], { kind: 'stream', stream: IN_SYNC, position: String(atMs) }),
  };
}
