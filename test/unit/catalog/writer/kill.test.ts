// A writing process is killed at random moments: what it was told is written is there, and nothing is there by half.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ORGANIZATION } from '../catalog-samples.ts';
import { startProgram } from '../child-program.ts';
import { behindItsBack, openTemporary, subscriberOf, temporaryFile } from '../temporary-catalog.ts';

const ROUNDS = 15;
const LONGEST_LIFE_MS = 150;
const ALL = { offset: 0, limit: 100_000 };

test('every acknowledged write survives kill -9, and every write is there as a whole or not at all', async () => {
  const file = temporaryFile();
  const lines: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const program = startProgram('writing-process.ts', file, `r${round}`);
    // However slow the machine is, later rounds get on to every kind of write.
    await program.said(1 + round);
    await sleep(Math.random() * LONGEST_LIFE_MS);
    await program.kill();
    lines.push(...program.lines);
    expect(behindItsBack(file, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  }
  /** What was acknowledged, by its name, with what else was said. */
  const acknowledged = (kind: string) =>
    new Map(
      lines
        .map((line) => line.split(' '))
        .flatMap(([said, name = '', more = '']) => (said === kind ? [[name, more]] : [])),
    );
  const { lists, reader } = await openTemporary(file);

  const written = new Map(lists.listKeyManagers(ORGANIZATION).map((stored) => [stored.dto.name, stored]));
  const applied = acknowledged('applied');
  expect(applied.size).toBeGreaterThan(0);
  expect([...applied.keys()].filter((name) => !written.has(name))).toEqual([]);
  const ofDocument = [...written.keys()].filter((name) => !name.startsWith('own-'));
  expect(lists.listApis(ORGANIZATION)).toHaveLength(ofDocument.length);
  for (const api of lists.listApis(ORGANIZATION)) {
    const keyManagerId = written.get(api.name)?.id ?? '';
    expect(api.keyManagers).toEqual([keyManagerId]);
    expect(subscriberOf(reader, api.name, keyManagerId, api.id).subscription).not.toBeNull();
  }

  const audit = lists.listAudit(ORGANIZATION, ALL).list;
  const deleted = acknowledged('deleted');
  expect(acknowledged('updated').size).toBeGreaterThan(0);
  for (const [name, id] of acknowledged('updated')) {
    expect(audit.some((entry) => entry.target === id && entry.before !== undefined && entry.after !== undefined)).toBe(
      true,
    );
    const isGone = deleted.has(name) || audit.some((entry) => entry.target === id && entry.after === undefined);
    expect(lists.openKeyManager(ORGANIZATION, id)).toEqual(
      isGone
        ? undefined
        : expect.objectContaining({ version: 2, secrets: { '/additionalProperties/client_secret': `"${name}"` } }),
    );
  }
  // Each key manager and each of its secrets has its entry, and the other way round.
  for (const { id, version } of [...written.values()].filter(({ dto }) => dto.name.startsWith('own-')))
    expect(audit.filter((entry) => entry.target === id)).toHaveLength(version);

  const inForce = lists.listRevocations(ORGANIZATION, 0, ALL);
  const known = lists.revocationsSince(0, 100_000).map(({ revocation }) => revocation);
  for (const name of acknowledged('saved').keys()) expect(known.filter(({ value }) => value === name)).toHaveLength(2);
  for (const name of acknowledged('lifted').keys())
    expect(known.find(({ id }) => id === `${name}.one`)?.lifted).toBe(true);
  // Both halves of a write, or none; and the counters that decisions trust.
  expect(known.length % 2).toBe(0);
  expect(behindItsBack(file, (db) => db.prepare('SELECT revocations FROM meta').pluck().get())).toBe(inForce.total);
}, 120_000);
