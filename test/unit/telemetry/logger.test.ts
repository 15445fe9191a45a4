// The log: its form, its belt against secrets, and a reader that does not read.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLogSink } from '../../../src/telemetry/log-sink.ts';
import { createLogger, decisionWriter } from '../../../src/telemetry/logger.ts';
import { temporaryFolder } from '../../rig/temporary-folder.ts';

const SINK_MODULE = new URL('../../../src/telemetry/log-sink.ts', import.meta.url).href;

function linesOf(level: string, write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger(level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('a log line', () => {
  test('is JSON with the time in UTC and the level by name', () => {
    const [line] = linesOf('info', (logger) => logger.warn({ api: 'pizza' }, 'careful'));
    expect(line).toMatchObject({
      level: 'warn',
      api: 'pizza',
      msg: 'careful',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('below the level is not written', () => {
    expect(linesOf('warn', (logger) => logger.info('quiet'))).toEqual([]);
  });

  test('about a decision has the form of all others', () => {
    const [own] = linesOf('info', (logger) => logger.info({ outcome: 'deny' }, 'decision'));
    const lines: string[] = [];
    const write = decisionWriter({ write: (line) => lines.push(line) }, () => Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    write({ outcome: 'deny', host: undefined });
    write({ outcome: 'deny', path: 'a\n{"level":"fatal"}"\\\ud800' });
    expect(lines.map((line) => line.trimEnd().split('\n').length)).toEqual([1, 1]);
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).toEqual({ ...own, time: '2026-01-02T03:04:05.678Z' });
    expect(Object.keys(first)).toEqual(Object.keys(own ?? {}));
    expect(second).toMatchObject({ path: 'a\n{"level":"fatal"}"\\\ud800', msg: 'decision' });
  });

  test('has secrets that were put in by mistake replaced', () => {
    const [line] = linesOf('info', (logger) =>
      logger.info({ token: 'hunter2', headers: { authorization: 'hunter2' } }),
    );
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });

  test('with a line break in a value stays one line', () => {
    const lines: string[] = [];
    createLogger('info', { write: (line) => lines.push(line) }).info({ path: 'a\n{"level":"fatal"}' });
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('the sink', () => {
  test('writes to a file all that it was given', async () => {
    const file = join(temporaryFolder(), 'log');
    const fd = openSync(file, 'a');
    const sink = openLogSink(fd);
    for (let index = 0; index < 1000; index += 1) sink.write(`${index}\n`);
    await sink.flush(10_000);
    closeSync(fd);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1000);
    expect(sink.dropped()).toBe(0);
  });

  test('that cannot write drops and counts, and writes whole lines again when it can', () => {
    const file = join(temporaryFolder(), 'log');
    // A descriptor that takes no writes, in whose place one that does is put, as when a full disk gets room again.
    const program = `import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
      import { setTimeout as delay } from 'node:timers/promises';
      import { openLogSink } from ${JSON.stringify(SINK_MODULE)};
      const file = ${JSON.stringify(file)};
      writeFileSync(file, 'half a li');
      const fd = openSync(file, 'r');
      const sink = openLogSink(fd, 10);
      for (let index = 0; index < 3; index += 1) sink.write('lost\\n');
      while (sink.dropped() < 3) await delay(1);
      sink.write('lost too\\n');
      closeSync(fd);
      if (openSync(file, 'a') !== fd) throw new Error('the descriptor is another one');
      let written = 4;
      while (!readFileSync(file, 'utf8').includes('kept')) {
        sink.write('kept ' + written + '\\n');
        written += 1;
        await delay(1);
      }
      await sink.flush(10_000);
      process.stdout.write(JSON.stringify({ written, dropped: sink.dropped() }));
      process.exit(0);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    const { written, dropped } = JSON.parse(out) as { written: number; dropped: number };
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('half a li');
    expect(lines.slice(1).filter((line) => line !== '')).toEqual(
      Array.from({ length: written - dropped }, (_, index) => `kept ${dropped + index}`),
    );
    expect(dropped).toBeGreaterThanOrEqual(4);
  });

  test('writes to a pipe all that it was given before the exit', () => {
    const program = `import { openLogSink } from ${JSON.stringify(SINK_MODULE)};
      const sink = openLogSink(1);
      for (let index = 0; index < 5000; index += 1) sink.write(index + '\\n');
      await sink.flush(10_000);
      process.exit(0);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(out.trimEnd().split('\n')).toHaveLength(5000);
  });

  test('whose reader never reads drops lines, keeps the event loop going and lets the process end', async () => {
    const program = `import { openLogSink } from ${JSON.stringify(SINK_MODULE)};
      const sink = openLogSink(1);
      const line = 'x'.repeat(1023) + '\\n';
      let written = 0;
      const timer = setInterval(() => {
        for (let index = 0; index < 4096; index += 1) sink.write(line);
        written += 4096;
        if (sink.dropped() === 0) return;
        clearInterval(timer);
        sink.flush(100).then(() => {
          process.stderr.write(JSON.stringify({ written, dropped: sink.dropped() }));
          process.exit(0);
        });
      }, 1);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pause();
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const said = once(child.stderr, 'end');
    const [code] = await once(child, 'exit');
    await said;
    const { written, dropped } = JSON.parse(told) as { written: number; dropped: number };
    expect(code).toBe(0);
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(written);
  });
});
