// Wires a WSO2 control plane as the source of the catalog: how it is asked, what is written, what is told. No row, event or credential
// gets into a log line.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { revocationHash } from '../../authorize/revocation-hash.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { SourceCopy } from '../../catalog/writer/source-copy.ts';
import { keyMaterialChecks } from '../../catalog-file.ts';
import { overlayDocument, overlayOf } from '../../documents/catalog/overlay-document.ts';
import { readYaml } from '../../documents/reading/read-document.ts';
import { readTemplate, readWireContext } from '../../documents/wso2/read-segments.ts';
import { isRefusal } from '../../domain/decision.ts';
import { judgeKeyManager } from '../../keymanagers/judge-key-manager.ts';
import type { KeyManagerTypes } from '../../keymanagers/types.ts';
import type { OutboundDoor } from '../../outbound/outbound-door.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AdditionsOptions } from '../../sync/wso2/api-additions.ts';
import { ControlPlane } from '../../sync/wso2/control-plane.ts';
import { EventHub } from '../../sync/wso2/event-hub.ts';
import { InternalData } from '../../sync/wso2/internal-data.ts';
import { Publisher, type PublisherOptions } from '../../sync/wso2/publisher.ts';
import { Wso2Source } from '../../sync/wso2/wso2-source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { readToken } from '../../tokens/reading/read-token.ts';
import { revocationMargins } from './revocation-margins.ts';

/** The id that the control plane's connections go by; no key manager has it. */
const CONTROL_PLANE = 'wso2-control-plane';
/** How often a copy that is on its way is told of. */
const TELL_LOADING_MS = 5_000;
const REST_MS = 1_000;

/** What it is wired with. */
export interface FollowWso2Parts {
  readonly catalog: OpenCatalog;
  readonly types: KeyManagerTypes;
  readonly door: Pick<OutboundDoor, 'send' | 'openStream'>;
  readonly metrics: () => Pick<Metrics, 'count'>;
  readonly log: Logger;
  /** A whole copy is there, for the first time in this process. */
  readonly onComplete: () => void;
}

/** Makes the source; nothing is asked before its start. Throws, in a sentence, for files that cannot be used. */
export function followWso2(settings: Settings, parts: FollowWso2Parts): Wso2Source {
  const { catalog, door, log, metrics, types } = parts;
  const { wso2 } = settings.sync;
  const count = (event: string, by = 1) => metrics().count('gatehouse_sync_events_total', { event }, by);
  const ca = wso2.caFile === null ? null : readFileSync(wso2.caFile, 'utf8');
  const peer = { id: CONTROL_PLANE, connection: { ca, serverName: null, clientCert: null, clientKey: null } };
  const username = wso2.username ?? '';
  const password = secretFile(wso2.passwordFile);
  const { timeoutMs } = wso2;
  const data = new InternalData({
    ...{ send: door.send, open: door.openStream, peer, url: wso2.url ?? '', username, password, timeoutMs },
    ...{ tenant: wso2.tenant, maxListBytes: wso2.maxListBytes, clock: Date.now },
  });
  const copy = new SourceCopy(catalog.entities, catalog.writer.source, (leftOut) => {
    count('left_out', leftOut.length);
    for (const { kind, id, why } of leftOut.slice(0, 10))
      log.warn({ kind, id, why }, 'the catalog cannot hold what the control plane has, so it is denied');
  });
  const organization = wso2.tenant === 'ALL' ? settings.organization : wso2.tenant;
  const revocations = () => ({
    nowMs: Date.now(),
    margins: revocationMargins(catalog, settings.tokens),
    tokenHash: hashOfToken,
  });
  const checks = keyMaterialChecks(settings);
  const pause = () => nextTurn(undefined);
  let toldAtMs = 0;
  const controlPlane = new ControlPlane({
    ...{ data, copy, tenant: wso2.tenant, organization, gatewayLabels: wso2.gatewayLabels, revocations, pause },
    wire: { context: (text) => textOf(readWireContext(text)), template: (text) => textOf(readTemplate(text)) },
    judge: (dto) => judgeKeyManager(dto, { types, checks, origin: 'admin_side' }),
    additions: additions(settings, peer, parts),
    unusable: (list, wrong) => {
      count('row_skipped');
      log.warn({ list, member: wrong }, 'a row of the control plane cannot be used, so what it would allow is denied');
    },
    progress: (rows) => {
      source.progress(rows);
      const nowMs = Date.now();
      if (nowMs - toldAtMs < TELL_LOADING_MS) return;
      toldAtMs = nowMs;
      log.info({ rows }, 'a copy of the control plane is on its way');
    },
  });
  let failedWith: string | undefined;
  const { amqpUrl } = wso2;
  const source: Wso2Source = new Wso2Source({
    ...{ controlPlane, copy, organization, gatewayLabels: wso2.gatewayLabels, revocations, pause },
    eventHub:
      amqpUrl === null
        ? null
        : (listener) =>
            new EventHub({
              ...{ url: amqpUrl, username: wso2.amqpUsername ?? username, ca, random: Math.random },
              password: secretFile(wso2.amqpPasswordFile ?? wso2.passwordFile),
              ...listener,
            }),
    reconcileMs: wso2.reconcileSeconds * 1000,
    restMs: REST_MS,
    // Key managers and revocations may be the operator's own.
    hasCopy: (['api', 'application'] as const).some(
      (kind) => !catalog.entities.pages(kind)[Symbol.iterator]().next().done,
    ),
    allowShrink: false,
    observer: {
      applied: (origin, changes) => count(origin === 'event' ? 'event_applied' : 'change_reconciled', changes),
      deadLettered(topic, code) {
        count('dead_letter');
        log.warn({ topic, code }, 'an event of the control plane cannot be understood; everything is compared instead');
      },
      reconciled(changes, durationMs) {
        count('reconciled');
        failedWith = undefined;
        log.info({ changes, duration_ms: durationMs }, 'compared with the control plane');
        parts.onComplete();
      },
      heldBack(shrinkage) {
        count('held_back');
        log.error(
          { shrinkage },
          'the control plane has much less than this copy; look there, then: gatehouse sync confirm',
        );
      },
      problem(problem) {
        count('failure');
        // One line for each new problem, not one for each attempt.
        if (problem !== failedWith)
          log.warn({ problem }, 'the control plane cannot be followed; the copy stays as it is');
        failedWith = problem;
      },
    },
    clock: Date.now,
    random: Math.random,
  });
  return source;
}

