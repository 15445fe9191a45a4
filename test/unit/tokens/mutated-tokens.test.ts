import { expect, test } from 'vitest';
import { readToken } from '../../../src/tokens/reading/read-token.ts';
import { seededRandom } from '../../rig/seeded-random.ts';
import { ProverSample } from './prover-sample.ts';
import { claims, es256Key, jwks, rsaKey, signToken } from './token-sample.ts';

const keys = [es256Key('k1'), es256Key('k2'), rsaKey('r1')];
const originals = keys.flatMap((key, n) => [
  signToken(key, claims({ azp: `client-${n}` })),
  signToken(key, claims({ scope: 'admin' })),
]);

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ ';
const { below, pick } = seededRandom(7515);

/** A bit of the bytes behind one part. */
function flipBit(token: string): string {
  const parts = token.split('.');
  const at = below(3);
  const bytes = Buffer.from(parts[at] ?? '', 'base64url');
  const byte = below(bytes.length);
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << below(8));
  parts[at] = bytes.toString('base64url');
  return parts.join('.');
}

function swapPart(token: string): string {
  const parts = token.split('.');
  const at = below(3);
  parts[at] = pick(originals).split('.')[at] ?? '';
  return parts.join('.');
}

function splice(token: string): string {
  const at = below(token.length);
  return pick([
    () => token.slice(0, at) + pick(ALPHABET) + token.slice(at),
    () => token.slice(0, at) + pick(ALPHABET) + token.slice(at + 1),
    () => token.slice(0, at) + token.slice(at + 1 + below(8)),
    () => token.slice(0, at) + pick(originals).slice(at),
    () => token.slice(0, at),
  ])();
}

test('of a thousand mutated tokens none is proved, none throws, none is a defect', async () => {
  await using world = await new ProverSample().listen(jwks(...keys));
  for (const original of originals) expect(await world.outcome(original)).toBe('proved');
  const seen = new Map<string, number>();
  let judged = 0;
  while (judged < 1000) {
    const mutated = pick([flipBit, swapPart, splice])(pick(originals));
    if (originals.includes(mutated)) continue;
    judged++;
    const read = readToken(mutated);
    const outcome = 'reason' in read ? read.reason : read.kind === 'opaque' ? 'opaque' : await world.outcome(mutated);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  expect(seen.get('proved')).toBeUndefined();
  expect(seen.get('internal_error')).toBeUndefined();
  // The mutations reach every stage; if they all died at the first, this would prove little.
  for (const reason of ['token_malformed', 'opaque', 'algorithm_not_allowed', 'signature_invalid', 'claims_malformed'])
    expect(seen.get(reason) ?? 0, reason).toBeGreaterThan(0);
});
