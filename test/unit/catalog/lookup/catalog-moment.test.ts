// What another process commits rules the very next decision of this one, whatever this one remembers.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CatalogTransactions } from '../../../../src/catalog/writer/catalog-transactions.ts';
import type { Decision } from '../../../../src/domain/decision.ts';
import type { TokenDecision } from '../../../../src/domain/token.ts';
import { decide, sampleFacts } from '../../authorize/world-sample.ts';
import { AUDIT, api, keyManager, ORGANIZATION, revocation } from '../catalog-samples.ts';
import { openReader, temporaryFile } from '../temporary-catalog.ts';

// Each test starts a process, and machines are busy.
vi.setConfig({ testTimeout: 60_000 });

type Write = {
  [K in keyof CatalogTransactions]: (...args: Parameters<CatalogTransactions[K]>) => Promise<{ id: string }>;
};

const NEW = { organization: ORGANIZATION, id: null, expectedVersion: null };
const at = (id: string) => ({ organization: ORGANIZATION, id, expectedVersion: null });
const PROVED: TokenDecision = { kind: 'proved', facts: sampleFacts() };

/** The writes, committed by another process by the time that they resolve. */
async function writerElsewhere(file: string): Promise<Write> {
  const child = fork(new URL('../committing-process.ts', import.meta.url), [file], { serialization: 'advanced' });
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
  });
  await once(child, 'message');
  const send = async (name: string, args: readonly unknown[]) => {
    child.send({ name, args });
    const [result] = await once(child, 'message');
    expect(result).not.toMatchObject({ kind: 'refused' });
    return result;
  };
  return new Proxy({} as Write, {
    get: (_target, name) =>
      typeof name === 'string' && name !== 'then' ? (...args: unknown[]) => send(name, args) : undefined,
  });
}

