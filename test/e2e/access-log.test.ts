// What Envoy's access log says about a decision: the same eight facts for an allow, a denial and a fault, the same decision id as
// Gatehouse's own record, and never a token.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessLogLine } from '../rig/envoy-process.ts';
import { eventually } from '../rig/eventually.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import type { RawReply } from '../rig/raw-http.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

let stack: Stack;
let dark: KeyManagerServer;
beforeAll(async () => {
  dark = await startKeyManager();
  // It never gave its keys, so its tokens can neither be taken nor refused.
  dark.fault(PATHS.jwks, { kind: 'status', status: 500 });
  stack = await startStack({
    settings: { telemetry: { allowSampling: 1 } },
    editCatalog: ({ keyManagers }) => keyManagers.push(keyManagerDto('DarkKM', dark)),
  });
});
afterAll(async () => {
  await stack?.stop();
  await dark?.close();
});

/** The access log's line for one request. */
async function lineOf(send: () => Promise<RawReply>): Promise<AccessLogLine> {
  const seen = stack.envoy.accessLog().length;
  await send();
  return eventually('its line in the access log', () => stack.envoy.accessLog()[seen]);
}

const decisionOf = ({ outcome, reason, code, api, key_manager, application, key_type }: AccessLogLine) => ({
  ...{ outcome, reason, code, api, key_manager, application, key_type },
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CASES = {
  allow: () => stack.get('/pizza/1.0.0/menu?secret=1', stack.token()),
  public: () => stack.get('/pizza/1.0.0/health'),
  deny: () => stack.get('/pizza/1.0.0/menu', stack.token('visitor')),
  early: () => stack.get('/nothing/here'),
  fault: () => stack.get('/orders/1.0.0/list', dark.mint({ azp: 'shop' })),
};
const NOBODY = { key_manager: '', application: '', key_type: '' };

describe('the access log', () => {
  test('of an allow names who got in and how', async () => {
    expect(decisionOf(await lineOf(CASES.allow))).toEqual({
      outcome: 'allow',
      reason: 'allowed',
      code: '',
      api: 'Pizza:1.0.0',
      key_manager: 'PartnerKM',
      application: 'PizzaShack',
      key_type: 'PRODUCTION',
    });
  });

  test('of a public resource names nobody', async () => {
    const expected = { outcome: 'allow', reason: 'public_resource', code: '', api: 'Pizza:1.0.0', ...NOBODY };
    expect(decisionOf(await lineOf(CASES.public))).toEqual(expected);
  });

  test('of a denial names what was known by then', async () => {
    const line = await lineOf(CASES.deny);
    expect(decisionOf(line)).toEqual({
      outcome: 'deny',
      reason: 'subscription_not_found',
      code: '900908',
      api: 'Pizza:1.0.0',
      key_manager: 'PartnerKM',
      application: 'Browsing',
      key_type: '',
    });
    expect(line).toMatchObject({ status: 403, flags: 'UAEX', details: 'ext_authz_denied', upstream: null });
  });

  test('of a denial before there is an API has all keys too', async () => {
    const expected = { outcome: 'deny', reason: 'api_not_found', code: '404', api: '', ...NOBODY };
    expect(decisionOf(await lineOf(CASES.early))).toEqual(expected);
  });

  test('of a fault names the key manager that is to blame', async () => {
    const line = await lineOf(CASES.fault);
    expect(decisionOf(line)).toEqual({
      outcome: 'fault',
      reason: 'key_set_unavailable',
      code: '900900',
      api: 'Orders:1.0.0',
      key_manager: 'DarkKM',
      application: '',
      key_type: '',
    });
    expect(line).toMatchObject({ status: 503, flags: 'UAEX', upstream: null });
  });

  test.each(Object.entries(CASES))('of %s leads to the record in the log of Gatehouse', async (_outcome, send) => {
    const line = await lineOf(send);
    expect(line['decision_id']).toMatch(UUID);
    const record = await stack.gatehouse.logged((candidate) => candidate['decision_id'] === line['decision_id']);
    const { request_id, outcome, reason, path } = line;
    expect(record).toMatchObject({ request_id, outcome, reason, path });
  });

  test('and the log of Gatehouse hold neither token nor query', async () => {
    for (const send of Object.values(CASES)) await lineOf(send);
    await lineOf(() => stack.get('/pizza/1.0.0/menu', 'opaque-7d1f'));
    await lineOf(() => stack.get(`/pizza/1.0.0/menu?access_token=${stack.token()}`));
    // A line comes after its reply, but not after the end of who writes it.
    await stack.envoy.stop();
    await stack.gatehouse.stop();
    const written = [...stack.envoy.stdout, ...stack.gatehouse.stdout, ...stack.gatehouse.stderr].join('\n');
    expect(written).toContain('/pizza/1.0.0/menu');
    for (const secret of ['eyJ', 'opaque-7d1f', 'secret=1', 'access_token']) expect(written).not.toContain(secret);
  });
});
