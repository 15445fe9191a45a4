// One installation of a fleet, as far as revocations go: its own rows and key managers, and a feed over a real Redis.

import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import type { Revocation } from '../../src/domain/revocation.ts';
import type { KeptRevocation, KeyManagerName } from '../../src/sync/feed-ports.ts';
import { RevocationFeed } from '../../src/sync/revocation-feed.ts';
import { openWatchedStore, type WatchedStore } from './shared-store.ts';

/** What an installation is made of. */
export interface InstallationOptions {
  readonly redis: Partial<RedisSettings>;
  /** Its rows from before a restart. */
  readonly rows?: Map<string, KeptRevocation>;
  /** Key managers by the id that they have here. */
  readonly keyManagers?: Map<string, KeyManagerName>;
  readonly secret?: string;
  readonly clock?: () => number;
}

/** A running installation. */
export interface Installation {
  readonly rows: Map<string, KeptRevocation>;
  readonly keyManagers: Map<string, KeyManagerName>;
  readonly feed: RevocationFeed;
  readonly watched: WatchedStore;
  /** What the feed told, by its name. */
  readonly told: Map<string, number>;
  /** Switch: the catalog takes no writes. */
  readonly fault: { refusesWrites: boolean };
  /** As an admin would: saved first, then spread. */
  revoke(more?: Partial<Revocation>): Promise<Revocation>;
  lift(revocation: Revocation): Promise<void>;
  /** `revoked`, `lifted`, or undefined where it is not known. */
  state(id: string): 'revoked' | 'lifted' | undefined;
  stop(): Promise<void>;
}

/** Starts one for the length of a test. */
export function startInstallation(options: InstallationOptions): Installation {
  const { clock = Date.now } = options;
  const rows = options.rows ?? new Map<string, KeptRevocation>();
  const keyManagers = options.keyManagers ?? new Map<string, KeyManagerName>();
  const told = new Map<string, number>();
  const fault = { refusesWrites: false };
  const tell = (what: string, count: number) => void told.set(what, (told.get(what) ?? 0) + count);
  const watched = openWatchedStore(options.redis, { secret: options.secret ?? 'fleet', clock });
  let sequence = Math.max(0, ...[...rows.values()].map((row) => row.sequence));
  const save = (revocations: readonly Revocation[]) => {
    for (const revocation of revocations) {
      const kept = rows.get(revocation.id)?.revocation;
      if (kept !== undefined && (kept.lifted || !revocation.lifted)) continue;
      sequence += 1;
      rows.set(revocation.id, { sequence, revocation });
    }
  };
  const feed = new RevocationFeed({
    stream: watched.store.revocations,
    rows: {
      save: async (revocations) => {
        if (fault.refusesWrites) return false;
        save(revocations);
        return true;
      },
      since: (after, limit) =>
        [...rows.values()]
          .filter((row) => row.sequence > after)
          .sort((a, b) => a.sequence - b.sequence)
          .slice(0, limit),
    },
    keyManagers: {
      nameOf: (id) => keyManagers.get(id),
      idOf: ({ organization, name }) =>
        [...keyManagers].find(([, one]) => one.organization === organization && one.name === name)?.[0],
    },
    observer: {
      applied: (count) => tell('applied', count),
      unreadable: () => tell('unreadable', 1),
      waiting: (count) => void told.set('waiting', count),
      lost: () => tell('lost', 1),
      refilled: (count) => tell('refilled', count),
    },
    clock,
    random: Math.random,
  });
  feed.start();
  const stop = async () => {
    await Promise.all([feed.stop(), watched.store.close()]);
  };
  onTestFinished(stop);
  const spread = async (revocation: Revocation) => {
    save([revocation]);
    await feed.publish([revocation]);
  };
  return {
    rows,
    keyManagers,
    feed,
    watched,
    told,
    fault,
    revoke: async (more = {}) => {
      const revocation = { ...revocationSample(clock()), ...more };
      await spread(revocation);
      return revocation;
    },
    lift: (revocation) => spread({ ...revocation, lifted: true }),
    state: (id) => {
      const row = rows.get(id);
      return row && (row.revocation.lifted ? 'lifted' : 'revoked');
    },
    stop,
  };
}

/** A revoked jti of no particular key manager. */
export function revocationSample(nowMs: number): Revocation {
  return {
    id: randomUUID(),
    kind: 'jti',
    value: randomUUID(),
    organization: 'carbon.super',
    keyManagerId: null,
    keyManagerType: null,
    issuedBeforeMs: null,
    expiresAtMs: nowMs + 3_600_000,
    createdAtMs: nowMs,
    createdBy: 'admin',
    lifted: false,
  };
}
