// Nobody types a figure into the performance page: it and its plots are what the script draws from the latest run.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawnFiles } from '../bench/page/draw-page.ts';
import { TOP } from './source-files.ts';

test.each(Object.entries(drawnFiles()))('docs/%s is what the script draws', (path, text) => {
  const file = join(TOP, 'docs', path);
  const written = existsSync(file) ? readFileSync(file, 'utf8') : '';
  expect(written, 'run: npx node test/bench/page/draw-page.ts').toBe(text);
});
