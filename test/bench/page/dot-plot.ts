// Draws dots with the line that they lie on, one row for each thing that is compared, as an SVG that reads on light and dark pages.

/** One row: its dots, and how far its line reaches. */
export interface DotRow {
  readonly label: string;
  readonly dots: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** A plot. */
export interface DotPlot {
  readonly title: string;
  readonly scale: 'linear' | 'logarithmic';
  /** Values with a vertical line and a label at the axis. */
  readonly marks: readonly number[];
  readonly rows: readonly DotRow[];
}

const LABEL_WIDTH = 300;
const PLOT_WIDTH = 480;
const ROW_HEIGHT = 18;
const TOP = 44;
const MARGIN = 24;
const COLOUR = '#3b82c4';
const INK = '#888888';

/** The plot as the text of an SVG file. */
export function drawDots({ title, scale, marks, rows }: DotPlot): string {
  const height = TOP + rows.length * ROW_HEIGHT + MARGIN;
  const place = scale === 'linear' ? (value: number) => value : Math.log10;
  const values = [...marks, ...rows.flatMap(({ from, to, dots }) => [from, to, ...dots])].map(place);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (value: number) => round(LABEL_WIDTH + ((place(value) - low) / (high - low || 1)) * PLOT_WIDTH);
  const parts = [
    `<title>${escaped(title)}</title>`,
    `<text x="0" y="16" font-weight="bold">${escaped(title)}</text>`,
    ...marks.flatMap((mark) => [
      `<line x1="${x(mark)}" x2="${x(mark)}" y1="${TOP - 8}" y2="${height - MARGIN}" stroke="${INK}" stroke-opacity="0.4"/>`,
      `<text x="${x(mark)}" y="${TOP - 12}" text-anchor="middle" font-size="11">${mark}</text>`,
    ]),
    ...rows.flatMap(({ label, dots, from, to }, at) => {
      const y = TOP + (at + 0.5) * ROW_HEIGHT;
      return [
        `<text x="${LABEL_WIDTH - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`,
        `<line x1="${x(from)}" x2="${x(to)}" y1="${y}" y2="${y}" stroke="${COLOUR}" stroke-width="2"/>`,
        ...dots.map((dot) => `<circle cx="${x(dot)}" cy="${y}" r="4" fill="${COLOUR}"/>`),
      ];
    }),
  ];
  const width = LABEL_WIDTH + PLOT_WIDTH + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    ...parts.map((part) => `  ${part}`),
    '</svg>\n',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
