// What is made of measured figures: spreads over rounds, percentiles within one. It knows no units.

/** The smallest, the middle and the largest of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Of an even number of figures the median is the mean of the two in the middle. Throws when there are none. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number) => {
    const figure = sorted[index];
    if (figure === undefined) throw new Error('no figures to make a spread of');
    return figure;
  };
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) };
}

/** The figure that this share of all does not exceed (nearest rank); `sorted` ascends. Throws when there are none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const figure = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (figure === undefined) throw new Error('no figures to take a percentile of');
  return figure;
}

/** What the figures grow by from one to the next: the slope of the line that fits them best (least squares). */
export function slopeOf(figures: readonly number[]): number {
  const middle = (figures.length - 1) / 2;
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  let rise = 0;
  let run = 0;
  for (const [at, figure] of figures.entries()) {
    rise += (at - middle) * (figure - mean);
    run += (at - middle) ** 2;
  }
  return rise / run;
}
