// One call as its method sees it: one message in, and what is told of it out. It knows nothing of HTTP/2.

import type { GrpcRefusal } from './grpc-status.ts';

/** A call whose message has come. Whatever is told to a caller who has gone is dropped; that is no error. */
export interface GrpcCall {
  /** What the caller sent, as bytes. */
  readonly message: Buffer;
  /** Until when the caller waits (`grpc-timeout`), in milliseconds since the epoch; infinite where it does not say. */
  readonly deadlineMs: number;
  /** Nothing more can be told: it is ended, or its caller has gone. */
  readonly isOver: boolean;
  /** Hears once that the stream is closed, whoever closed it. */
  onClosed(listener: () => void): void;
  /** Ends the call with its only message. */
  answer(message: Buffer): void;
  /** Ends the call without a message. */
  refuse(refusal: GrpcRefusal): void;
  /** One of several messages. */
  send(message: Buffer): void;
  /** Ends the call after its last message. */
  end(): void;
}

/** Serves the calls of one path. What it throws is a bug: it ends this call as an internal error, and no other. */
export type GrpcMethod = (call: GrpcCall) => void;
