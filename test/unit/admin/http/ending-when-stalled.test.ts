// Answers that nobody takes, over real sockets.

import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { endingWhenStalled } from '../../../../src/admin/http/ending-when-stalled.ts';
import { eventually } from '../../../rig/eventually.ts';

/** A server whose every answer has no end, and how many are under way. */
async function endless(stalledAfterMs: number) {
  const open = { count: 0 };
  async function* parts() {
    open.count += 1;
    try {
      for (;;) yield 'x'.repeat(65_536);
    } finally {
      open.count -= 1;
    }
  }
  const server = createServer((_request, reply) => {
    const answer = endingWhenStalled(parts(), () => reply.destroy(), stalledAfterMs);
    const body = Readable.from(answer, { highWaterMark: 1 });
    reply.once('close', () => body.destroy());
    body.pipe(reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  return { open, socket };
}

test('an answer that nobody reads is ended, with what it kept open', async () => {
  const { open, socket } = await endless(50);
  socket.pause();
  await eventually('it began', () => open.count === 1);
  await eventually('it is over', () => open.count === 0);
});

test('an answer that is read goes on', async () => {
  const { open, socket } = await endless(5_000);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  await eventually('much of it came', () => bytes > 8_000_000);
  expect(open.count).toBe(1);
});
