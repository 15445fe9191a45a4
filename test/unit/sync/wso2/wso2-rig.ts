// A source over a control plane on loopback and a copy in memory, with an event hub that is a function: tests lose, repeat and reorder
// what it sends.

import { createHash } from 'node:crypto';
import { setImmediate as pause } from 'node:timers/promises';
import { readTemplate, readWireContext } from '../../../../src/documents/wso2/read-segments.ts';
import { judgeKeyManager } from '../../../../src/keymanagers/judge-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../../src/keymanagers/types.ts';
import type { NamedAdditions, NamedApi } from '../../../../src/sync/wso2/api-additions.ts';
import { ControlPlane } from '../../../../src/sync/wso2/control-plane.ts';
import type { Topic } from '../../../../src/sync/wso2/hub-message.ts';
import { InternalData } from '../../../../src/sync/wso2/internal-data.ts';
import { Publisher } from '../../../../src/sync/wso2/publisher.ts';
import { Wso2Source, type Wso2SourceOptions } from '../../../../src/sync/wso2/wso2-source.ts';
import { MemoryCopy } from '../../../rig/memory-copy.ts';
import { CONTROL_PLANE_LOGIN, startControlPlane } from '../../../rig/wso2-control-plane.ts';
import { type HubMessage, Wso2Model } from '../../../rig/wso2-model.ts';
import { openDoor } from '../../outbound/open-door.ts';

/** Properties of a key manager as WSO2 stores them. */
export const KEYCLOAK = {
  issuer: 'https://idp.example/realms/partners',
  certificate_type: 'JWKS',
  certificate_value: 'https://idp.example/realms/partners/certs',
  self_validate_jwt: true,
  consumer_key_claim: 'azp',
  token_format_string: '[]',
  claim_mappings: [],
  client_id: 'gatehouse',
  client_secret: 'very secret',
};

/** What a test may set. */
export interface RigOptions {
  readonly tenant?: string;
  readonly withPublisher?: boolean;
  readonly client?: boolean;
  readonly overlay?: (api: NamedApi) => NamedAdditions | undefined;
  readonly whenUnknown?: 'deny' | 'all';
  readonly gatewayLabels?: readonly string[];
  readonly timeoutMs?: number;
  readonly password?: string;
  readonly source?: Partial<Wso2SourceOptions>;
}

