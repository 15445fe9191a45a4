// Asks once, before anything is timed, and holds the answer against what the scenario is about: a bench of wrong answers is none.

import { Client, credentials } from '@grpc/grpc-js';
import type { Reason } from '../../src/domain/reason.ts';
import { type CheckAnswer, readAnswer, type WireAnswer } from '../../src/extauthz/check-client.ts';
import { loadServices } from '../../src/extauthz/proto-services.ts';
import { type Call, CHECK_PATH, CODE } from './call.ts';

/** One answer. */
export interface Answer {
  readonly decoded: CheckAnswer;
  /** Size of the message with its gRPC frame. */
  readonly bytes: number;
}

/** gRPC's prefix of a message. */
const FRAME_BYTES = 5;
/** A key set may have to be fetched first. */
const TIMEOUT_MS = 5_000;

/** The answer to a call, if it states one of these reasons; rejects otherwise. */
export async function verifiedAnswer(
  port: number,
  call: Call,
  ...reasons: readonly (Reason | 'allowed')[]
): Promise<Answer> {
  const answer = await answerOf(port, call);
  const { status, metadata } = answer.decoded;
  const reason = metadata['reason'] ?? 'nothing';
  if (!reasons.some((expected) => expected === reason) || (reason === 'allowed') !== (status === CODE.ok))
    throw new Error(`a check was answered with ${reason} in place of ${reasons.join(' or ')}`);
  return answer;
}

/** The answer to a call, whatever it is. */
export async function answerOf(port: number, { body }: Call): Promise<Answer> {
  if (body === undefined) throw new Error('a plain request is no check');
  const bytes = await askBytes(port, body.subarray(FRAME_BYTES));
  const wire = loadServices().authorization['Check']?.responseDeserialize(bytes) as WireAnswer;
  return { decoded: readAnswer(wire), bytes: bytes.length + FRAME_BYTES };
}

function askBytes(port: number, message: Buffer): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });
  const same = (bytes: Buffer) => bytes;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(CHECK_PATH, same, same, message, { deadline: Date.now() + TIMEOUT_MS }, (error, reply) => {
      if (error !== null || reply === undefined) reject(error ?? new Error('no message in the answer'));
      else resolve(reply);
    });
  }).finally(() => client.close());
}
