// One Check call through a real gRPC server: budget, lateness, cancelled calls, defects, malformed bytes.

import { Client, credentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { Budget } from '../../../src/authorize/ports.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { AccessRequest } from '../../../src/domain/request.ts';
import type { ToldDecision } from '../../../src/domain/told-decision.ts';
import { checkHandler } from '../../../src/extauthz/check-handler.ts';
import { loadServices } from '../../../src/extauthz/proto-services.ts';
import type { GrpcCall } from '../../../src/grpc/grpc-call.ts';
import { grpcTarget } from '../../../src/grpc/listen-address.ts';
import { eventually } from '../../rig/eventually.ts';
import { decodedBytes } from './decoded-response.ts';
import {
  ALLOW,
  DENY,
  handlerOptions,
  PATIENCE_MS,
  QUESTION,
  type RunningServer,
  runServer,
  type Setting,
} from './running-server.ts';
import { field, message } from './wire-bytes.ts';

type Decide = (request: AccessRequest, budget: Budget) => Decision | Promise<Decision>;

const started: RunningServer[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function serve(decide: Decide, setting: Setting = {}): Promise<RunningServer> {
  const running = await runServer(decide, setting);
  started.push(running);
  return running;
}

/** Sends bytes as they are; resolves to the gRPC status or the bytes of the answer. */
function send(running: RunningServer, bytes: Buffer, deadlineMs = PATIENCE_MS) {
  const [address] = running.server.addresses;
  if (address === undefined) throw new Error('not listening');
  const client = new Client(grpcTarget(address), credentials.createInsecure());
  const same = (raw: Buffer) => raw;
  let cancel = () => {};
  const answer = new Promise<number | Buffer | undefined>((resolve) => {
    const options = { deadline: Date.now() + deadlineMs };
    const path = '/envoy.service.auth.v3.Authorization/Check';
    const call = client.makeUnaryRequest(path, same, same, bytes, options, (error, reply) =>
      resolve(error === null ? reply : error.code),
    );
    cancel = () => call.cancel();
  }).finally(() => client.close());
  return { answer, cancel };
}

const never = () => new Promise<Decision>(() => {});

describe('a decision', () => {
  test('is answered and recorded, without the query', async () => {
    const running = await serve((request) => (request.header('x-request-id')[0] === 'r-1' ? ALLOW : DENY));
    const answer = await running.client.check(QUESTION, PATIENCE_MS);
    expect(answer).toMatchObject({ status: 0, kind: 'ok_response' });
    expect(running.records).toEqual([
      {
        decisionId: answer.metadata['decision_id'],
        requestId: 'r-1',
        decision: ALLOW,
        startedAtMs: expect.any(Number),
        durationUs: expect.any(Number),
        method: 'GET',
        host: 'api.example',
        path: '/pizza/1.0.0/menu',
      },
    ]);
  });

  test('may take its time when it comes as a promise', async () => {
    const running = await serve(async () => DENY);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({
      kind: 'denied_response',
      httpStatus: 401,
    });
  });

  test.each([
    ['is its own limit less the margin', { limitMs: 700, marginMs: 50 }, 1650],
    ['keeps half of a limit that the margin would eat up', { limitMs: 40, marginMs: 50 }, 1020],
  ])('has a budget that %s', async (_name, limits, deadlineMs) => {
    expect(await budgetGiven({ ...limits, now: () => 1000 }, PATIENCE_MS)).toEqual({ deadlineMs });
  });

  test('has a shorter budget when Envoy waits for less', async () => {
    const asked = Date.now();
    const budget = await budgetGiven({ limitMs: 600_000, marginMs: 100 }, 5_000);
    expect(budget?.deadlineMs).toBeGreaterThan(asked);
    expect(budget?.deadlineMs).toBeLessThan(Date.now() + 5_000 - 90);
  });

  async function budgetGiven(setting: Setting, timeoutMs: number): Promise<Budget | undefined> {
    const given: Budget[] = [];
    const decide: Decide = (_request, budget) => {
      given.push(budget);
      return ALLOW;
    };
    const running = await serve(decide, setting);
    await running.client.check(QUESTION, timeoutMs);
    return given[0];
  }
});

describe('past its budget', () => {
  const late = { status: 14, kind: 'denied_response', httpStatus: 503, metadata: { reason: 'deadline_exceeded' } };

  test('a pending decision is answered as a fault, and its late allow is dropped', async () => {
    let allow = (_decision: Decision) => {};
    const running = await serve(() => new Promise((resolve) => (allow = resolve)), { limitMs: 60 });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(late);
    allow(ALLOW);
    await new Promise((resolve) => setImmediate(resolve));
    expect(running.records.map(({ decision }) => decision.reason)).toEqual(['deadline_exceeded']);
  });

  test('the shorter wait of Envoy counts, and the answer still reaches it', async () => {
    const running = await serve(never, { limitMs: 600_000, marginMs: 9_500 });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(late);
  });

  test('an allow that was there at once but too late is a fault', async () => {
    let now = 1_000;
    const decide = () => {
      now += 500;
      return ALLOW;
    };
    const running = await serve(decide, { limitMs: 400, now: () => now });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(late);
    expect(running.records[0]?.decision.known.api?.name).toBe('Pizza');
  });

  test('an allow that comes as a promise but too late is a fault', async () => {
    let now = 1_000;
    const decide = async () => {
      now += 500;
      return ALLOW;
    };
    const running = await serve(decide, { limitMs: 400, now: () => now });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(late);
  });

  test('a denial stays what it is', async () => {
    let now = 1_000;
    const decide = () => {
      now += 500;
      return DENY;
    };
    const running = await serve(decide, { limitMs: 400, now: () => now });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({
      metadata: { reason: 'credential_missing' },
    });
  });
});

test('a cancelled call is settled as a fault, whatever the decision becomes', async () => {
  let allow: ((decision: Decision) => void) | undefined;
  const running = await serve(() => new Promise((resolve) => (allow = resolve)));
  const { answer, cancel } = send(running, message(1));
  await eventually('the decision begins', () => allow !== undefined);
  cancel();
  expect(await answer).toBe(status.CANCELLED);
  const [record] = await eventually('the call is settled', () => running.records.length > 0 && running.records);
  allow?.(ALLOW);
  expect(record?.decision).toMatchObject({ reason: 'deadline_exceeded', evidence: { cancelled: true } });
  expect(running.records).toHaveLength(1);
});

test('an allow for a call that has been cancelled already is a fault', () => {
  const reported = { records: [] as ToldDecision[], defects: [] as unknown[] };
  const handler = checkHandler(handlerOptions(() => ALLOW, reported));
  let answer: Buffer | undefined;
  const call: Pick<GrpcCall, 'message' | 'deadlineMs' | 'isOver' | 'answer'> = {
    ...{ message: message(1), deadlineMs: Number.POSITIVE_INFINITY, isOver: true },
    answer: (bytes) => {
      answer = bytes;
    },
  };
  handler(call as GrpcCall);
  expect(loadServices().authorization['Check']?.responseDeserialize(answer ?? Buffer.alloc(0))).toMatchObject({
    status: { code: 14 },
    http_response: 'denied_response',
  });
  expect(reported.records[0]?.decision).toMatchObject({ outcome: 'fault', evidence: { cancelled: true } });
});

describe('a defect', () => {
  const internal = {
    kind: 'denied_response',
    httpStatus: 503,
    metadata: { reason: 'internal_error', outcome: 'fault' },
  };

  test.each<[string, Decide]>([
    [
      'thrown',
      () => {
        throw new Error('bug');
      },
    ],
    ['rejected', () => Promise.reject(new Error('bug'))],
  ])('%s in a decision costs that request, is reported, and the next is served', async (_name, broken) => {
    let first = true;
    const running = await serve((request, budget) => {
      if (!first) return ALLOW;
      first = false;
      return broken(request, budget);
    });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(internal);
    expect(running.defects).toEqual([new Error('bug')]);
    expect(running.records.map(({ decision }) => decision.reason)).toEqual(['internal_error']);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
  });

  test('in telling an allow ends in a fault, never in silence', async () => {
    const broken = { ...ALLOW, known: { token: { subject: 7 } } } as unknown as Decision;
    const running = await serve(() => broken);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(internal);
    expect(running.defects).toHaveLength(1);
  });

  test('in telling anything at all is a gRPC error', async () => {
    const answer = () => {
      throw new Error('mute');
    };
    const running = await serve(() => ALLOW, { answer });
    await expect(running.client.check(QUESTION, PATIENCE_MS)).rejects.toMatchObject({ code: status.INTERNAL });
    expect(running.records.map(({ decision }) => decision.reason)).toEqual(['internal_error']);
  });

  test('in a listener leaves the answer as it was', async () => {
    const onDecision = () => {
      throw new Error('listener');
    };
    const running = await serve(() => ALLOW, { onDecision });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
    expect(running.defects).toEqual([new Error('listener')]);
  });

  test('in the listener for defects leaves the server standing', async () => {
    const onDefect = () => {
      throw new Error('listener');
    };
    const running = await serve(() => Promise.reject(new Error('bug')), { onDefect });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(internal);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject(internal);
  });
});

describe('bytes that are no CheckRequest', () => {
  const notUtf8 = message(3, field(1, 'authorization'), field(2, Buffer.from([0xff])));

  test.each<[string, Buffer]>([
    ['cut off', Buffer.from([0x0a, 0x05])],
    ['of a wrong wire type', field(1, 1)],
    ['with a header that is not UTF-8', message(1, message(4, message(2, notUtf8)))],
  ])('%s are never allowed', async (_name, bytes) => {
    const running = await serve((request) => (request.header('authorization').length > 5 ? DENY : ALLOW));
    const answer = decodedBytes((await send(running, bytes).answer) as Buffer);
    expect(answer.status?.code).not.toBe(0);
    expect(answer.denied_response?.status.code).toBe('ServiceUnavailable');
    expect(running.records.map(({ decision }) => decision.outcome)).toEqual(['fault']);
    expect(running.defects).toHaveLength(1);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
  });
});

test('a fault is the gRPC status UNAVAILABLE by choice', async () => {
  const running = await serve(never, { limitMs: 30, onFault: 'grpc' });
  await expect(running.client.check(QUESTION, PATIENCE_MS)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(running.records[0]?.decision.reason).toBe('deadline_exceeded');
});
