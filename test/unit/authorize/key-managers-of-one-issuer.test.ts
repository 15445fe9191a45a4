// Two key managers with one issuer: their rules alone choose between them, and the chosen one has the last word.

import { expect, test } from 'vitest';
import { sampleApi, sampleKeyManager } from '../domain/catalog-samples.ts';
import { decide, type Scene, type Witness } from './world-sample.ts';

const BLUE = sampleKeyManager({ id: 'km-blue', name: 'Blue', jwtRules: [{ tenant: 'blue' }] });
const GREEN = sampleKeyManager({ id: 'km-green', name: 'Green', jwtRules: [{ tenant: 'green' }] });
const scene = (tenant: string, over: Partial<Scene> = {}): Partial<Scene> => ({
  apis: [sampleApi({ keyManagers: 'all', subscriptionValidation: false })],
  keyManagers: [BLUE, GREEN],
  claims: { iss: 'https://partner.example', tenant },
  ...over,
});

test('the one whose rule claims the token is asked, whatever their order', () => {
  for (const keyManagers of [
    [BLUE, GREEN],
    [GREEN, BLUE],
  ]) {
    const witness: Witness = { asked: [] };
    expect(decide(scene('green', { keyManagers }), witness)).toMatchObject({ outcome: 'allow' });
    expect(witness.asked).toEqual(['Green']);
  }
});

test('the refusal of the chosen one is final: no other is tried', () => {
  const witness: Witness = { asked: [] };
  const proof = { kind: 'refused', reason: 'signature_invalid', evidence: {} } as const;
  expect(decide(scene('green', { proof }), witness)).toMatchObject({ outcome: 'deny', reason: 'signature_invalid' });
  expect(witness.asked).toEqual(['Green']);
});

test('an unavailable chosen one is a fault: no other is tried', () => {
  const witness: Witness = { asked: [] };
  const proof = { kind: 'unavailable', reason: 'key_set_unavailable', evidence: {} } as const;
  expect(decide(scene('blue', { proof }), witness)).toMatchObject({ outcome: 'fault' });
  expect(witness.asked).toEqual(['Blue']);
});

test('a token that the rules give to a key manager which the API does not list is not given to the one it lists', () => {
  const witness: Witness = { asked: [] };
  const apis = [sampleApi({ keyManagers: ['km-green'] })];
  expect(decide(scene('blue', { apis }), witness)).toMatchObject({ outcome: 'deny', reason: 'token_not_claimed' });
  expect(witness.asked).toEqual([]);
});
