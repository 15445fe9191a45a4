// A key manager as an admin would write it, and what its type makes of it.

import type { FieldProblem } from '../../../src/domain/field-problem.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';
import {
  type JudgedWithWarnings,
  type JudgeOptions,
  judgeKeyManager,
} from '../../../src/keymanagers/judge-key-manager.ts';
import { resolveKeyManager } from '../../../src/keymanagers/resolve-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';

export function dto(changes: Partial<KeyManagerDto> = {}): KeyManagerDto {
  return {
    name: 'Sample',
    type: 'CustomKeyManager',
    issuer: 'https://idp.example/',
    certificates: { type: 'JWKS', value: 'https://idp.example/jwks' },
    ...changes,
  };
}

export const DEFAULTS = {
  clockSkewSeconds: 30,
  maxLifetimeSeconds: 86_400,
  introspection: { ttlSeconds: 60, timeoutMs: 300 },
  limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
};

const CHECKS = {
  urlProblem: (url: string) => (url.startsWith('https://') ? undefined : 'must begin with https://'),
  pemProblem: (value: string) => (value.includes('BEGIN') ? undefined : 'holds no PEM certificate or public key'),
};

export function judge(changes: Partial<KeyManagerDto>, over: Partial<JudgeOptions> = {}) {
  return judgeKeyManager(dto(changes), { types: BUILT_IN_TYPES, checks: CHECKS, origin: 'admin_side', ...over });
}

/** What is wrong, by field. */
export function problemsOf(
  changes: Partial<KeyManagerDto>,
  over: Partial<JudgeOptions> = {},
): Readonly<Record<string, string>> {
  const told = judge(changes, over);
  const problems: readonly FieldProblem[] = 'problems' in told ? told.problems : [];
  return Object.fromEntries(problems.map(({ field, message }) => [field, message]));
}

/** One that is known to be in order. */
export function judged(changes: Partial<KeyManagerDto> = {}, over: Partial<JudgeOptions> = {}): JudgedWithWarnings {
  const told = judge(changes, over);
  if ('problems' in told) throw new Error(JSON.stringify(told.problems));
  return told;
}

/** Judged, stored and resolved, as it decides. */
export function resolved(changes: Partial<KeyManagerDto> = {}, over: Partial<JudgeOptions> = {}): KeyManager {
  const { dto: masked, secrets } = judged(changes, over);
  const stored = { id: 'id-1', organization: 'carbon.super', sequence: 1, version: 1, dto: masked, secrets };
  const keyManager = resolveKeyManager(stored, DEFAULTS, BUILT_IN_TYPES);
  if (keyManager === undefined) throw new Error('not resolved');
  return keyManager;
}
