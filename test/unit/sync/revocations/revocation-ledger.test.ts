import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Revocation } from '../../../../src/domain/revocation.ts';
import { RevocationLedger } from '../../../../src/sync/revocations/revocation-ledger.ts';

const NEVER = Number.NEGATIVE_INFINITY;
const one = (lifted: boolean, id = 'r') => ({ id, lifted }) as Revocation;

test('a lift is news where the revocation is kept, and the revocation is none where the lift is', () => {
  const ledger = new RevocationLedger();
  expect([ledger.isNews(one(false)), ledger.isNews(one(true))]).toEqual([true, true]);
  ledger.keep(one(false));
  expect([ledger.isNews(one(false)), ledger.isNews(one(true))]).toEqual([false, true]);
  ledger.keep(one(true));
  expect([ledger.isNews(one(false)), ledger.isNews(one(true))]).toEqual([false, false]);
});

test('the stream lacks what it never had, had too long ago, has only as it was before the lift, or lost', () => {
  const ledger = new RevocationLedger();
  ledger.keep(one(false));
  expect(ledger.isMissing(one(false), NEVER)).toBe(true);
  ledger.stream(one(false), 1_000);
  expect(ledger.isMissing(one(false), 1_000)).toBe(false);
  expect(ledger.isMissing(one(false), 1_001)).toBe(true);
  expect(ledger.isMissing(one(true), 1_000)).toBe(true);
  ledger.stream(one(true), 1_000);
  expect(ledger.isMissing(one(true), 1_000)).toBe(false);
  ledger.forgetStream();
  expect(ledger.isMissing(one(true), NEVER)).toBe(true);
});

test('one that could not be added is missing again', () => {
  const ledger = new RevocationLedger();
  ledger.stream(one(false), 1_000);
  ledger.unstream(one(false));
  expect(ledger.isMissing(one(false), NEVER)).toBe(true);
});

test('the order in which revocations and lifts come makes no difference', () => {
  const events = fc.array(fc.record({ id: fc.constantFrom('a', 'b'), lifted: fc.boolean() }), { minLength: 1 });
  const end = (order: readonly { readonly id: string; readonly lifted: boolean }[]) => {
    const ledger = new RevocationLedger();
    for (const { id, lifted } of order) {
      ledger.keep(one(lifted, id));
      ledger.stream(one(lifted, id), 1);
    }
    return ['a', 'b'].flatMap((id) =>
      [true, false].flatMap((lifted) => [ledger.isNews(one(lifted, id)), ledger.isMissing(one(lifted, id), 1)]),
    );
  };
  fc.assert(
    fc.property(
      events.chain((order) => fc.tuple(fc.constant(order), fc.shuffledSubarray(order, { minLength: order.length }))),
      ([order, shuffled]) => {
        expect(end(shuffled)).toEqual(end(order));
      },
    ),
  );
});
