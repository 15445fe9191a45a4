// Ten key managers whose name server never answers leave the others as they were: neither the others' look-ups nor libuv's few
// threads, which files and cryptography need too, are held by them.

import { pbkdf2 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { NameServer } from '../../../rig/name-server.ts';
import { KeyServer } from '../../tokens/key-server.ts';
import { keyManager } from '../../tokens/token-sample.ts';
import { get, openDoor, outcomeOf } from '../open-door.ts';

const SILENT = Array.from({ length: 10 }, (_, n) => keyManager({ id: `silent-${n}` }));
const ROUNDS = 10;

const names = await new NameServer().listen();
const server = await new KeyServer().listen();
const door = openDoor({ nameServers: [names.address], lookupTimeoutMs: 2_500 });
afterAll(async () => {
  await door.close();
  await server[Symbol.asyncDispose]();
  await names[Symbol.asyncDispose]();
});

test('ten key managers whose name server never answers leave the others as they were', async () => {
  server.body = 'ok';
  names.name('well.example', ['127.0.0.1']);
  for (const { id } of SILENT) names.names.set(`${id}.example`, { kind: 'silent' });
  const well = (round: number) =>
    outcomeOf(
      get(door, `http://well.example:${server.port}/${round}`, { keyManager: keyManager({ id: `well-${round}` }) }),
    );
  const measure = async () => {
    const times = { request: [] as number[], threads: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      const beganMs = performance.now();
      expect(await well(round)).toBe('ok');
      times.request.push(performance.now() - beganMs);
      await Promise.all([
        readFile(import.meta.filename),
        ...Array.from({ length: 4 }, () => promisify(pbkdf2)('a', 'b', 1_000, 32, 'sha256')),
      ]);
      times.threads.push(performance.now() - beganMs);
    }
    return times;
  };
  const before = await measure();
  let ended = 0;
  const waiting = SILENT.flatMap((one) =>
    Array.from({ length: 8 }, () =>
      outcomeOf(get(door, `https://${one.id}.example/`, { keyManager: one, timeoutMs: 20_000 })).finally(() => {
        ended += 1;
      }),
    ),
  );
  const during = await measure();
  // All of it went on while every one of them was still waiting for its name.
  expect(ended).toBe(0);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['name_lookup_failed']));
  const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1]?.toFixed(1);
  console.log(
    `10 key managers without names, 80 requests waiting: a request to another takes ${median(during.request)} ms (${median(before.request)} ms without them), with work for libuv's threads ${median(during.threads)} ms (${median(before.threads)} ms)`,
  );
  // One look-up in flight for each name; a lost datagram may be sent again.
  for (const { id } of SILENT) expect(names.lookups(`${id}.example`)).toBeLessThanOrEqual(2);
});
