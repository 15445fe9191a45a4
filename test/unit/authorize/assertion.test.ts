// The signed assertion in a decision: asked for last and only of what may pass, refused like any check, shown to no recorder.

import { expect, test } from 'vitest';
import type { Assertions } from '../../../src/authorize/ports.ts';
import { deny, type Known } from '../../../src/domain/decision.ts';
import { sampleApi, sampleDenyPolicy, sampleResource } from '../domain/catalog-samples.ts';
import { decide, type Scene } from './world-sample.ts';

const SECRET = 'secret.signed.jwt';

/** Assertions that answer this, and for whom they were asked. */
function assertionsOf(answer: ReturnType<Assertions['assertionFor']>) {
  const asked: Known[] = [];
  const assertions: Assertions = {
    assertionFor: (known) => {
      asked.push({ ...known });
      return answer;
    },
  };
  return { asked, scene: { world: { assertions } } satisfies Partial<Scene> };
}

test('is made of all that is known, and goes with the allow', async () => {
  const { asked, scene } = assertionsOf(SECRET);
  expect(await decide(scene)).toMatchObject({ outcome: 'allow', known: { assertion: SECRET } });
  expect(asked).toEqual([
    expect.objectContaining({
      api: expect.objectContaining({ name: 'Pizza' }),
      application: expect.objectContaining({ name: 'PizzaShack' }),
      subscription: expect.objectContaining({ id: 's-1' }),
      token: expect.objectContaining({ subject: 'alice' }),
      keyType: 'PRODUCTION',
    }),
  ]);
});

test('that cannot be made ends the request, or is left out, as its maker says', async () => {
  const refused = assertionsOf(deny('assertion_too_large', { limit_bytes: 1 }));
  expect(await decide(refused.scene)).toMatchObject({ outcome: 'deny', reason: 'assertion_too_large' });
  const none = await decide(assertionsOf(undefined).scene);
  expect(none.outcome).toBe('allow');
  expect(none.known).not.toHaveProperty('assertion');
});

test.each<[string, Partial<Scene>]>([
  ['a denied caller', { subscriber: { subscription: null } }],
  ['a caller whom a deny policy names', { denyPolicies: [sampleDenyPolicy({ type: 'USER', value: 'alice' })] }],
  ['a public resource', { apis: [sampleApi({ resources: [sampleResource({ authType: 'None' })] })] }],
])('is not made for %s', async (_, scene) => {
  const { asked, scene: world } = assertionsOf(SECRET);
  await decide({ ...scene, ...world });
  expect(asked).toEqual([]);
});

test('is hidden from recorders', async () => {
  const steps: [string, unknown][] = [];
  await decide(assertionsOf(SECRET).scene, undefined, { step: (name, result) => steps.push([name, result]) });
  expect(steps.at(-1)).toEqual(['assertion', 'passed']);
  expect(JSON.stringify(steps)).not.toContain(SECRET);
});
