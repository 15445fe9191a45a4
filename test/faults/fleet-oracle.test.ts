// The oracle that a fleet's history is held against can tell right from wrong: what it must find, and what it must leave alone.

import { beforeEach, describe, expect, test } from 'vitest';
import { FleetOracle, type Observation } from './fleet-oracle.ts';

const BOUNDS = { fromHub: 100, fromFollower: 500 };
const FACT = 'subscription:a/b';
const OTHER = 'client:a';

let oracle: FleetOracle;
beforeEach(() => {
  oracle = new FleetOracle(BOUNDS);
  oracle.begin(FACT, 'UNBLOCKED');
  oracle.begin(OTHER, 'open');
});

const write = (value: string, sentAt: number, ackedAt: number, member = 0) =>
  oracle.wrote({ fact: FACT, value, sentAt, ackedAt, member });
const seen = (outcome: string, sentAt: number, more: Partial<Observation> = {}) =>
  oracle.observed({ member: 1, facts: [FACT, OTHER], sentAt, answeredAt: sentAt + 1, outcome, ...more });
const judged = () => {
  const { allows, denials } = oracle.judge((outcome) => outcome === 'fault').wrong;
  return { allows: allows.length, denials: denials.length };
};

test('an allow after the bound is wrong, within it it is not', () => {
  write('BLOCKED', 1_000, 1_010);
  seen('allow', 1_050);
  seen('subscription_blocked', 1_050);
  expect(judged()).toEqual({ allows: 0, denials: 0 });
  seen('allow', 1_111);
  expect(judged()).toEqual({ allows: 1, denials: 0 });
});

test('at the member that took the write there is no bound', () => {
  write('BLOCKED', 1_000, 1_010);
  seen('allow', 1_011, { member: 0 });
  expect(judged()).toEqual({ allows: 1, denials: 0 });
});

test('a denial is wrong where every fact that may be known lets it pass', () => {
  seen('subscription_blocked', 900);
  expect(judged()).toEqual({ allows: 0, denials: 1 });
  write('BLOCKED', 1_000, 1_010);
  write('UNBLOCKED', 2_000, 2_010);
  seen('subscription_blocked', 2_050);
  expect(judged()).toEqual({ allows: 0, denials: 1 });
  seen('subscription_blocked', 2_111);
  seen('fault', 2_111);
  expect(judged()).toEqual({ allows: 0, denials: 2 });
});

test('what is being written while it decides may be known, or not', () => {
  write('BLOCKED', 1_000, 1_010);
  write('UNBLOCKED', 5_000, 5_010);
  seen('allow', 4_990, { answeredAt: 5_001 });
  seen('allow', 4_980, { answeredAt: 4_990 });
  expect(judged()).toEqual({ allows: 1, denials: 0 });
});

describe('a member that is cut off', () => {
  test('need not know what is written meanwhile, until some time after it was seen in step', () => {
    const disturbance = oracle.disturb([1], 900);
    write('BLOCKED', 1_000, 1_010);
    disturbance.to = 3_000;
    seen('allow', 3_050);
    expect(judged()).toEqual({ allows: 0, denials: 0 });
    seen('allow', 3_101);
    expect(judged()).toEqual({ allows: 1, denials: 0 });
  });

  test('must still know what it knew before', () => {
    write('BLOCKED', 1_000, 1_010);
    oracle.disturb([1], 2_000);
    seen('allow', 2_500);
    expect(judged()).toEqual({ allows: 1, denials: 0 });
  });

  test('excuses nobody else', () => {
    oracle.disturb([2], 900);
    write('BLOCKED', 1_000, 1_010);
    seen('allow', 1_200);
    expect(judged()).toEqual({ allows: 1, denials: 0 });
  });

  test('is waited for by all where it took the write', () => {
    const disturbance = oracle.disturb([2], 900);
    oracle.wrote({ fact: OTHER, value: 'revoked', sentAt: 1_000, ackedAt: 1_010, member: 2 });
    disturbance.to = 3_000;
    seen('allow', 3_400);
    seen('allow', 1_011, { member: 2 });
    expect(judged()).toEqual({ allows: 1, denials: 0 });
    seen('allow', 3_501);
    expect(judged()).toEqual({ allows: 2, denials: 0 });
  });
});
