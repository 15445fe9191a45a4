// A call on an HTTP/2 stream, from its headers to its only end (gRPC over HTTP/2). It reads one message, then hands itself to the
// method; what a caller does ends its own call and nothing else.

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { GrpcCall, GrpcMethod } from './grpc-call.ts';
import { GRPC_STATUS, type GrpcRefusal } from './grpc-status.ts';
import { readGrpcTimeout } from './grpc-timeout.ts';
import { framed, MessageReader, NO_BYTES } from './message-reader.ts';

/** What all calls of a server have in common. */
interface CallTerms {
  readonly maxMessageBytes: number;
  /** Milliseconds in which the message must have come, and in which an answer that was given must have been taken. */
  readonly readLimitMs: number;
  /** Of all messages that came and whose calls are not over. */
  readonly held: { bytes: number };
  readonly maxHeldBytes: number;
  /** Hears what a method threw; its call was refused. */
  readonly onDefect: (error: unknown) => void;
}

const CONTENT_TYPE = 'application/grpc';
/** With another codec or parameters; `application/grpc-web` is another protocol. */
const CONTENT_TYPE_WITH_MORE = /^application\/grpc[+;]/;
const RESPONSE = { ':status': 200, 'content-type': CONTENT_TYPE };
const BEFORE_MESSAGES = { waitForTrailers: true, sendDate: false };
const ALONE = { endStream: true, sendDate: false };
const OK_TRAILERS = { 'grpc-status': String(GRPC_STATUS.OK) };

const NO_POST = { ':status': 405, allow: 'POST' };
const NO_GRPC = { ':status': 415, accept: CONTENT_TYPE };
const NO_METHOD: GrpcRefusal = { status: GRPC_STATUS.UNIMPLEMENTED, details: 'no method of this name is served' };
const NO_TIMEOUT: GrpcRefusal = { status: GRPC_STATUS.INTERNAL, details: 'grpc-timeout is not digits and a unit' };
const DEFECT: GrpcRefusal = { status: GRPC_STATUS.INTERNAL, details: 'internal error' };
const TOO_MUCH: GrpcRefusal = {
  status: GRPC_STATUS.RESOURCE_EXHAUSTED,
  details: 'the messages of all calls together are more than can be held; send fewer at a time',
};
const TOO_SLOW: GrpcRefusal = { status: GRPC_STATUS.DEADLINE_EXCEEDED, details: 'the message did not come in time' };

/** A stream leads to its call, so that its listeners are the same few functions for all streams. */
const CALL = Symbol('call');
type CallStream = ServerHttp2Stream & { [CALL]: StreamCall };

/** Reads a call for its method, or refuses it. */
export function acceptCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: GrpcMethod | undefined,
  terms: CallTerms,
): void {
  stream.on('error', ignore);
  // Its caller may have gone before it is heard of here.
  if (stream.closed) return;
  const timeoutMs = readGrpcTimeout(headers['grpc-timeout'] as string | undefined);
  if (headers[':method'] !== 'POST') endAlone(stream, NO_POST);
  else if (!isGrpc(headers['content-type'])) endAlone(stream, NO_GRPC);
  else if (method === undefined) endAlone(stream, alone(NO_METHOD));
  else if (timeoutMs === undefined) endAlone(stream, alone(NO_TIMEOUT));
  else new StreamCall(stream as CallStream, method, Date.now() + timeoutMs, terms).read();
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType === CONTENT_TYPE || (contentType !== undefined && CONTENT_TYPE_WITH_MORE.test(contentType));
}

class StreamCall implements GrpcCall {
  readonly deadlineMs: number;
  message: Buffer = NO_BYTES;
  trailers: Readonly<Record<string, string>> = OK_TRAILERS;
  readonly #stream: CallStream;
  readonly #method: GrpcMethod;
  readonly #terms: CallTerms;
  readonly #reader: MessageReader;
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #onClosed: (() => void) | undefined;
  #ended = false;

