// Wires a follower of a hub: how it asks, what it writes, what it tells.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { secretPlace } from '../../catalog/tables/stored-secrets.ts';
import { readCredentialFile } from '../../outbound/credential-file.ts';
import type { OutboundDoor } from '../../outbound/outbound-door.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import { SecretSealer } from '../../sealing/secret-sealer.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AskHub } from '../../sync/changes/change-ports.ts';
import { Follower } from '../../sync/follower/follower.ts';
import { sentenceOf } from '../../sync/follower/follower-status.ts';
import { positionReporter } from '../../sync/follower/position-reporter.ts';
import { RevocationForwarder } from '../../sync/follower/revocation-forwarder.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { copyOfHub, inSyncTime, ownRevocations } from './copy-of-hub.ts';

/** Three heartbeats of a hub. */
const IDLE_MS = 15_000;
/** How often it is kept when the copy was in sync. */
const KEEP_IN_SYNC_MS = 10_000;
/** How often a copy that is being taken is told of. */
const TELL_LOADING_MS = 5_000;
/** The id that the hub's connections go by; no key manager has it. */
const HUB = 'hub';
const NAME_DIGITS = 8;

/** What it is wired with. */
export interface FollowHubParts {
  readonly catalog: OpenCatalog;
  readonly door: Pick<OutboundDoor, 'openStream'>;
  readonly sealingKeys: readonly SealingKey[];
  readonly metrics: () => Pick<Metrics, 'count'>;
  readonly log: Logger;
  /** A whole copy is there, for the first time in this process. */
  readonly onComplete: () => void;
}

/** A follower with what belongs to it. */
export interface HubFollower {
  readonly follower: Follower;
  /** For after a revocation was written here. */
  readonly revoked: () => void;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
}

/** Makes it; nothing is asked before its start. Throws, in a sentence, for an authority file that cannot be read. */
export function followHub({ dataDir, sync: { hub } }: Settings, parts: FollowHubParts): HubFollower {
  const { catalog, log, metrics, onComplete } = parts;
  const stopped = new AbortController();
  const ask = askHub(hub, dataDir, parts.door);
  const sealer = new SecretSealer(parts.sealingKeys);
  const report = positionReporter(ask, stopped.signal);
  const inSync = inSyncTime(catalog);
  const count = (event: string, by = 1) => metrics().count('gatehouse_sync_events_total', { event }, by);
  let keptAtMs = 0;
  let toldAtMs = 0;
  let failedWith: string | undefined;
  const follower = new Follower({
    ask,
    sink: copyOfHub(catalog),
    opensSecrets: ({ id, sealedSecrets }) =>
      Object.entries(sealedSecrets).every(
        ([pointer, sealed]) => sealer.open(sealed, secretPlace({ keyManagerId: id, pointer })) !== undefined,
      ),
    stream: hub.stream,
    pollSeconds: hub.pollSeconds,
    inSyncAtMs: inSync.load(),
    observer: {
      inSync(nowMs) {
        if (failedWith !== undefined) log.info('the hub is followed again');
        failedWith = undefined;
        if (nowMs - keptAtMs < KEEP_IN_SYNC_MS) return;
        keptAtMs = nowMs;
        inSync.save(nowMs);
      },
      applied(changes, isSnapshot) {
        count(isSnapshot ? 'snapshot' : 'batch');
        if (isSnapshot) log.info({ rows: changes }, 'a whole copy of the hub was taken');
        const position = catalog.sink.position();
        if (position !== undefined) report(position);
        if (isSnapshot) onComplete();
      },
      loading(rows) {
        const nowMs = Date.now();
        if (nowMs - toldAtMs < TELL_LOADING_MS) return;
        toldAtMs = nowMs;
        log.info({ rows }, 'a copy of the hub is on its way');
      },
      failed(problem) {
        count('failure');
        // One line for each new problem, not one for each attempt.
        if (problem !== failedWith && problem !== 'ended') log.warn({ problem }, sentenceOf(problem));
        if (problem !== 'ended') failedWith = problem;
      },
    },
    clock: Date.now,
    random: Math.random,
  });
  let refusedWith: string | undefined;
  const forwarder = new RevocationForwarder({
    ask,
    own: ownRevocations(catalog),
    random: Math.random,
    observer: {
      delivered: (revocations) => {
        refusedWith = undefined;
        count('revocation_delivered', revocations);
      },
      failed: (problem) => {
        if (problem !== refusedWith) log.warn({ problem }, 'own revocations wait to be brought to the hub');
        refusedWith = problem;
      },
    },
  });
  return {
    follower,
    revoked: () => forwarder.wake(),
    start() {
      follower.start();
      forwarder.start();
    },
    async stop() {
      stopped.abort();
      await Promise.all([follower.stop(), forwarder.stop()]);
    },
  };
}

/** With the credential as it is in its file now, and a name that tells this copy from others, after a restart too. */
function askHub(
  hub: Settings['sync']['hub'],
  dataDir: string,
  { openStream }: Pick<OutboundDoor, 'openStream'>,
): AskHub {
  const ca = hub.caFile === null ? null : readFileSync(hub.caFile, 'utf8');
  const to = { id: HUB, connection: { ca, serverName: null, clientCert: null, clientKey: null } };
  const place = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, NAME_DIGITS);
  const name = `${hostname()}-${place}`;
  const base = (hub.url ?? '').replace(/\/$/, '');
  return async ({ method, path, body }, signal) => {
    const file = resolve(hub.credentialFile ?? '');
    const credential = await readCredentialFile(file, [dirname(file)]);
    if (credential === undefined) return { problem: 'credential_unreadable' };
    const headers = {
      authorization: `Bearer ${credential}`,
      'x-gatehouse-follower': name,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const request = { to, method, url: `${base}${path}`, headers, idleMs: IDLE_MS };
    return openStream(body === undefined ? request : { ...request, body }, signal);
  };
}
