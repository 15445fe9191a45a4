// Draws dots with the line that they lie on, one row for each thing that is compared, as an SVG that reads on light and dark pages.

/** One row: its dots, how far its line reaches, and a mark to be compared with. */
export interface DotRow {
  readonly label: string;
  readonly dots: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly goal?: number | undefined;
  /** Not ours: told apart by its colour. */
  readonly foreign?: boolean;
}

/** Rows under a heading. */
export interface DotGroup {
  readonly heading: string;
  readonly rows: readonly DotRow[];
}

/** A plot. */
export interface DotPlot {
  readonly title: string;
  /** What a dot and a mark mean. */
  readonly legend: string;
  readonly scale: 'linear' | 'logarithmic';
  /** Values with a vertical line and a label at the axis. */
  readonly marks: readonly number[];
  readonly groups: readonly DotGroup[];
}

const LABEL_WIDTH = 250;
const PLOT_WIDTH = 470;
const VALUE_WIDTH = 60;
const ROW_HEIGHT = 20;
const TOP = 64;
const MARGIN = 12;
const OURS = '#3b82c4';
const FOREIGN = '#9a8f7d';
const GOAL = '#d9542b';
const INK = '#7d8590';

/** The plot as the text of an SVG file. */
export function drawDots({ title, legend, scale, marks, groups }: DotPlot): string {
  const lines = groups
    .filter(({ rows }) => rows.length > 0)
    .flatMap(({ heading, rows }) => [{ heading }, ...rows] as const);
  const height = TOP + lines.length * ROW_HEIGHT + MARGIN;
  const width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;
  const place = scale === 'linear' ? (value: number) => value : Math.log10;
  const all = groups.flatMap(({ rows }) =>
    rows.flatMap(({ from, to, dots, goal = from }) => [from, to, goal, ...dots]),
  );
  const values = [...marks, ...all].map(place);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (value: number) => round(LABEL_WIDTH + ((place(value) - low) / (high - low || 1)) * PLOT_WIDTH);
  const parts = [
    `<title>${escaped(title)}</title>`,
    `<text x="0" y="16" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<text x="0" y="34" font-size="11">${escaped(legend)}</text>`,
    ...marks.flatMap((mark) => [
      `<line x1="${x(mark)}" x2="${x(mark)}" y1="${TOP - 6}" y2="${height - MARGIN}" stroke="${INK}" stroke-opacity="0.35"/>`,
      `<text x="${x(mark)}" y="${TOP - 10}" text-anchor="middle" font-size="11">${mark}</text>`,
    ]),
    ...lines.flatMap((line, at) => {
      const y = TOP + (at + 0.5) * ROW_HEIGHT;
      return 'heading' in line
        ? [`<text x="0" y="${y + 4}" font-weight="bold">${escaped(line.heading)}</text>`]
        : rowParts(line, y, x);
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    ...parts.map((part) => `  ${part}`),
    '</svg>\n',
  ].join('\n');
}

function rowParts({ label, dots, from, to, goal, foreign = false }: DotRow, y: number, x: (value: number) => number) {
  const colour = foreign ? FOREIGN : OURS;
  const [first = 0] = dots;
  return [
    `<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`,
    `<line x1="${x(from)}" x2="${x(to)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
    ...(goal === undefined
      ? []
      : [`<line x1="${x(goal)}" x2="${x(goal)}" y1="${y - 7}" y2="${y + 7}" stroke="${GOAL}" stroke-width="2"/>`]),
    ...dots.map((dot) => `<circle cx="${x(dot)}" cy="${y}" r="4" fill="${colour}"/>`),
    `<text x="${LABEL_WIDTH + PLOT_WIDTH + 12}" y="${y + 4}">${Number(first.toPrecision(3))}</text>`,
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