/** A client that may call an API, as the world sample's request does; and each write that matters to it with what a decision says next. */
async function world() {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const write = await writerElsewhere(file);
  const vouching = keyManager('Partner', { issuer: 'https://partner.example' });
  const pizza = api('Pizza');
  const menu = (scope: string) => ({
    ...pizza,
    resources: [
      { verb: 'GET' as const, template: '/menu', authType: 'Any' as const, scopes: [scope], policy: 'Unlimited' },
    ],
  });
  const shack = {
    ...{ name: 'Shack', owner: 'paula', policy: 'Gold', description: '', state: 'APPROVED' as const },
    ...{ attributes: {}, groups: [], extra: {} },
  };
  const partner = await write.createKeyManager(vouching, AUDIT);
  const [{ id: apiId }, { id: applicationId }] = [
    await write.putApi(NEW, menu('read'), AUDIT),
    await write.putApplication(NEW, shack, AUDIT),
  ];
  const wanted = { applicationId, apiId, policy: 'Gold', state: 'UNBLOCKED' as const };
  const claim = { applicationId, keyManager: 'Partner', consumerKey: 'client-1', mode: 'MAPPED' as const, extra: {} };
  const map = (keyType: 'PRODUCTION' | 'SANDBOX') =>
    write.mapKey(ORGANIZATION, { ...claim, keyType }, { move: false }, AUDIT);
  const ids = { key: (await map('PRODUCTION')).id, subscription: (await write.putSubscription(NEW, wanted, AUDIT)).id };
  const setState = (state: 'BLOCKED' | 'PROD_ONLY_BLOCKED' | 'UNBLOCKED') => () =>
    write.setSubscriptionState(at(ids.subscription), state, AUDIT);
  const revoke = (lifted: boolean) => () =>
    write.saveRevocations([revocation({ kind: 'consumer_key', value: 'client-1', lifted })], {
      kind: 'admin',
      audit: AUDIT,
    });
  const enable = (enabled: boolean) => () =>
    write.updateKeyManager(at(partner.id), { ...vouching, dto: { ...vouching.dto, enabled }, enabled }, AUDIT);
  const denied = { type: 'APPLICATION' as const, value: 'paula:Shack', invert: false, enabled: true };
  const steps: [what: string, commit: () => Promise<unknown>, then: object][] = [
    ['a subscription is blocked', setState('BLOCKED'), { reason: 'subscription_blocked' }],
    ['it is unblocked', setState('UNBLOCKED'), { outcome: 'allow' }],
    ['it is blocked for production', setState('PROD_ONLY_BLOCKED'), { outcome: 'deny' }],
    ['it is unblocked again', setState('UNBLOCKED'), { outcome: 'allow' }],
    ['the client is revoked', revoke(false), { reason: 'token_revoked' }],
    ['that is lifted', revoke(true), { outcome: 'allow' }],
    ['the key manager is disabled', enable(false), { outcome: 'deny' }],
    ['it is enabled', enable(true), { outcome: 'allow' }],
    [
      'the key mapping is removed',
      () => write.unmapKey(ORGANIZATION, ids.key, AUDIT),
      { reason: 'application_not_found' },
    ],
    [
      'the client is mapped as another key type',
      async () => {
        ids.key = (await map('SANDBOX')).id;
      },
      { reason: 'key_type_not_for_environment' },
    ],
    ['that is removed', () => write.unmapKey(ORGANIZATION, ids.key, AUDIT), { reason: 'application_not_found' }],
    [
      'it is mapped as before',
      async () => {
        ids.key = (await map('PRODUCTION')).id;
      },
      { outcome: 'allow' },
    ],
    [
      'the application gets an attribute',
      () => write.putApplication(at(applicationId), { ...shack, attributes: { tier: 'two' } }, AUDIT),
      { outcome: 'allow', known: { application: { attributes: { tier: 'two' } } } },
    ],
    [
      'the application is put back',
      () => write.putApplication(at(applicationId), { ...shack, state: 'CREATED' }, AUDIT),
      { reason: 'application_not_approved' },
    ],
    ['it is approved', () => write.putApplication(at(applicationId), shack, AUDIT), { outcome: 'allow' }],
    [
      'the subscription changes its policy',
      () => write.putSubscription(at(ids.subscription), { ...wanted, policy: 'Silver' }, AUDIT),
      { outcome: 'allow', known: { subscription: { policy: 'Silver' } } },
    ],
    [
      'the subscription is deleted',
      () => write.deleteSubscription(at(ids.subscription), AUDIT),
      { reason: 'subscription_not_found' },
    ],
    [
      'there is one again',
      async () => {
        ids.subscription = (await write.putSubscription(NEW, wanted, AUDIT)).id;
      },
      { outcome: 'allow' },
    ],
    ['a resource asks for a scope', () => write.putApi(at(apiId), menu('admin'), AUDIT), { reason: 'scope_missing' }],
    ['it asks for another', () => write.putApi(at(apiId), menu('read'), AUDIT), { outcome: 'allow' }],
    [
      'a deny policy names the application',
      () => write.putDenyPolicy(NEW, denied, AUDIT),
      { reason: 'denied_by_policy' },
    ],
    ['the API is deleted', () => write.deleteApi(at(apiId), true, AUDIT), { outcome: 'deny' }],
  ];
  return { reader: openReader(file), steps };
}

test('each commit of another process rules the next decision, and the one after a wait that it fell into', async () => {
  const { reader, steps } = await world();
  const now = (proof: TokenDecision | Promise<TokenDecision> = PROVED) => decide({ proof, world: { catalog: reader } });
  let before: Decision | Promise<Decision> = now();
  expect(before).toMatchObject({ outcome: 'allow' });
  let waits = 0;
  for (const [what, commit, then] of steps) {
    // Asked twice, so that whatever can be remembered is.
    expect([now(), now()], `before ${what}`).toEqual([before, before]);
    const proof = Promise.withResolvers<TokenDecision>();
    const waiting = now(proof.promise);
    await commit();
    before = now();
    expect(before, what).toMatchObject(then);
    proof.resolve(PROVED);
    // What the catalog refused before any proof has not waited for one.
    if (!(waiting instanceof Promise)) continue;
    expect(await waiting, `${what}, while the proof was waited for`).toEqual(before);
    waits++;
  }
  expect(waits).toBeGreaterThanOrEqual(steps.length - 2);
});
