// Draws docs/performance.md from the latest run that is kept: the prose is written by people, every figure by this. A test compares.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { latestRun } from '../run-record.ts';
import { figuresOf } from './figures.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const BEGIN =
  '<!-- Drawn by `npx node test/bench/page/draw-page.ts` from test/bench/results: edit nothing below this line. -->';
const NO_RUN = 'No run is kept in `test/bench/results` yet, so there are no figures. `npm run bench` makes them.';

/** Files below `docs/` as they should be: the page with what it says now above the figures, and its plots. */
export function drawnFiles(): Readonly<Record<string, string>> {
  const [prose = '', rest] = readFileSync(join(DOCS, 'performance.md'), 'utf8').split(BEGIN);
  if (rest === undefined) throw new Error(`docs/performance.md must have the line ${BEGIN}`);
  const run = latestRun();
  const { markdown, plots } = run === undefined ? { markdown: NO_RUN, plots: {} } : figuresOf(run);
  const drawn = Object.entries(plots).map(([name, svg]) => [`performance/${name}`, svg]);
  return { 'performance.md': `${prose}${BEGIN}\n\n${markdown}\n`, ...Object.fromEntries(drawn) };
}

/** Writes them. */
export function drawPage(): void {
  mkdirSync(join(DOCS, 'performance'), { recursive: true });
  for (const [path, text] of Object.entries(drawnFiles())) writeFileSync(join(DOCS, path), text);
}

if (import.meta.main) drawPage();
