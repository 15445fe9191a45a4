import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = new URL('../../../../src/app/deciding-side/collect-young.ts', import.meta.url).href;

// A flag that V8 does not know changes nothing; V8 only says so where nobody looks.
test('this V8 knows each flag', async () => {
  const script = `(await import(${JSON.stringify(MODULE)})).collectYoung(); console.log('set')`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect({ stdout, stderr }).toEqual({ stdout: 'set\n', stderr: '' });
});
