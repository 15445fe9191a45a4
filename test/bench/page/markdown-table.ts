// How figures are written on the page: a table of Markdown, a spread, a size. It works nothing out.

import type { Spread } from '../statistics.ts';

/** In place of a figure that there is none of. */
export const NOT_MEASURED = 'not measured';

/** The first column is for names, the others for figures. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** The median, with the smallest and the largest. */
export function spreadText({ min, median, max }: Spread, digits: number): string {
  const text = (figure: number) => figure.toFixed(digits);
  return `${text(median)} (${text(min)}–${text(max)})`;
}

/** Whole MiB. */
export function mib(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString('en');
}
