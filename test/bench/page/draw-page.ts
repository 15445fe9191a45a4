// Draws docs/performance.md from the latest run that is kept: the prose is written by people in the template beside this, every figure
// comes from here. A test compares.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { latestRun, type RunRecord } from '../run-record.ts';
import { type Figures, figuresOf } from './figures.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const TEMPLATE = fileURLToPath(new URL('./performance-template.md', import.meta.url));
const BANNER =
  '<!-- Drawn by `npx node test/bench/page/draw-page.ts` from test/bench/results and test/bench/page/performance-template.md. -->';
const NO_RUN = 'No run is kept in `test/bench/results` yet, so there are no figures. `npm run bench` makes them.';
const NO_FIGURES: Figures = { places: { run: NO_RUN }, plots: {} };

/** Files below `docs/` as they should be: the page and its plots; without a run it says so. */
export function drawnFiles(run: RunRecord | undefined = latestRun()): Readonly<Record<string, string>> {
  const { places, plots } = run === undefined ? NO_FIGURES : figuresOf(run);
  const template = readFileSync(TEMPLATE, 'utf8');
  const page = template.replace(/^\{\{(\w+)\}\}$/gm, (_, place: string) => {
    const text = places[place];
    if (text === undefined && run !== undefined) throw new Error(`the template has a place ${place} for nothing`);
    return text ?? '';
  });
  const drawn = Object.entries(plots).map(([name, svg]) => [`performance/${name}`, svg]);
  return { 'performance.md': `${BANNER}\n\n${page.replaceAll(/\n{3,}/g, '\n\n')}`, ...Object.fromEntries(drawn) };
}

/** Writes them. */
export function drawPage(): void {
  mkdirSync(join(DOCS, 'performance'), { recursive: true });
  for (const [path, text] of Object.entries(drawnFiles())) writeFileSync(join(DOCS, path), text);
}

if (import.meta.main) drawPage();
