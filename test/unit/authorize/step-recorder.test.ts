import { expect, test } from 'vitest';
import { StepRecorder } from '../../../src/authorize/step-recorder.ts';
import { sampleApi } from '../domain/catalog-samples.ts';
import { decide } from './world-sample.ts';

/** A clock that moves on by a millisecond at each look. */
function tickingClock(): () => number {
  let ms = 0;
  return () => ms++;
}

test('notes each step up to the one that refused, with its evidence and its time', () => {
  const recorder = new StepRecorder(tickingClock());
  decide({ apis: [sampleApi({ keyManagers: ['km-other'] })] }, undefined, recorder);
  expect(recorder.steps.at(-1)).toEqual({
    step: 'key_manager',
    outcome: 'deny',
    reason: 'key_manager_not_allowed',
    evidence: { issuer: 'https://partner.example', key_managers: ['PartnerKM'], api: 'Pizza' },
    us: 1000,
  });
  expect(recorder.steps.slice(0, -1).every(({ outcome }) => outcome === 'passed')).toBe(true);
});

test('never holds the token', () => {
  const recorder = new StepRecorder(tickingClock());
  decide({ headers: { authorization: ['Bearer good-secret-token'] } }, undefined, recorder);
  expect(recorder.steps.length).toBe(19);
  expect(JSON.stringify(recorder.steps)).not.toContain('good-secret-token');
});
