// Every file of a type goes through this with its fixtures, listed or not: its discovery document becomes a key manager that can be
// written, its access tokens are proved by the keys of its key set, its other tokens are refused, its introspection replies are read.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pickKeyManager } from '../../src/authorize/pick-key-manager.ts';
import { isRefusal } from '../../src/domain/decision.ts';
import type { KeyManager } from '../../src/domain/key-manager.ts';
import type { KeyManagerDto } from '../../src/domain/key-manager-dto.ts';
import { keyManagerIndexOf } from '../../src/domain/key-manager-index.ts';
import { SECRET_MASK } from '../../src/domain/secret-fields.ts';
import { discoverKeyManager } from '../../src/keymanagers/discover-key-manager.ts';
import { judgeKeyManager } from '../../src/keymanagers/judge-key-manager.ts';
import type { KeyManagerType } from '../../src/keymanagers/key-manager-type.ts';
import { resolveKeyManager } from '../../src/keymanagers/resolve-key-manager.ts';
import { BUILT_IN_TYPES, keyManagerTypesOf } from '../../src/keymanagers/types.ts';
import { readToken } from '../../src/tokens/reading/read-token.ts';
import { sampleApi } from '../unit/domain/catalog-samples.ts';
import { ProverSample } from '../unit/tokens/prover-sample.ts';
import { jwks, NOW_MS, rsaKey, signToken } from '../unit/tokens/token-sample.ts';

const ROOM = join(import.meta.dirname, '../../src/keymanagers');
const FIXTURES = join(import.meta.dirname, '../fixtures/keymanagers');

type Json = Readonly<Record<string, unknown>>;

interface Sample {
  readonly name: string;
  readonly reason?: string;
  readonly facts?: Json;
}

/** Changes to the DTO that its discovery document makes; null takes a field away. */
type DtoChanges = Json;

interface Fixture {
  readonly discovery: readonly { readonly url: string; readonly document: Json; readonly dto?: DtoChanges }[];
  readonly dto: DtoChanges;
  /** Members of its keys beside the key itself. */
  readonly jwk: Json;
  readonly accepted: readonly (Sample & { readonly header: Json; readonly claims: Json; readonly dto?: DtoChanges })[];
  readonly refused: readonly (Sample & { readonly header: Json; readonly claims: Json })[];
  readonly introspection: {
    readonly accepted: readonly (Sample & { readonly reply: Json })[];
    readonly refused: readonly (Sample & { readonly reply: Json })[];
  };
  readonly opaque: { readonly claimed: readonly string[]; readonly notClaimed: readonly string[] };
}

const isType = (value: unknown): value is KeyManagerType =>
  typeof value === 'object' &&
  value !== null &&
  ['type', 'preset', 'displayName', 'discovery', 'notes'].every((name) => name in value);

const described = (
  await Promise.all(
    readdirSync(ROOM)
      .filter((file) => file.endsWith('.ts'))
      .map(async (file) => {
        const exported = Object.values((await import(join(ROOM, file))) as object);
        return exported.filter(isType).map((type) => [basename(file, '.ts'), type] as const);
      }),
  )
).flat();

test('every file that describes a type is on the list, and the list names nothing else', () => {
  const listed = [...BUILT_IN_TYPES.byType.values(), ...BUILT_IN_TYPES.byPreset.values()];
  expect(new Set(described.map(([, type]) => type))).toEqual(new Set(listed));
  expect(listed.length).toBe(25);
});

test('every fixture belongs to a type', () => {
  const files = readdirSync(FIXTURES).map((file) => basename(file, '.json'));
  expect(files.sort()).toEqual(described.map(([file]) => file).sort());
});

const CHECKS = { urlProblem: () => undefined, pemProblem: () => undefined };
const DEFAULTS = {
  clockSkewSeconds: 30,
  maxLifetimeSeconds: 86_400,
  introspection: { ttlSeconds: 60, timeoutMs: 300 },
  limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
};

