// The process that makes load where one body will not do, and all load of which the latency is told. It does nothing but send
// prepared requests over node:http2 and look at every answer; run by `load-process.ts`, pinned to a core of its own.

import { type ClientHttp2Session, connect } from 'node:http2';
import { WireReader } from '../../src/extauthz/request/wire-reader.ts';
import { type Call, CODE, GAVE_UP } from './call.ts';
import { CONNECTIONS, IN_FLIGHT, type LoadOrder, type LoadReport } from './load-order.ts';

/** An idle turn of the event loop takes a few microseconds; a longer one was work. */
const IDLE_TURN_MS = 0.02;
/** What is told when a deadline has passed, the last by Envoy. */
const LATE: readonly number[] = [CODE.unavailable, GAVE_UP, 503];
/** Answers that come later than this never come. */
const PATIENCE_MS = 5_000;
/** gRPC's prefix of a message. */
const FRAME_BYTES = 5;
/** Field 1, a varint; codes are below 17, so one byte follows. */
const CODE_TAG = 0x08;
/** About two thirds of what it can send and look at, so that it is not what is measured. */
const MOST_PER_SECOND = 20_000;
/** Distinct wrong answers that are told. */
const MAX_TOLD = 5;

process.on('message', (order: LoadOrder) => {
  carryOut(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});

async function carryOut(order: LoadOrder): Promise<LoadReport> {
  const { port, ports = [port], calls, count, perSecond } = order;
  const sessions = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, at) => open(ports[at % ports.length] ?? port)),
  );
  const latenciesMs = new Float64Array(perSecond === undefined ? 0 : count);
  const wrong = new Map<string, number>();
  let late = 0;
  let answered = 0;
  const send = (index: number, done: () => void) => {
    const call = calls[index % calls.length];
    const session = sessions[index % sessions.length];
    if (call === undefined || session === undefined) throw new Error('nothing to send');
    const expected = order.expected ?? call.expected;
    ask(session, call, (code) => {
      if (!expected.includes(code)) {
        if (LATE.includes(code)) late += 1;
        else wrong.set(`${code}, not ${expected}`, (wrong.get(`${code}, not ${expected}`) ?? 0) + 1);
      }
      answered += 1;
      done();
    });
  };
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const workMs =
    perSecond === undefined
      ? await keepInFlight(count, IN_FLIGHT, send)
      : await keepRate(count, perSecond, latenciesMs, send);
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const session of sessions) session.close();
  late += count - answered;
  return {
    seconds,
    clientShare: (workMs === undefined ? (user + system) / 1_000_000 : workMs / 1000) / seconds,
    latenciesMs: latenciesMs.sort(),
    wrong: [...wrong].slice(0, MAX_TOLD).map(([problem, times]) => `answered ${problem} (${times} of ${count})`),
    spoilt: late > 0 ? `${late} of ${count} answers were late, or faults` : undefined,
  };
}

type Send = (index: number, done: () => void) => void;

/**
 * Closed loop: each answer is followed by the next request, though never faster than this client can be trusted with. A server
 * that could do more has some idle time then; its CPU a check is told all the same.
 */
function keepInFlight(count: number, inFlight: number, send: Send): Promise<undefined> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const isDue = () => sent - inFlight < ((performance.now() - startMs) * MOST_PER_SECOND) / 1000;
    let sent = 0;
    let done = 0;
    let waits = false;
    const fill = () => {
      while (sent < count && sent - done < inFlight && isDue()) send(sent++, onDone);
      if (waits || sent === count || sent - done === inFlight) return;
      waits = true;
      setTimeout(() => {
        waits = false;
        fill();
      }, 1);
    };
    const onDone = () => {
      done += 1;
      if (done === count) resolve(undefined);
      else fill();
    };
    fill();
  });
}

/**
 * Open loop: requests leave at their time whether or not others have been answered, and latency counts from that time. The loop
 * turns without sleeping, for timers come a millisecond late; the result is the time of those turns that did something.
 */
function keepRate(count: number, perSecond: number, latenciesMs: Float64Array, send: Send): Promise<number> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const dueMs = (index: number) => startMs + (index * 1000) / perSecond;
    const giveUpMs = dueMs(count) + PATIENCE_MS;
    let sent = 0;
    let done = 0;
    let workMs = 0;
    let turnMs = startMs;
    const turn = () => {
      const nowMs = performance.now();
      for (; sent < count && dueMs(sent) <= nowMs; sent++) {
        const index = sent;
        send(index, () => {
          latenciesMs[index] = performance.now() - dueMs(index);
          done += 1;
        });
      }
      if (nowMs - turnMs > IDLE_TURN_MS) workMs += nowMs - turnMs;
      turnMs = nowMs;
      if (done === count || nowMs > giveUpMs) resolve(workMs);
      else setImmediate(turn);
    };
    turn();
  });
}

function open(port: number): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`, () => resolve(session));
    session.once('error', reject);
  });
}

/** Sends one request; `done` gets the code of the answer. */
function ask(session: ClientHttp2Session, { headers, body }: Call, done: (code: number) => void): void {
  const stream = session.request(headers, { endStream: body === undefined });
  let answer: Buffer | undefined;
  let status: unknown;
  stream.on('response', (head) => {
    status = body === undefined ? head[':status'] : head['grpc-status'];
  });
  if (body !== undefined) {
    stream.on('trailers', (tail) => {
      status = tail['grpc-status'];
    });
    stream.end(body);
  }
  stream.on('data', (chunk: Buffer) => {
    answer = answer === undefined ? chunk : Buffer.concat([answer, chunk]);
  });
  stream.once('error', () => {});
  stream.once('close', () => done(body === undefined ? Number(status) : codeOf(status, answer)));
}

/** As {@link Call} has it; NaN for what is no answer. CheckResponse: status=1; Status: code=1. */
function codeOf(grpcStatus: unknown, framed: Buffer | undefined): number {
  if (grpcStatus !== '0') return -Number(grpcStatus);
  if (framed === undefined) return Number.NaN;
  const response = new WireReader(framed, FRAME_BYTES);
  if (response.next() !== 1) return Number.NaN;
  response.enter();
  return framed[response.start] === CODE_TAG ? (framed[response.start + 1] ?? 0) : 0;
}