  constructor(stream: CallStream, method: GrpcMethod, deadlineMs: number, terms: CallTerms) {
    this.#stream = stream;
    this.#method = method;
    this.deadlineMs = deadlineMs;
    this.#terms = terms;
    this.#reader = new MessageReader(terms.maxMessageBytes);
    stream[CALL] = this;
  }

  read(): void {
    const stream = this.#stream;
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('close', onClose);
    this.#timer = setTimeout(onLate, this.#terms.readLimitMs, this);
  }

  get isOver(): boolean {
    return this.#ended || this.#stream.closed || this.#stream.destroyed;
  }

  onClosed(listener: () => void): void {
    this.#onClosed = listener;
  }

  answer(message: Buffer): void {
    if (this.isOver) return;
    this.#begin();
    this.#ended = true;
    this.#stream.end(framed(message));
  }

  refuse(refusal: GrpcRefusal): void {
    if (this.isOver) return;
    this.#ended = true;
    const stream = this.#stream;
    if (stream.headersSent) {
      this.trailers = told(refusal);
      stream.end();
    } else endAlone(stream, alone(refusal));
  }

  send(message: Buffer): void {
    if (this.isOver) return;
    this.#begin();
    this.#stream.write(framed(message));
  }

  end(): void {
    if (this.isOver) return;
    this.#begin();
    this.#ended = true;
    this.#stream.end();
  }

  #begin(): void {
    const stream = this.#stream;
    if (stream.headersSent) return;
    stream.respond(RESPONSE, BEFORE_MESSAGES);
    stream.on('wantTrailers', sendTrailers);
  }

  take(chunk: Buffer): void {
    if (this.isOver) return;
    const { held, maxHeldBytes } = this.#terms;
    if (held.bytes + chunk.length > maxHeldBytes) {
      this.refuse(TOO_MUCH);
      return;
    }
    held.bytes += chunk.length;
    this.#heldBytes += chunk.length;
    const refusal = this.#reader.take(chunk);
    if (refusal !== undefined) this.refuse(refusal);
  }

  /** The caller has said all. */
  serve(): void {
    if (this.isOver) return;
    const message = this.#reader.end();
    if (!Buffer.isBuffer(message)) {
      this.refuse(message);
      return;
    }
    this.message = message;
    try {
      this.#method(this);
    } catch (error) {
      this.refuse(DEFECT);
      this.#terms.onDefect(error);
    }
  }

  /** A caller that neither sends nor reads holds no memory. One whose call goes on may be silent, until that has ended too. */
  late(): void {
    if (this.#ended) this.#stream.close(constants.NGHTTP2_CANCEL);
    else if (!this.#stream.readableEnded) this.refuse(TOO_SLOW);
    else this.#timer?.refresh();
  }

  closed(): void {
    clearTimeout(this.#timer);
    this.#terms.held.bytes -= this.#heldBytes;
    try {
      this.#onClosed?.();
    } catch (error) {
      this.#terms.onDefect(error);
    }
  }
}

function onData(this: CallStream, chunk: Buffer): void {
  this[CALL].take(chunk);
}

function onEnd(this: CallStream): void {
  this[CALL].serve();
}

function onClose(this: CallStream): void {
  this[CALL].closed();
}

function onLate(call: StreamCall): void {
  call.late();
}

function sendTrailers(this: CallStream): void {
  this.sendTrailers(this[CALL].trailers);
}

/** Ends a stream with headers alone, and reads no more of it; of one that was read to its end no reset is sent. */
function endAlone(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
  stream.respond(headers, ALONE);
  stream.close();
}

function told({ status, details }: GrpcRefusal) {
  return { 'grpc-status': String(status), 'grpc-message': details.replaceAll('%', '%25') };
}

/** As headers alone tell it (Trailers-Only), and what may be sent instead where it was compressed. */
function alone(refusal: GrpcRefusal) {
  return { ...RESPONSE, 'grpc-accept-encoding': 'identity', ...told(refusal) };
}

/** What an error says of a stream its end says as well. */
function ignore(): void {}