/** Everything of one test. */
export async function wso2Rig(options: RigOptions = {}) {
  const model = new Wso2Model();
  const server = await startControlPlane(model);
  const door = openDoor();
  const copy = new MemoryCopy();
  const told: string[] = [];
  const skipped: string[] = [];
  const { password, username, client } = CONTROL_PLANE_LOGIN;
  const connection = { ca: null, serverName: null, clientCert: null, clientKey: null };
  const peer = { id: 'wso2-control-plane', connection };
  const timeoutMs = options.timeoutMs ?? 5_000;
  const data = new InternalData({
    ...{
      send: door.send,
      open: door.openStream,
      peer,
      url: server.url,
      username,
      tenant: options.tenant ?? 'carbon.super',
      timeoutMs,
    },
    password: () => options.password ?? password,
    maxListBytes: 1_048_576,
    clock: Date.now,
  });
  const publisher = new Publisher({
    ...{ send: door.send, peer, url: `${server.url}/api/am/publisher/v4`, username, timeoutMs, clock: Date.now },
    password: () => password,
    client:
      options.client === true
        ? {
            ...{ tokenUrl: `${server.url}/oauth2/token`, clientId: client.id, clientSecret: () => client.secret },
            ...{ grantType: 'password' as const, scope: 'apim:api_view' },
          }
        : null,
  });
  const organization = 'carbon.super';
  const gatewayLabels = options.gatewayLabels ?? ['Default'];
  const revocations = () => ({
    nowMs: Date.now(),
    margins: { maxLifetimeMs: 86_400_000, maxSkewMs: 60_000 },
    tokenHash: (token: string) => createHash('sha256').update(token).digest('hex'),
  });
  const textOf = (read: { text: string } | { message: string }) => ('text' in read ? read.text : undefined);
  const controlPlane = new ControlPlane({
    ...{ data, copy, tenant: options.tenant ?? organization, organization, gatewayLabels, revocations, pause },
    wire: { context: (text) => textOf(readWireContext(text)), template: (text) => textOf(readTemplate(text)) },
    judge: (dto) =>
      judgeKeyManager(dto, {
        types: BUILT_IN_TYPES,
        checks: { urlProblem: () => undefined, pemProblem: () => undefined },
        origin: 'admin_side',
      }),
    additions: {
      overlay: options.overlay ?? (() => undefined),
      publisher: options.withPublisher === false ? null : (id) => publisher.additionsOf(id),
      whenUnknown: options.whenUnknown ?? 'deny',
      authorizationHeader: 'authorization',
      onProblem: (problem) => void told.push(`publisher ${problem}`),
    },
    unusable: (list, wrong) => void skipped.push(`${list} ${wrong}`),
    progress: () => undefined,
  });
  let deliver: (topic: Topic, body: Buffer) => Promise<void> = async () => undefined;
  let connected: () => void = () => undefined;
  let away: (problem: string) => void = () => undefined;
  const source = new Wso2Source({
    ...{ controlPlane, copy, organization, gatewayLabels, revocations, pause },
    eventHub: ({ onMessage, onConnected, onAway }) => {
      deliver = onMessage;
      connected = onConnected;
      away = onAway;
      return { start: () => onConnected(), stop: async () => undefined };
    },
    reconcileMs: 3_600_000,
    restMs: 5,
    hasCopy: false,
    allowShrink: false,
    observer: {
      applied: (origin, count) => void told.push(`applied ${origin} ${count}`),
      deadLettered: (topic, code) => void told.push(`dead ${topic} ${code}`),
      reconciled: (changes) => void told.push(`reconciled ${changes}`),
      heldBack: (shrinkage) =>
        void told.push(`held ${shrinkage.map(({ kind, removed }) => `${kind}:${removed}`).join()}`),
      problem: (problem) => void told.push(`problem ${problem}`),
    },
    clock: Date.now,
    random: Math.random,
    ...options.source,
  });
  return {
    ...{ model, server, copy, source, controlPlane, told, skipped },
    /** Hands a message to the source as the event hub would. */
    deliver: (message: HubMessage) => deliver(message.topic, Buffer.from(message.body)),
    reconnect: () => connected(),
    away: (problem: string) => away(problem),
    stop: async () => {
      await source.stop();
      await server.stop();
      await door.close();
    },
  };
}

/** One such rig. */
export type Wso2Rig = Awaited<ReturnType<typeof wso2Rig>>;

/** Who may call what, by the names on the wire: the control plane's own view. */
export function callersOf(model: Wso2Model): readonly string[] {
  return [...model.subscriptions.values()]
    .flatMap((subscription) => {
      const api = model.apis.get(subscription.apiUUID);
      if (api === undefined || !api.labels.has('Default') || api.status === 'RETIRED') return [];
      return [...model.mappings.values()]
        .filter((mapping) => mapping['applicationUUID'] === subscription.applicationUUID)
        .map(
          ({ consumerKey, keyManager, keyType }) =>
            `${String(consumerKey)}@${String(keyManager)} ${String(keyType)} ${api.context}/${api.version} ${api.status} ${String(subscription['subscriptionState'])} ${String(subscription['policyId'])} by ${[...api.keyManagers].join()}`,
        );
    })
    .toSorted();
}

/** The same of a copy. */
export function copiedCallersOf({ image }: MemoryCopy): readonly string[] {
  const nameOf = (id: string) => image.key_manager.get(id)?.dto.name;
  return [...image.subscription.values()]
    .flatMap((subscription) => {
      const api = image.api.get(subscription.apiId);
      if (api === undefined) return [];
      const by = api.keyManagers === 'all' ? 'all' : api.keyManagers.map(nameOf).join();
      return [...image.key_mapping.values()]
        .filter(({ applicationId }) => applicationId === subscription.applicationId)
        .map(
          ({ consumerKey, keyManagerId, keyType }) =>
            `${consumerKey}@${nameOf(keyManagerId)} ${keyType} ${api.context} ${api.lifecycle} ${subscription.state} ${subscription.policy} by ${by}`,
        );
    })
    .toSorted();
}
