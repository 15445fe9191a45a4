// Serves one Check call: bytes → decision → bytes, within its budget. An allow leaves only in time and only to a call that still
// waits; whatever goes wrong ends as a refusal of this one request and changes nothing for the others.

import type { Budget } from '../authorize/ports.ts';
import type { Decision, Fault } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { AccessRequest } from '../domain/request.ts';
import type { ToldDecision } from '../domain/told-decision.ts';
import type { GrpcCall, GrpcMethod } from '../grpc/grpc-call.ts';
import { GRPC_STATUS, type GrpcRefusal } from '../grpc/grpc-status.ts';
import type { Answer } from './answer/answer.ts';
import { encodeCheckResponse } from './answer/check-response.ts';
import { CheckRequest } from './request/check-request.ts';
import { MalformedCheckRequest } from './request/malformed-check-request.ts';
import type { RouteAttributeNames } from './request/route-attributes.ts';
import { type CheckStart, ToldCheck } from './told-check.ts';

/** What serving a call needs. */
export interface CheckHandlerOptions {
  readonly decide: (request: AccessRequest, budget: Budget) => Decision | Promise<Decision>;
  readonly answer: Answer;
  readonly routeAttributes: RouteAttributeNames;
  /** Proxies in front of Envoy whose `x-forwarded-for` counts. */
  readonly trustedHops?: number;
  /** Own limit of a decision; Envoy's `grpc-timeout` counts where it is shorter. */
  readonly limitMs: number;
  /** Kept back from the limit for the way of the answer; of a short limit at most half. */
  readonly marginMs: number;
  /** The request is absent when its bytes could not be read. */
  readonly onDecision: (record: ToldDecision, request: AccessRequest | undefined) => void;
  /** A bug, or bytes that are no CheckRequest; the request was refused. */
  readonly onDefect: (error: unknown, decisionId: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newDecisionId: () => string;
}

/** The method `envoy.service.auth.v3.Authorization/Check`. */
export function checkHandler(options: CheckHandlerOptions): GrpcMethod {
  return (call) => new Check(options, call).run();
}

const NO_VERDICT: GrpcRefusal = { status: GRPC_STATUS.UNAVAILABLE, details: 'no verdict' };
const DEFECT: GrpcRefusal = { status: GRPC_STATUS.INTERNAL, details: 'internal error' };

const INTERNAL_ERROR: Fault = { outcome: 'fault', reason: 'internal_error', evidence: {}, known: {} };

/** One call, from its message to its only answer. */
class Check implements CheckStart {
  readonly decisionId: string;
  readonly startedAtMs: number;
  request: CheckRequest | undefined;
  readonly #options: CheckHandlerOptions;
  readonly #call: GrpcCall;
  readonly #startedMark = performance.now();
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #answered = false;

  constructor(options: CheckHandlerOptions, call: GrpcCall) {
    this.#options = options;
    this.#call = call;
    this.decisionId = options.newDecisionId();
    this.startedAtMs = options.now();
    const availableMs = Math.min(options.limitMs, call.deadlineMs - this.startedAtMs);
    this.#deadlineMs = this.startedAtMs + availableMs - Math.min(options.marginMs, availableMs / 2);
  }

  run(): void {
    let decided: Decision | Promise<Decision>;
    try {
      const { routeAttributes, trustedHops } = this.#options;
      this.request = new CheckRequest(this.#call.message, routeAttributes, trustedHops);
      decided = this.#options.decide(this.request, { deadlineMs: this.#deadlineMs });
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!(decided instanceof Promise)) {
      this.#settle(decided);
      return;
    }
    const leftMs = Math.max(0, this.#deadlineMs - this.#options.now());
    this.#timer = setTimeout(() => this.#settle(late({})), leftMs);
    this.#call.onClosed(() => this.#settle(late({ cancelled: true })));
    decided.then(
      (decision) => this.#settle(decision),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Answers with the decision, unless the call has its answer. */
  #settle(decision: Decision): void {
    if (this.#answered) return;
    try {
      const told = this.#inTime(decision);
      const response = this.#options.answer(told, this.decisionId, this.request ?? UNREAD);
      if (response === 'unavailable') this.#finish(told, NO_VERDICT);
      else this.#finish(told, encodeCheckResponse(response));
    } catch (error) {
      if (decision.reason !== 'internal_error') this.#fail(error);
      else this.#finish(INTERNAL_ERROR, DEFECT);
    }
  }

  #inTime(decision: Decision): Decision {
    if (decision.outcome !== 'allow') return decision;
    if (this.#call.isOver) return { ...late({ cancelled: true }), known: decision.known };
    return this.#options.now() < this.#deadlineMs ? decision : { ...late({}), known: decision.known };
  }

  /** Bytes that are no CheckRequest are a fault like any other: a gRPC error would leave the verdict to Envoy's failure mode. */
  #fail(error: unknown): void {
    this.#reportDefect(error);
    if (this.#answered) return;
    const evidence = error instanceof MalformedCheckRequest ? { problem: error.message } : {};
    this.#settle({ ...INTERNAL_ERROR, evidence });
  }

  #finish(decision: Decision, answer: Buffer | GrpcRefusal): void {
    this.#answered = true;
    clearTimeout(this.#timer);
    if (Buffer.isBuffer(answer)) this.#call.answer(answer);
    else this.#call.refuse(answer);
    try {
      const durationUs = Math.round((performance.now() - this.#startedMark) * 1000);
      this.#options.onDecision(new ToldCheck(this, decision, durationUs), this.request);
    } catch (error) {
      this.#reportDefect(error);
    }
  }

  /** The answer has left, or is about to: a listener that throws must not take either with it. */
  #reportDefect(error: unknown): void {
    try {
      this.#options.onDefect(error, this.decisionId);
    } catch {
      // The one place to report to has failed as well.
    }
  }
}

/** Stands in for a request that could not be read. */
const UNREAD = { contentType: undefined, underscoredHeaders: () => [] };

function late(evidence: Evidence): Fault {
  return { outcome: 'fault', reason: 'deadline_exceeded', evidence, known: {} };
}
