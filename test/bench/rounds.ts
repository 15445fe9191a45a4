// The rule by which rounds are kept: in a round every contestant is measured once, in an order that turns from round to round;
// a round in which the machine or the client was disturbed is thrown away whole. It measures nothing itself.

import type { Measurement } from './measurement.ts';

/** How many rounds are wanted, and how many may be tried for them. */
export interface RoundRule {
  readonly keep: number;
  readonly atMost: number;
  /** Disturbed ones count too: it is only to be seen that everything works. */
  readonly evenDisturbed?: boolean;
}

/** Of what was tried. */
export interface Rounds {
  /** Each in the order of the contestants; fewer than wanted when too many were disturbed. */
  readonly kept: readonly (readonly Measurement[])[];
  /** Why each of the others was thrown away. */
  readonly thrownAway: readonly string[];
}

/** The full bench. */
export const FULL_RULE: RoundRule = { keep: 5, atMost: 20 };

/** More than this of the machine's time gone elsewhere, and a figure tells about the neighbours. */
const MAX_ELSEWHERE_SHARE = 0.15;
/** A busier client would be measured in place of the server. */
const MAX_CLIENT_SHARE = 0.8;

/** Measures round by round until enough are kept; `measure` gets the contestant's place. */
export async function gatherRounds(
  contestants: number,
  { keep, atMost, evenDisturbed = false }: RoundRule,
  measure: (contestant: number) => Promise<Measurement>,
): Promise<Rounds> {
  const kept: Measurement[][] = [];
  const thrownAway: string[] = [];
  while (kept.length < keep && kept.length + thrownAway.length < atMost) {
    const turn = kept.length + thrownAway.length;
    const round = new Array<Measurement>(contestants);
    let disturbance: string | undefined;
    for (let step = 0; step < contestants && disturbance === undefined; step++) {
      const contestant = (turn + step) % contestants;
      const measured = await measure(contestant);
      round[contestant] = measured;
      if (!evenDisturbed) disturbance = disturbanceOf(measured);
    }
    if (disturbance === undefined) kept.push(round);
    else thrownAway.push(disturbance);
  }
  return { kept, thrownAway };
}

/** Why a measurement does not count; undefined when it does. */
export function disturbanceOf({ name, spoilt, stealShare, othersShare, clientShare }: Measurement): string | undefined {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (spoilt !== undefined) return `${name}: ${spoilt}`;
  if (stealShare > MAX_ELSEWHERE_SHARE) return `${name}: ${percent(stealShare)} of the machine stolen`;
  if (othersShare > MAX_ELSEWHERE_SHARE)
    return `${name}: ${percent(othersShare)} of the machine used by other programs`;
  if (clientShare > MAX_CLIENT_SHARE) return `${name}: the client used ${percent(clientShare)} of its core`;
  return undefined;
}
