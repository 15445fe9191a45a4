import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NODE_FLAGS } from '../../../../src/app/workers/node-flags.ts';

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test('the image starts Node with the flags that workers get', () => {
  const entry = /^ENTRYPOINT (.+)$/m.exec(read('Dockerfile'))?.[1] ?? '';
  expect(JSON.parse(entry)).toEqual(['node', ...NODE_FLAGS, 'dist/main.js']);
});

test('npm start does too', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(scripts['start']).toBe(`node ${NODE_FLAGS.join(' ')} src/main.ts serve`);
});
