// WSO2's lists as this program serves them, read by a client of a WSO2 control plane: what one wrote the other reads as the same state.

import { createHash } from 'node:crypto';
import { setImmediate as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTemplate, readWireContext } from '../../../../src/documents/wso2/read-segments.ts';
import type { Api } from '../../../../src/domain/api.ts';
import type { Change, EntityKind } from '../../../../src/domain/change.ts';
import { judgeKeyManager } from '../../../../src/keymanagers/judge-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../../src/keymanagers/types.ts';
import { ControlPlane } from '../../../../src/sync/wso2/control-plane.ts';
import { InternalData } from '../../../../src/sync/wso2/internal-data.ts';
import { eventually } from '../../../rig/eventually.ts';
import { MemoryCopy } from '../../../rig/memory-copy.ts';
import { openDoor } from '../../outbound/open-door.ts';
import { memoryHistory } from '../../sync/copies.ts';
import { type AdminRig, memoryFleet, startRig, TOKENS } from '../admin-rig.ts';

const ORGANIZATION = 'carbon.super';
const BASE = '/internal/data/v1';
const API: Api = {
  id: 'api-1',
  number: 11,
  organization: ORGANIZATION,
  name: 'Pizza',
  version: '1.0.0',
  provider: 'admin',
  context: '/pizza/1.0.0',
  defaultVersionContext: '/pizza',
  hosts: [],
  lifecycle: 'PUBLISHED',
  type: 'HTTP',
  securityScheme: ['oauth2', 'oauth_basic_auth_api_key_mandatory'],
  audiences: [],
  keyManagers: 'all',
  audiencesByKeyManager: {},
  subscriptionValidation: true,
  endpoints: [],
  authorizationHeader: 'authorization',
  path: { encodedSlash: 'reject', matrixParameters: 'reject' },
  resources: [
    { verb: 'GET', template: '/menu', authType: 'Any', scopes: [], policy: 'Unlimited' },
    { verb: 'POST', template: '/orders/{id}', authType: 'Any', scopes: ['order:write', 'admin'], policy: '10KPerMin' },
    { verb: 'GET', template: '/health', authType: 'None', scopes: [], policy: 'Unlimited' },
  ],
  policy: 'Gold',
  extra: {},
  revision: 3,
};
const APPLICATION = {
  id: 'app-1',
  number: 21,
  organization: ORGANIZATION,
  name: 'Shop',
  owner: 'alice',
  policy: '50PerMin',
  description: '',
  attributes: { color: 'red' },
  groups: ['sales', 'web'],
  state: 'APPROVED' as const,
  extra: {},
  version: 2,
};
const dto = {
  name: 'Okta',
  type: 'CustomKeyManager',
  enabled: true,
  issuer: 'https://okta.example',
  certificates: { type: 'JWKS' as const, value: 'https://okta.example/keys' },
  tokenEndpoint: 'https://okta.example/token',
  consumerKeyClaim: 'cid',
  scopesClaim: 'scp',
  enableSelfValidationJWT: true,
  claimMapping: [{ remoteClaim: 'sub', localClaim: 'http://wso2.org/claims/username' }],
  tokenType: 'DIRECT' as const,
  additionalProperties: { client_id: 'gw', client_secret: '*****', audience: 'api' },
};
const ENTITIES: readonly Change[] = [
  {
    kind: 'key_manager',
    id: 'km-1',
    entity: {
      ...{ id: 'km-1', organization: ORGANIZATION, sequence: 1, version: 1, dto, enabled: true },
      ...{
        issuers: ['https://okta.example'],
        jwtRules: [],
        sealedSecrets: { '/additionalProperties/client_secret': 'x' },
      },
    },
  },
  ...(['API', 'APPLICATION', 'SUBSCRIPTION'] as const).map((kind, at): Change => {
    const id = `policy-${at}`;
    const limits = { quotaType: 'requestCount', rateLimitCount: 10 + at };
    const said = { name: 'Gold', displayName: 'Gold tier', description: 'much' };
    return {
      kind: 'policy',
      id,
      entity: { id, number: at, organization: ORGANIZATION, kind, ...said, limits, version: 1 },
    };
  }),
  {
    kind: 'scope',
    id: 'scope-1',
    entity: {
      ...{ id: 'scope-1', organization: ORGANIZATION, name: 'order:write', displayName: 'Write', description: '' },
      ...{ roles: ['admin'], version: 1 },
    },
  },
  { kind: 'api', id: 'api-1', entity: API },
  {
    kind: 'api',
    id: 'api-2',
    entity: { ...API, id: 'api-2', organization: 'other.example', context: '/t/other.example/x/1' },
  },
  { kind: 'application', id: 'app-1', entity: APPLICATION },
  { kind: 'application', id: 'app-2', entity: { ...APPLICATION, id: 'app-2', number: 22, name: 'Till' } },
  {
    kind: 'key_mapping',
    id: 'mapping-1',
    entity: {
      ...{ id: 'mapping-1', consumerKey: 'shop', keyManagerId: 'km-1', applicationId: 'app-1' },
      ...{ keyType: 'SANDBOX', mode: 'MAPPED', extra: {} },
    },
  },
  {
    kind: 'subscription',
    id: 'sub-1',
    entity: {
      ...{ id: 'sub-1', number: 31, apiId: 'api-1', applicationId: 'app-1', policy: 'Gold' },
      ...{ state: 'PROD_ONLY_BLOCKED', version: 4 },
    },
  },
  {
    kind: 'deny_policy',
    id: 'deny-1',
    entity: {
      ...{ id: 'deny-1', number: 41, organization: ORGANIZATION, type: 'IPRANGE', value: '10.0.0.1-10.0.0.9' },
      ...{ invert: true, enabled: true, version: 1 },
    },
  },
  {
    kind: 'deny_policy',
    id: 'deny-2',
    entity: {
      ...{ id: 'deny-2', number: 42, organization: ORGANIZATION, type: 'API', value: '/pizza/1.0.0' },
      ...{ invert: false, enabled: false, version: 1 },
    },
  },
];
let rig: AdminRig;
beforeAll(async () => {
  const history = memoryHistory();
  history.write(...ENTITIES);
  rig = await startRig({ fleet: memoryFleet(history) });
});
afterAll(() => rig.stop());

