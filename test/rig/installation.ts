// One installation of a fleet, as far as revocations go: a catalog in a file of its own, and a feed over a real Redis. Only its key
// managers are told to it, since ids are what the tests vary.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import { openCatalog } from '../../src/catalog/open-catalog.ts';
import type { AuditContext } from '../../src/domain/audit.ts';
import type { Revocation } from '../../src/domain/revocation.ts';
import type { KeyManagerName } from '../../src/sync/revocations/feed-ports.ts';
import { RevocationFeed } from '../../src/sync/revocations/revocation-feed.ts';
import { openWatchedStore, type WatchedStore } from './shared-store.ts';
import { temporaryFolder } from './temporary-folder.ts';

const STREAM = 'redis';
const SEALING_KEY = { id: 'test', secret: Buffer.alloc(32, 7).toString('base64url') };
const AUDIT: AuditContext = {
  requestId: 'test',
  caller: 'admin',
  organization: 'carbon.super',
  address: '127.0.0.1',
  method: 'POST',
  route: '/revocations',
};
/** More than any test writes. */
const ALL = 100_000;
/** Rows of one write or read. */
const BATCH = 500;

/** What an installation is made of. */
export interface InstallationOptions {
  readonly redis: Partial<RedisSettings>;
  /** Its catalog from before a restart. */
  readonly file?: string;
  /** Key managers by the id that they have here. */
  readonly keyManagers?: Map<string, KeyManagerName>;
  readonly secret?: string;
  readonly clock?: () => number;
}

/** A running installation. */
export interface Installation {
  readonly file: string;
  readonly keyManagers: Map<string, KeyManagerName>;
  readonly feed: RevocationFeed;
  readonly watched: WatchedStore;
  /** What the feed told, by its name. */
  readonly told: Map<string, number>;
  /** Switches: the catalog takes no writes; it takes them when this resolves. */
  readonly fault: { refusesWrites: boolean; writesAfter: Promise<unknown> };
  /** As an admin would: saved first, then spread. */
  revoke(more?: Partial<Revocation>): Promise<Revocation>;
  lift(revocation: Revocation): Promise<void>;
  /** Saves them and leaves the spreading to the feed. */
  save(revocations: readonly Revocation[]): Promise<void>;
  /** How many were written to SQLite so far; reads on from where it was the last time. */
  count(): number;
  /** What SQLite has, by id. */
  kept(): Map<string, Revocation>;
  /** `revoked`, `lifted`, or undefined where it is not known. */
  state(id: string): 'revoked' | 'lifted' | undefined;
  stop(): Promise<void>;
}

/** Starts one for the length of a test. */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { clock = Date.now, keyManagers = new Map<string, KeyManagerName>() } = options;
  const file = options.file ?? join(temporaryFolder(), 'catalog.db');
  const told = new Map<string, number>();
  const fault = { refusesWrites: false, writesAfter: Promise.resolve() as Promise<unknown> };
  const tell = (what: string, count: number) => void told.set(what, (told.get(what) ?? 0) + count);
  const { lists, writer, close } = await openCatalog({
    file,
    sealingKeys: [SEALING_KEY],
    resolveKeyManager: () => undefined,
    report: () => undefined,
  });
  const watched = openWatchedStore(options.redis, { secret: options.secret ?? 'fleet', clock });
  const feed = new RevocationFeed({
    stream: watched.store.revocations,
    rows: {
      save: async (revocations, position) => {
        if (fault.refusesWrites) return false;
        await fault.writesAfter;
        return (
          (await writer.saveRevocations(revocations, { kind: 'stream', stream: STREAM, position })).kind === 'saved'
        );
      },
      since: (sequence, limit) => lists.revocationsSince(sequence, limit),
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
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopped ??= Promise.all([feed.stop(), watched.store.close()]).then(close);
    await stopped;
  };
  onTestFinished(stop);
  const spread = async (revocation: Revocation) => {
    await writer.saveRevocations([revocation], { kind: 'admin', audit: AUDIT });
    await feed.publish([revocation]);
  };
  const save = async (revocations: readonly Revocation[]) => {
    for (let at = 0; at < revocations.length; at += BATCH)
      await writer.saveRevocations(revocations.slice(at, at + BATCH), { kind: 'admin', audit: AUDIT });
  };
  let found = 0;
  let sequence = 0;
  const count = () => {
    for (;;) {
      const rows = lists.revocationsSince(sequence, BATCH);
      found += rows.length;
      sequence = rows.at(-1)?.sequence ?? sequence;
      if (rows.length < BATCH) return found;
    }
  };
  const kept = () => new Map(lists.revocationsSince(0, ALL).map(({ revocation }) => [revocation.id, revocation]));
  return {
    file,
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
    save,
    count,
    kept,
    state: (id) => {
      const revocation = kept().get(id);
      return revocation && (revocation.lifted ? 'lifted' : 'revoked');
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