function additions(
  { sync: { wso2 } }: Settings,
  peer: PublisherOptions['peer'],
  { door, log }: Pick<FollowWso2Parts, 'door' | 'log'>,
): AdditionsOptions {
  const { clientId, clientSecretFile, grantType, scope, tokenUrl, url } = wso2.publisher;
  const publisher =
    url === null
      ? null
      : new Publisher({
          send: door.send,
          peer,
          ...{ url, username: wso2.username ?? '', password: secretFile(wso2.passwordFile), timeoutMs: wso2.timeoutMs },
          client:
            tokenUrl === null || clientId === null
              ? null
              : { tokenUrl, clientId, clientSecret: secretFile(clientSecretFile), grantType, scope },
          clock: Date.now,
        });
  const overlay = overlayReader(wso2.overlayFile, log);
  return {
    overlay: (api) => overlayOf(overlay(), api),
    publisher: publisher && ((id) => publisher.additionsOf(id)),
    whenUnknown: wso2.unknownKeyManagers,
    authorizationHeader: 'authorization',
    onProblem: (problem) =>
      log.warn({ problem }, 'Publisher cannot be asked what an API accepts; what was known stays'),
  };
}

/** The overlay file as it was last readable, read anew when it is asked for after a while. Throws for one that is unusable at the start. */
function overlayReader(file: string | null, log: Logger) {
  const read = () => {
    if (file === null) return { apis: {} };
    const found = readYaml(readFileSync(file, 'utf8'), file, overlayDocument);
    if (found.ok) return found.value;
    const [first] = found.problems;
    throw new Error(`sync.wso2.overlayFile: ${file}:${first?.line ?? 1} ${first?.field ?? ''} ${first?.message ?? ''}`);
  };
  let held = read();
  let readAtMs = Date.now();
  return () => {
    if (Date.now() - readAtMs < REST_MS) return held;
    readAtMs = Date.now();
    try {
      held = read();
    } catch (error) {
      log.error({ err: error }, 'the overlay file cannot be used; what it said before holds');
    }
    return held;
  };
}

/** A secret as it is in its file now. */
function secretFile(file: string | null): () => string | undefined {
  return () => {
    if (file === null) return undefined;
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch {
      return undefined;
    }
  };
}

function textOf(read: { readonly text: string } | { readonly message: string }): string | undefined {
  return 'text' in read ? read.text : undefined;
}

function hashOfToken(text: string): string {
  const token = readToken(text);
  return isRefusal(token) ? createHash('sha256').update(text).digest('hex') : revocationHash(token);
}