describe.each(described)('%s', (file, type) => {
  const fixture = JSON.parse(readFileSync(join(FIXTURES, `${file}.json`), 'utf8')) as Fixture;
  const types = keyManagerTypesOf([type, ...BUILT_IN_TYPES.byType.values()]);
  const name = type.preset ?? type.type;
  const key = rsaKey();
  let sample: ProverSample;

  const discovered = (at = 0): KeyManagerDto => {
    const { url, document } = fixture.discovery[at] ?? { url: '', document: {} };
    const found = discoverKeyManager(name, url, document, types);
    if ('problems' in found) throw new Error(JSON.stringify(found.problems));
    return found.dto;
  };
  const changed = (dto: KeyManagerDto, ...changes: (DtoChanges | undefined)[]): KeyManagerDto => {
    let result = dto as unknown as Json;
    for (const change of changes) {
      const additionalProperties = {
        ...(result['additionalProperties'] as object),
        ...(change?.['additionalProperties'] as object),
      };
      const entries = Object.entries({ ...result, ...change, additionalProperties });
      result = Object.fromEntries(entries.filter(([, value]) => value !== null));
    }
    // What WSO2's connector was told in one form must not contradict the other.
    return { ...(result as unknown as KeyManagerDto), endpoints: [] };
  };
  const judged = (dto: KeyManagerDto) => {
    const told = judgeKeyManager(dto, { types, checks: CHECKS, origin: 'catalog_file' });
    if ('problems' in told) throw new Error(JSON.stringify(told.problems));
    return told;
  };
  const resolved = (dto: KeyManagerDto): KeyManager => {
    const { dto: masked, secrets } = judged(dto);
    const stored = { id: 'km', organization: 'carbon.super', sequence: 1, version: 1, dto: masked, secrets };
    const keyManager = resolveKeyManager(stored, DEFAULTS, types);
    if (keyManager === undefined) throw new Error('not resolved');
    return keyManager;
  };
  /** The whole way but for the addresses: pick, then proof by the keys of its key set, or by its introspection endpoint. */
  const verdict = async (text: string, keyManager: KeyManager) => {
    const near: KeyManager = {
      ...keyManager,
      keys: { kind: 'jwks', urls: [sample.server.url()], authorizationFile: null },
      introspection: keyManager.introspection && { ...keyManager.introspection, endpoint: sample.asked.url() },
    };
    const token = readToken(text);
    if (isRefusal(token)) return token;
    const picked = pickKeyManager(token, sampleApi({ keyManagers: 'all' }), keyManagerIndexOf([near]));
    if ('outcome' in picked) return picked;
    return sample.prover.prove(token, near, NOW_MS, { deadlineMs: NOW_MS + 5_000 });
  };

  beforeAll(async () => {
    const encryption = { ...rsaKey().jwk, use: 'enc', alg: 'RSA-OAEP', kid: fixture.jwk['kid'] };
    const served = jwks(encryption, { ...rsaKey().jwk, use: 'sig', kid: 'another' }, { ...key.jwk, ...fixture.jwk });
    sample = await new ProverSample().listen(served);
  });
  afterAll(() => sample[Symbol.asyncDispose]());

  test.each(fixture.discovery.map(({ url }, at) => [url, at] as const))('is made from %s', (_url, at) => {
    const { document = {}, dto } = fixture.discovery[at] ?? {};
    const found = discovered(at);
    expect(found).toMatchObject({
      type: type.type,
      issuer: document['issuer'],
      certificates: { type: 'JWKS', value: document['jwks_uri'] },
      enabled: true,
      enableSelfValidationJWT: true,
      enableMapOAuthConsumerApps: true,
    });
    for (const { name: endpoint, value } of found.endpoints ?? [])
      expect(Object.values(document), endpoint).toContain(value);
    expect(judged(changed(found, fixture.dto, dto)).issuers.length).toBeGreaterThan(0);
  });

  test('refuses a document that names another issuer', () => {
    const { url, document } = fixture.discovery[0] ?? { url: '', document: {} };
    const told = discoverKeyManager(name, url, { ...document, issuer: 'https://evil.example/' }, types);
    expect(told).toEqual({
      problems: [{ field: 'issuer', message: expect.stringContaining('https://evil.example/') }],
    });
  });

  test.each(fixture.accepted)('accepts a $name', async ({ header, claims, facts, dto }) => {
    const proof = await verdict(signToken(key, claims, header), resolved(changed(discovered(), fixture.dto, dto)));
    expect(proof).toMatchObject({ kind: 'proved', facts });
  });

  test.each(fixture.accepted)('refuses a $name that somebody else signed', async ({ header, claims, dto }) => {
    const proof = await verdict(signToken(rsaKey(), claims, header), resolved(changed(discovered(), fixture.dto, dto)));
    expect(proof).toMatchObject({ kind: 'refused', reason: 'signature_invalid' });
  });

  test.each(fixture.refused)('refuses a $name', async ({ header, claims, reason }) => {
    const told = await verdict(signToken(key, claims, header), resolved(changed(discovered(), fixture.dto)));
    expect(told).toMatchObject({ reason });
  });

  // An opaque token, without a rule of its own: the only key manager that introspects is asked.
  const opaque = fixture.opaque.claimed[0] ?? 'opaque';
  test.each([...fixture.introspection.accepted, ...fixture.introspection.refused])(
    'reads the introspection reply on a $name',
    async ({ reply, facts, reason }) => {
      sample.asked.body = JSON.stringify(reply);
      sample.remembered.clear();
      const told = await verdict(opaque, resolved(changed(discovered(), fixture.dto)));
      expect(told).toMatchObject(reason === undefined ? { kind: 'proved', facts } : { reason });
    },
  );

  test('claims its own opaque tokens and no others', () => {
    const { referenceRules } = resolved(changed(discovered(), fixture.dto));
    const claims = (text: string) => referenceRules.some((pattern) => pattern.matches(text));
    expect(fixture.opaque.claimed.filter((text) => !claims(text))).toEqual([]);
    expect(fixture.opaque.notClaimed.filter(claims)).toEqual([]);
    expect(fixture.opaque.claimed.length > 0).toBe(type.referencePattern !== null);
  });

  test('every setting that is a secret is taken out of what is stored and shown', () => {
    const masked = type.connection.filter(({ mask }) => mask).map((setting) => setting.name);
    const secrets = Object.fromEntries(masked.map((setting) => [setting, `canary-of-${setting}`]));
    const told = judged(changed(discovered(), fixture.dto, { additionalProperties: secrets }));
    expect(JSON.stringify(told.dto)).not.toContain('canary-of-');
    for (const setting of masked) {
      expect(told.dto.additionalProperties?.[setting]).toBe(SECRET_MASK);
      expect(told.secrets[`/additionalProperties/${setting}`]).toBe(JSON.stringify(`canary-of-${setting}`));
    }
  });

  test('has fixtures of users and machines, and of other tokens of the same issuer', () => {
    expect(fixture.accepted.length).toBeGreaterThanOrEqual(2);
    expect(fixture.refused.length).toBeGreaterThanOrEqual(1);
    if (type.introspection?.credentials != null) expect(fixture.introspection.accepted).not.toEqual([]);
    expect(type.quirks.every(({ what, why }) => what.endsWith('.') && why.endsWith('.'))).toBe(true);
  });
});
