// Decision records: what each tells, what none may hold, and which allows are kept.

import { describe, expect, test } from 'vitest';
import type { RecordedStep } from '../../../src/authorize/ports.ts';
import type { Api } from '../../../src/domain/api.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { TokenFacts } from '../../../src/domain/token.ts';
import type { ToldDecision } from '../../../src/domain/told-decision.ts';
import { decisionLog, decisionRecord, isSampled } from '../../../src/telemetry/decision-log.ts';

const known = {
  api: { name: 'pizza', version: '1.0.0', organization: 'carbon.super' } as Api,
  resource: { verb: 'GET', template: '/menu', authType: 'Any', scopes: [], policy: 'Unlimited' },
  tokenHash: '0123456789ab',
  keyManager: { name: 'Okta' } as KeyManager,
  token: { consumerKey: 'client-1' } as TokenFacts,
  keyType: 'PRODUCTION',
} as const;
const allow: Decision = { outcome: 'allow', reason: 'allowed', known };
const denial: Decision = { outcome: 'deny', reason: 'scope_missing', evidence: { required: ['a'], got: [] }, known };
const fault: Decision = { outcome: 'fault', reason: 'deadline_exceeded', evidence: {}, known: {} };

const REVISION = () => 1;

const entry = (decision: Decision, decisionId = 'd-1'): ToldDecision => ({
  decisionId,
  requestId: 'r-1',
  decision,
  startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  durationUs: 41.6,
  method: 'GET',
  host: 'api.example',
  path: '/pizza/1.0.0/menu?access_token=hunter2#hunter2',
});

describe('a record', () => {
  test('of a denial says what happened, to whom and where to look', () => {
    expect(decisionRecord(entry(denial), 7)).toEqual({
      received_at: '2026-01-02T03:04:05.678Z',
      decision_id: 'd-1',
      request_id: 'r-1',
      outcome: 'deny',
      reason: 'scope_missing',
      explanation: 'The token has none of the scopes of the resource.',
      wso2_code: '900910',
      http_status: 403,
      api: { name: 'pizza', version: '1.0.0', organization: 'carbon.super' },
      resource: 'GET /menu',
      method: 'GET',
      host: 'api.example',
      path: '/pizza/1.0.0/menu',
      key_manager: 'Okta',
      token_hash: '0123456789ab',
      consumer_key: 'client-1',
      application: undefined,
      key_type: 'PRODUCTION',
      evidence: { required: ['a'], got: [] },
      duration_us: 42,
      config_revision: 7,
    });
  });

  test('of an allow has no explanation and no error code', () => {
    expect(decisionRecord(entry(allow), 7)).toMatchObject({
      outcome: 'allow',
      http_status: 200,
      explanation: undefined,
      wso2_code: undefined,
      evidence: undefined,
    });
  });

  test('has what bears the name of a secret in its evidence replaced, in its steps too', () => {
    const evidence = { token: 'hunter2', client_secret: ['hunter2'], limit: 3 };
    const record = decisionRecord(entry({ ...denial, evidence }), 7, [
      { step: 'scopes', outcome: 'deny', reason: 'scope_missing', evidence, us: 5 },
    ]);
    expect(record.evidence).toEqual({ token: '*****', client_secret: '*****', limit: 3 });
    expect(JSON.stringify(record)).not.toContain('hunter2');
  });

  test('has every step that was recorded, and no member for them where none was', () => {
    const steps: readonly RecordedStep[] = [
      { step: 'api', outcome: 'passed', us: 3 },
      { step: 'scopes', outcome: 'deny', reason: 'scope_missing', evidence: { got: 'x'.repeat(1e6) }, us: 5 },
    ];
    expect(decisionRecord(entry(denial), 7, steps).steps).toEqual([
      steps[0],
      { ...steps[1], evidence: { got: 'x'.repeat(512) } },
    ]);
    expect(JSON.parse(JSON.stringify(decisionRecord(entry(denial), 7)))).not.toHaveProperty('steps');
    const kept: unknown[] = [];
    decisionLog(1, REVISION, (record) => kept.push(record.steps))(entry(allow), steps.slice(0, 1));
    expect(kept).toEqual([steps.slice(0, 1)]);
  });

  test('never holds a query', () => {
    for (const decision of [allow, denial, fault])
      expect(JSON.stringify(decisionRecord(entry(decision), 1))).not.toContain('hunter2');
  });

  test('stays small whatever the request holds', () => {
    const flood = { ...denial, evidence: { text: 'x'.repeat(1e6), list: Array(1e4).fill('y'.repeat(1e4)) } };
    const huge = { ...entry(flood), path: '/'.repeat(1e6), method: 'M'.repeat(1e6), requestId: 'r'.repeat(1e6) };
    expect(JSON.stringify(decisionRecord(huge, 1)).length).toBeLessThan(25_000);
  });
});

describe('the log', () => {
  test('keeps every denial and fault, and no allow at share 0', () => {
    const kept: string[] = [];
    const log = decisionLog(0, REVISION, (record) => kept.push(record.outcome));
    for (const decision of [allow, denial, fault]) log(entry(decision));
    expect(kept).toEqual(['deny', 'fault']);
  });

  test('keeps every allow at share 1', () => {
    const kept: string[] = [];
    const log = decisionLog(1, REVISION, (record) => kept.push(record.decision_id));
    for (let index = 0; index < 100; index += 1) log(entry(allow, `d-${index}`));
    expect(kept).toHaveLength(100);
  });

  test('keeps about the share of allows, and the same ones whenever it is asked', () => {
    const ids = Array.from(
      { length: 20_000 },
      (_, index) => `${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
    );
    const kept = ids.filter((id) => isSampled(id, 0.1));
    expect(kept.length / ids.length).toBeGreaterThan(0.08);
    expect(kept.length / ids.length).toBeLessThan(0.12);
    expect(kept.every((id) => isSampled(id, 0.1) && isSampled(id, 0.5))).toBe(true);
  });
});
