// One message out of its pieces, however they are cut.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GRPC_STATUS, type GrpcRefusal } from '../../../src/grpc/grpc-status.ts';
import { framed, MessageReader } from '../../../src/grpc/message-reader.ts';

const MAX_BYTES = 64;

function read(pieces: readonly Buffer[]): Buffer | GrpcRefusal {
  const reader = new MessageReader(MAX_BYTES);
  for (const piece of pieces) {
    const refusal = reader.take(piece);
    if (refusal !== undefined) return refusal;
  }
  return reader.end();
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

function prefixed(flag: number, length: number, content: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, content]);
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const anyBytes = fc.oneof(
  bytes(90).map(framed),
  fc.tuple(fc.nat(2), fc.nat(90), bytes(90)).map((parts) => prefixed(...parts)),
  fc.tuple(bytes(20), bytes(20)).map(([first, second]) => Buffer.concat([framed(first), framed(second)])),
  bytes(90),
);

describe('any split', () => {
  test('of the same bytes gives the same message or the same refusal', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(200)), (whole, places) => {
        expect(read(cut(whole, places))).toEqual(read([whole]));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a message within the limit gives the message, byte by byte as well', () => {
    fc.assert(
      fc.property(bytes(MAX_BYTES), fc.array(fc.nat(200)), (message, places) => {
        expect(read(cut(framed(message), places))).toEqual(message);
        expect(read([...framed(message)].map((byte) => Buffer.from([byte])))).toEqual(message);
      }),
    );
  });

  test('leaves the pieces as they were', () => {
    const whole = framed(Buffer.alloc(60, 7));
    const pieces = cut(whole, [1, 5, 6, 40]);
    const before = pieces.map((piece) => Buffer.from(piece));
    read(pieces);
    expect(pieces).toEqual(before);
  });
});

test('a message in one piece is not copied', () => {
  const whole = framed(Buffer.from('message'));
  const message = read([whole]);
  whole.write('M', 5);
  expect(String(message)).toBe('Message');
});

test('pieces that are empty change nothing', () => {
  const empty = Buffer.alloc(0);
  expect(read([empty, empty])).toMatchObject({ status: GRPC_STATUS.UNIMPLEMENTED });
  expect(read([empty, framed(Buffer.from('a')), empty])).toEqual(Buffer.from('a'));
});

test.each([
  ['nothing', Buffer.alloc(0), GRPC_STATUS.UNIMPLEMENTED],
  ['a prefix that is cut off', Buffer.alloc(4), GRPC_STATUS.INTERNAL],
  ['a message that is cut off', prefixed(0, 3, Buffer.from('ab')), GRPC_STATUS.INTERNAL],
  ['a compressed message', prefixed(1, 1, Buffer.from('a')), GRPC_STATUS.UNIMPLEMENTED],
  ['a flag that has no meaning', prefixed(2, 1, Buffer.from('a')), GRPC_STATUS.UNIMPLEMENTED],
  ['two messages', Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))]), GRPC_STATUS.UNIMPLEMENTED],
  ['one byte too many', prefixed(0, 1, Buffer.from('ab')), GRPC_STATUS.UNIMPLEMENTED],
  ['a message over the limit', framed(Buffer.alloc(MAX_BYTES + 1)), GRPC_STATUS.RESOURCE_EXHAUSTED],
])('%s is refused', (_name, whole, status) => {
  expect(read([whole])).toMatchObject({ status });
});

test('a message over the limit is refused at its prefix, before the rest has come', () => {
  const reader = new MessageReader(MAX_BYTES);
  expect(reader.take(prefixed(0, 0xffff_ffff, Buffer.alloc(0)))).toMatchObject({
    status: GRPC_STATUS.RESOURCE_EXHAUSTED,
  });
});
