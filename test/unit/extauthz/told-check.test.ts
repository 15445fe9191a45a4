// What a record repeats of a request: read when it is asked for, without the query, and never a reason to fail.

import { expect, test } from 'vitest';
import type { Decision } from '../../../src/domain/decision.ts';
import { ToldCheck } from '../../../src/extauthz/told-check.ts';

const DECISION: Decision = { outcome: 'deny', reason: 'scope_missing', evidence: {}, known: {} };
const START = { decisionId: 'd-1', startedAtMs: 1_000 };
const REQUEST = { requestId: 'r-1', method: 'GET', host: 'api.example', path: '/menu' };

test.each([
  ['/menu?access_token=hunter2', '/menu'],
  ['/menu#access_token=hunter2', '/menu'],
  ['?hunter2', ''],
  ['/menu', '/menu'],
])('of %s the path is told up to its query', (path, told) => {
  expect(new ToldCheck({ ...START, request: { ...REQUEST, path } }, DECISION, 7).path).toBe(told);
});

test('of a request that could not be read nothing is told', () => {
  const { decisionId, requestId, method, host, path } = new ToldCheck({ ...START, request: undefined }, DECISION, 7);
  expect({ decisionId, requestId, method, host, path }).toEqual({
    ...{ decisionId: 'd-1', requestId: undefined, method: '', host: '', path: '' },
  });
});

test('a request id that cannot be read is left out, and nothing of the request is read before it is asked for', () => {
  let reads = 0;
  const request = {
    ...REQUEST,
    get requestId(): string {
      reads += 1;
      throw new Error('not UTF-8');
    },
  };
  const told = new ToldCheck({ ...START, request }, DECISION, 7);
  expect(reads).toBe(0);
  expect(told.requestId).toBeUndefined();
  expect(told.host).toBe('api.example');
});
