// What others cost, as a share of a floor like ours: measured by the project on another day on a machine of the same kind, with the same
// request, load on one core and the server on another. Nobody can draw these anew from a run, so they stand here and are told as such.

import { GOALS } from './goals.ts';

/** The same four questions for everybody. */
export const QUESTIONS = [
  { name: 'hot RS256', scenario: 'S1', contestant: 'gatehouse' },
  { name: 'first sight', scenario: 'S3', contestant: 'first sight' },
  { name: '50 issuers', scenario: 'S4', contestant: '50 key managers' },
  { name: 'bad signature', scenario: 'S7', contestant: 'bad signature' },
] as const;

/** Shares in the order of {@link QUESTIONS}. */
export const OTHERS: Readonly<Record<string, readonly number[]>> = {
  heimdall: [0.27, 0.29, 0.03, 0.41],
  Authorino: [0.19, 0.15, 0.01, 0.11],
  'OPA-Envoy': [0.15, 0.15, 0.12, 0.19],
};

/** Servers that decide nothing, for scale; hot only. */
export const BARE: Readonly<Record<string, number>> = { 'bare node:http2': 1.3, 'bare grpc-go, always OK': 1.7 };

/** The goal of a question; undefined where there is none. */
export function goalOf(scenario: string, contestant: string): number | undefined {
  return GOALS.find((goal) => goal.scenario === scenario && goal.shareOf === contestant)?.atLeast;
}
