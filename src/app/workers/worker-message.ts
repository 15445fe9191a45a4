// What the primary and a worker tell each other, over the channel that a forked process has. Each is of one house and one version, so
// nothing is judged here.

import type { StoredKeySet } from '../../authorize/ports.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Observations, WorkerVitals } from '../../telemetry/metrics-message.ts';
import type { BroughtKeys } from '../../tokens/key-sets/remote-keys.ts';
import type { Fitness } from '../deciding-side/fitness.ts';

/** What a worker is started with. Secrets travel in it: the channel is a pair of sockets that only the two have. */
export interface WorkerStart {
  readonly kind: 'start';
  /** Counted from 0. */
  readonly worker: number;
  /** Its own: addresses and its part of what all workers share. */
  readonly settings: Settings;
  /** The database of the catalog. */
  readonly file: string;
  /** As the primary has them, whatever became of their files since. */
  readonly sealingKeys: readonly SealingKey[];
  /** PEM texts of the settings' keys of the backend JWT, the first signs; empty: those of the catalog. */
  readonly signingKeys: readonly string[];
}

/** To a worker. */
export type ToWorker =
  | WorkerStart
  | { readonly kind: 'ping' }
  /** Hand over what was counted since the last second. */
  | { readonly kind: 'count' }
  /** How the copy of the catalog stands; nothing is decided before the first of these. */
  | { readonly kind: 'fitness'; readonly fitness: Fitness }
  /** What gRPC health says. */
  | { readonly kind: 'serve'; readonly serving: boolean }
  | { readonly kind: 'drain'; readonly notServingMs: number; readonly graceMs: number }
  /** The primary fetched a newer set. */
  | { readonly kind: 'key_set'; readonly keyManagerId: string; readonly keySet: StoredKeySet }
  /** The answer to `want_keys`, after the set itself where there is a newer one; undefined: the key manager has no such URL now. */
  | { readonly kind: 'keys'; readonly id: number; readonly brought: BroughtKeys | undefined };

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly addresses: readonly string[] }
  /** It cannot start; one sentence for the operator. */
  | { readonly kind: 'failed'; readonly problem: string }
  /** It answered a check, for the first time. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'counted'; readonly observations: Observations; readonly vitals: WorkerVitals }
  | {
      readonly kind: 'want_keys';
      readonly id: number;
      readonly keyManagerId: string;
      readonly url: string;
      /** Of the token whose key is missing; undefined where the set is due. */
      readonly header: UnprovedJwt['header'] | undefined;
    };
