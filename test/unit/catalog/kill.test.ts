// A writing process is killed at random moments: what it was told is written is there, and nothing is there by half.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ORGANIZATION } from './catalog-samples.ts';
import { startProgram } from './child-program.ts';
import { behindItsBack, openTemporary, temporaryFile } from './temporary-catalog.ts';

const ROUNDS = 15;
const LONGEST_LIFE_MS = 100;

test('every acknowledged write survives kill -9, and every write is there as a whole or not at all', async () => {
  const file = temporaryFile();
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const program = startProgram('writing-process.ts', file, `r${round}`);
    await program.firstLine;
    await sleep(Math.random() * LONGEST_LIFE_MS);
    await program.kill();
    acknowledged.push(...program.lines.filter((line) => line.startsWith('applied ')).map((line) => line.slice(8)));
    expect(behindItsBack(file, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  }
  const { lists, reader } = await openTemporary(file);
  const written = new Map(lists.listKeyManagers(ORGANIZATION).map(({ id, dto }) => [dto.name, id]));
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.filter((name) => !written.has(name))).toEqual([]);
  expect(lists.listApis(ORGANIZATION)).toHaveLength(written.size);
  for (const api of lists.listApis(ORGANIZATION)) {
    const keyManagerId = written.get(api.name) ?? '';
    expect(api.keyManagers).toEqual([keyManagerId]);
    expect(reader.findSubscriber(api.name, keyManagerId, api.id).subscription).not.toBeNull();
  }
}, 120_000);