const list = async (path: string, token = TOKENS.sync, headers = {}) => {
  const authorization = `Basic ${Buffer.from(`${token === TOKENS.other ? 'other@other.example' : 'sync'}:${token}`).toString('base64')}`;
  const reply = await fetch(`${rig.url}${BASE}/${path}`, { headers: { authorization, ...headers } });
  return (await reply.json()) as { readonly count: number; readonly list: readonly Record<string, unknown>[] };
};

async function image() {
  const unusable: string[] = [];
  const door = openDoor();
  const peer = { id: 'hub', connection: { ca: null, serverName: null, clientCert: null, clientKey: null } };
  const textOf = (read: { text: string } | { message: string }) => ('text' in read ? read.text : undefined);
  const controlPlane = new ControlPlane({
    data: new InternalData({
      ...{ send: door.send, open: door.openStream, peer, url: rig.url, username: 'sync', tenant: ORGANIZATION },
      ...{ password: () => TOKENS.sync, timeoutMs: 5_000, maxListBytes: 1_048_576, clock: Date.now },
    }),
    copy: new MemoryCopy(),
    tenant: ORGANIZATION,
    organization: ORGANIZATION,
    gatewayLabels: ['Default'],
    wire: { context: (text) => textOf(readWireContext(text)), template: (text) => textOf(readTemplate(text)) },
    judge: (wanted) =>
      judgeKeyManager(wanted, {
        types: BUILT_IN_TYPES,
        checks: { urlProblem: () => undefined, pemProblem: () => undefined },
        origin: 'admin_side',
      }),
    additions: {
      overlay: () => undefined,
      publisher: null,
      whenUnknown: 'all',
      authorizationHeader: 'authorization',
      onProblem: () => undefined,
    },
    revocations: () => ({
      nowMs: Date.now(),
      margins: { maxLifetimeMs: 86_400_000, maxSkewMs: 60_000 },
      tokenHash: (token: string) => createHash('sha256').update(token).digest('hex'),
    }),
    unusable: (where, wrong) => void unusable.push(`${where}: ${wrong}`),
    progress: () => undefined,
    pause,
  });
  const read = await controlPlane.image();
  if ('problem' in read) throw new Error(read.problem);
  const of = (kind: EntityKind) => [...read.value.image[kind].values()];
  return { of, unusable };
}

