// Documents that people write: what is accepted, and that every mistake is told with its place, field and fix.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatProblem } from '../../../../src/documents/reading/problem.ts';
import { readParsed, readYaml } from '../../../../src/documents/reading/read-document.ts';

const schema = z.strictObject({
  name: z.string().max(8),
  kind: z.enum(['alpha', 'beta']).default('alpha'),
  items: z.array(z.strictObject({ id: z.int(), note: z.string().optional() })).default([]),
  free: z.record(z.string(), z.unknown()).optional(),
  either: z.union([z.literal('all'), z.array(z.strictObject({ who: z.string() }))]).optional(),
});

function problemsOf(text: string): string[] {
  const read = readYaml(text, 'x.yaml', schema);
  return read.ok ? [] : read.problems.map(formatProblem);
}

describe('a YAML document', () => {
  test('is read with its defaults', () => {
    const read = readYaml('name: pizza\nitems: [{id: 1}]\n', 'x.yaml', schema);
    expect(read).toEqual({ ok: true, value: { name: 'pizza', kind: 'alpha', items: [{ id: 1 }] } });
  });

  test('tells every mistake at once, each at its own line and column', () => {
    const text = 'name: much too long\nitems:\n  - id: one\n  - {id: 2, noet: hm}\nkind: alhpa\n';
    expect(problemsOf(text)).toEqual([
      'x.yaml:1:7 name: is too long. Fix: give at most 8 character(s)',
      'x.yaml:5:7 kind: has a value that is not accepted (did you mean "alpha"?). Fix: use one of alpha, beta',
      'x.yaml:3:9 items[0].id: must be a number. Fix: give a number',
      'x.yaml:4:13 items[1].noet: is not a known name (did you mean "note"?). Fix: write note, or remove it',
    ]);
  });

  test('tells a missing field at the start of the mapping that lacks it', () => {
    expect(problemsOf('items:\n  - id: 1\n')).toEqual([
      'x.yaml:1:1 name: is missing. Fix: add it; give text, in quotes where it looks like a number',
    ]);
  });

  test('explains the nearest form where several are accepted', () => {
    expect(problemsOf('name: a\neither: [{hwo: me}]\n').join('\n')).toContain('either[0].hwo: is not a known name');
  });

  test.each([
    ['a duplicate key', 'name: a\nname: b\n', 'x.yaml:2:1: is not valid YAML 1.2'],
    ['a second document', 'name: a\n---\nname: b\n', 'more than one YAML document'],
    ['a custom tag', 'name: !secret abc\n', 'Unresolved tag'],
    ['an older YAML version', '%YAML 1.1\n---\nname: yes\n', 'another YAML version'],
    ['an unresolved alias', 'name: *gone\n', 'alias'],
    ['a mapping as a key', '? {a: 1}\n: 2\n', 'keys must be strings'],
    ['a hundred thousand open brackets', '['.repeat(100_000), 'nested deeper than'],
    ['more than 16 MiB', `# ${'x'.repeat(16 * 1024 * 1024)}\nname: a\n`, 'is larger than'],
    ['a prototype key', '__proto__: {name: a}\nname: b\n', '__proto__: is not a known name'],
    ['nothing', '', 'must be an object'],
  ])('is refused for %s', (_what, text, expected) => {
    const [first, ...others] = problemsOf(text);
    expect(first).toContain(expected);
    expect(others).toEqual([]);
  });

  test('is refused when its aliases expand too far', () => {
    const lines = Array.from({ length: 9 }, (_, level) => {
      const items = level === 0 ? 'x' : `*a${level - 1}`;
      return `  a${level}: &a${level} [${Array(9).fill(items).join(', ')}]`;
    });
    expect(problemsOf(`name: a\nfree:\n${lines.join('\n')}\n`)[0]).toContain('aliases that expand too far');
  });

  test('never has a value repeated in its problems', () => {
    const text = 'name: [hunter2-hunter2]\nkind: hunter2\nfree: hunter2\nbad: hunter2\nitems: !hunter2 []\n';
    const all = [...problemsOf(text), ...problemsOf(text.replace('!hunter2 ', '')), ...problemsOf('a: {hunter2: [}')];
    expect(all.length).toBeGreaterThan(4);
    expect(all.join('\n')).not.toContain('hunter2');
  });
});

describe('a JSON value', () => {
  test('with very many mistakes has 20 of them explained, the known names once, and the others counted', () => {
    const unknown = Object.fromEntries(Array.from({ length: 95_000 }, (_, index) => [`stranger-${index}`, 1]));
    const read = readParsed({ name: 'a', ...unknown, items: [{ id: 1, stranger: 1 }] }, schema);
    const problems = read.ok ? [] : read.problems.map(formatProblem);
    expect(problems).toHaveLength(21);
    expect(problems[0]).toBe('body items[0].stranger: is not a known name. Fix: remove it; known are id, note');
    expect(problems[1]).toContain('stranger-0: is not a known name. Fix: remove it; known are name, kind');
    expect(problems[2]).toBe('body stranger-1: is not a known name. Fix: remove it');
    expect(problems.at(-1)).toBe('body: and 94981 more problem(s). Fix: correct these first');
    expect(problems.filter((problem) => problem.includes('known are name'))).toHaveLength(1);
  });

  test('with exactly 20 mistakes has them all explained', () => {
    const unknown = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`stranger-${index}`, 1]));
    const read = readParsed({ name: 'a', ...unknown }, schema);
    expect(read.ok ? [] : read.problems.map(({ field }) => field)).toEqual(Object.keys(unknown));
  });

  test('with very many mistakes inside one of several forms is refused like any other', () => {
    const read = readParsed({ name: 'a', either: Array(200_000).fill({ who: 1 }) }, schema);
    expect(read.ok ? [] : read.problems.map(({ field }) => field).slice(-2)).toEqual(['either[19].who', '']);
  });

  test('is judged by the same schema, without a place in a text', () => {
    const read = readParsed({ name: 'a', knid: 'beta' }, schema);
    expect(read.ok ? [] : read.problems.map(formatProblem)).toEqual([
      'body knid: is not a known name (did you mean "kind"?). Fix: write kind, or remove it',
    ]);
  });

  test('cannot reach the prototype of what is read', () => {
    const read = readParsed(JSON.parse('{"name":"a","free":{"__proto__":{"polluted":true}}}'), schema);
    expect(read.ok && (read.value.free as Record<string, unknown>)['polluted']).toBe(undefined);
    expect(({} as Record<string, unknown>)['polluted']).toBe(undefined);
  });
});