test('a client of a WSO2 control plane reads every row, and reads it as what it is', async () => {
  const { of, unusable } = await image();
  expect(unusable).toEqual([]);
  expect(of('api')).toMatchObject([{ ...API, revision: 1 }]);
  expect(of('application')).toMatchObject([
    { ...APPLICATION, version: 1, extra: { tokenType: 'JWT' } },
    { id: 'app-2', number: 22 },
  ]);
  expect(of('subscription')).toEqual([
    {
      id: 'sub-1',
      number: 31,
      apiId: 'api-1',
      applicationId: 'app-1',
      policy: 'Gold',
      state: 'PROD_ONLY_BLOCKED',
      version: 1,
    },
  ]);
  expect(of('key_mapping')).toMatchObject([
    { consumerKey: 'shop', keyManagerId: 'km-1', applicationId: 'app-1', keyType: 'SANDBOX' },
  ]);
  expect(of('policy').toSorted()).toHaveLength(3);
  expect(of('policy')).toContainEqual(
    expect.objectContaining({ kind: 'API', name: 'Gold', displayName: 'Gold tier', description: 'much' }),
  );
  expect(of('scope')).toMatchObject([{ name: 'order:write', displayName: 'Write', roles: ['admin'] }]);
  expect(of('deny_policy')).toMatchObject([
    { number: 41, type: 'IPRANGE', value: '10.0.0.1-10.0.0.9', invert: true, organization: ORGANIZATION },
  ]);
  const { client_secret: _secret, ...properties } = dto.additionalProperties;
  expect(of('key_manager')).toMatchObject([
    { id: 'km-1', dto: { ...dto, additionalProperties: properties }, issuers: ['https://okta.example'] },
  ]);
});

test('no list holds a secret, masked or sealed', async () => {
  const text = JSON.stringify(await list('keymanagers'));
  expect(text).not.toContain('client_secret');
  expect(text).not.toContain('sealed');
});

describe('queries', () => {
  test.each([
    ['apis?apiId=api-1', 1],
    ['apis?apiId=11', 1],
    ['apis?context=/pizza/1.0.0&version=1.0.0', 1],
    ['apis?context=/pizza/1.0.0&version=2', 0],
    ['applications?appId=22', 1],
    ['applications?appId=9', 0],
    ['subscriptions?apiId=11&appId=21', 1],
    ['subscriptions?apiUUID=api-1&applicationUUID=app-2', 0],
    ['application-key-mappings?consumerKey=shop&keymanager=Okta', 1],
    ['application-key-mappings?consumerKey=shop&keymanager=Other', 0],
    ['subscription-policies?policyName=Gold', 1],
    ['api-policies?policyName=Silver', 0],
    ['scopes?scopeKey=order:write', 1],
  ])('%s finds %i', async (path, count) => {
    const found = await list(path);
    expect([found.count, found.list.length]).toEqual([count, count]);
  });
});

test('a list has WSO2’s frame', async () => {
  expect(await list('scopes')).toEqual({
    list: [{ name: 'order:write', displayName: 'Write', description: '', roles: ['admin'] }],
    count: 1,
    pagination: { offset: 0, limit: 1, total: 1, next: '', previous: '' },
  });
});

test('the header narrows what the super tenant sees, and widens nothing for others', async () => {
  const idsOf = async (token: string, tenant: string) =>
    (await list('apis', token, { xWSO2Tenant: tenant })).list.map(({ uuid }) => uuid);
  expect(await idsOf(TOKENS.sync, 'ALL')).toEqual(['api-1', 'api-2']);
  expect(await idsOf(TOKENS.sync, ORGANIZATION)).toEqual(['api-1']);
  expect(await idsOf(TOKENS.sync, 'other.example')).toEqual(['api-2']);
  for (const tenant of ['ALL', ORGANIZATION, 'other.example'])
    expect(await idsOf(TOKENS.other, tenant)).toEqual(['api-2']);
});

test('so many lists are under way at a time; one more is asked to come again, until another reader has left', async () => {
  const policy = { id: 'p', number: 1, organization: ORGANIZATION, kind: 'API', name: 'x'.repeat(10_000) };
  const more = { displayName: '', description: '', limits: {}, version: 1 };
  const fleet = {
    ...memoryFleet(),
    entities: async function* () {
      for (;;) yield [{ ...policy, ...more }] as never;
    },
  };
  const endless = await startRig({ fleet });
  const hangUp = new AbortController();
  const read = () =>
    fetch(`${endless.url}${BASE}/api-policies`, {
      headers: { authorization: `Bearer ${TOKENS.sync}` },
      signal: hangUp.signal,
    });
  const open = await Promise.all(Array.from({ length: 16 }, read));
  expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
  expect((await read()).status).toBe(503);
  await open[0]?.body?.cancel();
  await eventually('there is room', async () => (await read()).status === 200);
  hangUp.abort();
  await endless.stop();
});
