// An export that is applied elsewhere decides alike: over random catalogs, everything that a decision reads is the same there but for ids,
// into an empty installation and, with --prune, over whatever was there before.

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { adminCatalog } from '../../../../src/app/admin-side/admin-catalog.ts';
import type { OpenCatalog } from '../../../../src/catalog/open-catalog.ts';
import { catalogDocument } from '../../../../src/documents/catalog/catalog-document.ts';
import {
  type OrganizationContent,
  printCatalog,
  writeCatalog,
} from '../../../../src/documents/catalog/write-catalog.ts';
import { readYaml } from '../../../../src/documents/reading/read-document.ts';
import { KEY_TYPES, LIFECYCLES } from '../../../../src/domain/api.ts';
import { canonicalJson } from '../../../../src/domain/canonical-json.ts';
import { CATALOG_SECTIONS, type DesiredFacts } from '../../../../src/domain/catalog-facts.ts';
import { DENY_POLICY_TYPES, POLICY_KINDS } from '../../../../src/domain/policy.ts';
import { APPLICATION_STATES, KEY_MAPPING_MODES, SUBSCRIPTION_STATES } from '../../../../src/domain/subscriber.ts';
import { BUILT_IN_TYPES } from '../../../../src/keymanagers/types.ts';
import { AUDIT, keyManager, ORGANIZATION } from '../../catalog/catalog-samples.ts';
import { openTemporary } from '../../catalog/temporary-catalog.ts';

vi.setConfig({ testTimeout: 120_000 });

const CHECKS = { urlProblem: () => undefined, pemProblem: () => undefined };
const WHOLE = { prune: true, allowShrink: true, dryRun: false, expectedRevision: null };
const KEY_MANAGERS = ['Zeta', 'Alpha', 'a b', 'all'] as const;
const NAMES = ['Pizza', '1', 'true', 'null', 'a#b', '- x', 'ünï', "it's", '0x1f', '2026-01-01'] as const;

const text = fc.constantFrom(...NAMES);
const longText = fc.string({ maxLength: 30 });
const free = fc.dictionary(fc.constantFrom('a', 'b', 'env', 'file'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 });
const some = <T>(from: readonly T[]) => fc.subarray([...from]);
const clean = (value: unknown) => JSON.parse(JSON.stringify(value)) as never;

const apiFacts = fc
  .record({
    version: fc.constantFrom('1.0', '1', 'v2', '1.0.0'),
    shape: fc.constantFrom('end', 'middle', 'twice', 'none', 'root'),
    isDefault: fc.constantFrom('no', 'publisher', 'other'),
    hosts: some(['api.example', '*.example.org']),
    lifecycle: fc.constantFrom(...LIFECYCLES),
    securityScheme: some(['oauth2', 'api_key', 'oauth2_mandatory']),
    audiences: some(['aud', 'all']),
    keyManagers: fc.oneof(fc.constant('all' as const), some(KEY_MANAGERS.filter((name) => name !== 'all'))),
    audiencesByKeyManager: fc.dictionary(fc.constantFrom('Zeta', 'a b'), fc.constant(['one', 'two']), { maxKeys: 2 }),
    subscriptionValidation: fc.boolean(),
    endpoints: some(KEY_TYPES),
    authorizationHeader: fc.constantFrom('authorization', 'x-token'),
    encodedSlash: fc.constantFrom('reject' as const, 'opaque' as const),
    policy: fc.constantFrom('', 'Gold'),
    provider: fc.constantFrom('', 'ann'),
    extra: free.map(clean),
    operations: fc.uniqueArray(
      fc.record({
        verb: fc.constantFrom('GET' as const, 'POST' as const),
        template: fc.constantFrom('/menu', '/{id}', '/*', '/'),
        authType: fc.constantFrom('None' as const, 'Any' as const),
        scopes: some(['a', 'a b']),
        policy: fc.constantFrom('Unlimited', 'Bronze'),
      }),
      { maxLength: 4, selector: ({ verb, template }) => `${verb} ${template}` },
    ),
  })
  .map(({ shape, isDefault, encodedSlash, operations, ...rest }) => ({
    ...rest,
    shape,
    isDefault,
    encodedSlash,
    operations,
  }));

const applicationFacts = fc.record({
  owner: fc.constantFrom('alice', 'bob'),
  policy: fc.constantFrom('Unlimited', 'Gold'),
  description: longText,
  state: fc.constantFrom(...APPLICATION_STATES),
  attributes: fc.dictionary(fc.constantFrom('tier', 'null'), text, { maxKeys: 2 }),
  groups: some(['partner', 'true']),
  extra: free.map(clean),
  keys: fc.uniqueArray(
    fc.record({
      keyManager: fc.constantFrom('Zeta', 'Alpha'),
      keyType: fc.constantFrom(...KEY_TYPES),
      mode: fc.constantFrom(...KEY_MAPPING_MODES),
      extra: free.map(clean),
    }),
    { maxLength: 3, selector: ({ keyManager: of, keyType }) => `${of} ${keyType}` },
  ),
  states: fc.array(fc.constantFrom(...SUBSCRIPTION_STATES), { maxLength: 4 }),
});

const catalogs = fc
  .record({
    apis: fc.array(apiFacts, { maxLength: 4 }),
    applications: fc.uniqueArray(fc.tuple(fc.constantFrom('Shop', '1', 'null'), applicationFacts), {
      maxLength: 4,
      selector: ([name, { owner }]) => `${name} ${owner}`,
    }),
    policies: fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom(...POLICY_KINDS),
        name: text,
        displayName: text,
        description: longText,
        limits: free.map(clean),
      }),
      { maxLength: 3, selector: ({ kind, name }) => `${kind} ${name}` },
    ),
    scopes: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a', '1', 'null'),
        displayName: text,
        description: longText,
        roles: some(NAMES),
      }),
      {
        maxLength: 3,
        selector: ({ name }) => name,
      },
    ),
    denied: fc.uniqueArray(
      fc.record({ type: fc.constantFrom(...DENY_POLICY_TYPES), invert: fc.boolean(), enabled: fc.boolean() }),
      { maxLength: 4, selector: ({ type }) => type },
    ),
  })
  .map((given): DesiredFacts => {
    const apis = given.apis.map(({ shape, isDefault, encodedSlash, operations, version, ...rest }, at) => {
      const contexts = {
        end: [`/c${at}/${version}`, `/c${at}`],
        middle: [`/c${at}/${version}/x`, `/c${at}/x`],
        twice: [`/c${at}/${version}/y/${version}`, `/c${at}/${version}/y`],
        none: [`/c${at}`, `/d${at}`],
        root: [`/${version}`, `/e${at}`],
      } as const;
      const [context, withoutVersion] = contexts[shape as keyof typeof contexts];
      const defaults = { no: null, publisher: withoutVersion, other: `/o${at}` };
      return {
        ...rest,
        organization: ORGANIZATION,
        name: `${NAMES[at]}`,
        version,
        // Contexts of one API must not be those of another: a host of its own for each.
        hosts: [`h${at}.example`, ...rest.hosts.map((host) => host.replace('example', `e${at}`))],
        context,
        defaultVersionContext: defaults[isDefault as keyof typeof defaults],
        type: 'HTTP',
        path: { encodedSlash, matrixParameters: 'reject' as const },
        resources: operations,
      };
    });
    const values = {
      API: '/c0/1.0',
      APPLICATION: 'alice:Shop',
      USER: 'mallory',
      IP: '192.0.2.7',
      IPRANGE: '192.0.2.0/24',
      SUBSCRIPTION: '/c0/1.0:1.0:alice-Shop:SANDBOX',
    };
    return {
      organization: ORGANIZATION,
      sections: CATALOG_SECTIONS,
      keyManagers: KEY_MANAGERS.map((name) => keyManager(name, FULL_DTO)),
      apis,
      applications: given.applications.map(([name, { states, keys, ...rest }], at) => ({
        ...rest,
        organization: ORGANIZATION,
        name,
        keys: keys.map((key) => ({ ...key, consumerKey: `client-${at}-${key.keyType}` })),
        subscriptions: apis.slice(0, states.length).map((api, of) => ({
          api: api.name,
          version: api.version,
          policy: 'Gold',
          state: states[of] ?? 'UNBLOCKED',
        })),
      })),
      policies: given.policies,
      scopes: given.scopes,
      denyPolicies: given.denied.map(({ type, invert, enabled }) => {
        return { type, value: values[type], enabled, invert: invert && (type === 'IP' || type === 'IPRANGE') };
      }),
    };
  });

/** What the document's reader makes of a key manager that says no more. */
const FULL_DTO = {
  certificates: { type: 'JWKS', value: 'https://keys.example/jwks' },
} as const;

const storeOf = (catalog: OpenCatalog) =>
  adminCatalog(catalog, { types: BUILT_IN_TYPES, checks: CHECKS }, async () => undefined);

async function contentOf(catalog: OpenCatalog): Promise<OrganizationContent> {
  const lists = new Map<string, unknown[]>();
  for await (const part of storeOf(catalog).read(ORGANIZATION).parts)
    for (const { kind, entity } of part) lists.set(kind, [...(lists.get(kind) ?? []), entity]);
  const of = (kind: string) => (lists.get(kind) ?? []) as never[];
  return {
    organization: ORGANIZATION,
    keyManagers: of('key_manager'),
    globalKeyManagers: new Map(),
    policies: of('policy'),
    scopes: of('scope'),
    apis: of('api'),
    applications: of('application'),
    keyMappings: of('key_mapping'),
    subscriptions: of('subscription'),
    denyPolicies: of('deny_policy'),
  };
}

/** Everything with names in the place of ids, in an order of its own: independent of what writes documents. */
function facts(content: OrganizationContent) {
  const names = new Map<string, string>([
    ...content.keyManagers.map(({ id, dto }) => [id, dto.name] as const),
    ...content.apis.map(({ id, name, version }) => [id, `${name}:${version}`] as const),
    ...content.applications.map(({ id, name, owner }) => [id, `${name} of ${owner}`] as const),
  ]);
  const plain = (entity: object) => {
    const {
      id: _id,
      number: _number,
      version,
      revision: _revision,
      sequence: _sequence,
      ...rest
    } = { number: 0, version: '', revision: 0, sequence: 0, id: '', ...entity };
    const whole = { ...rest, ...(typeof version === 'string' && { version }) };
    const named = JSON.stringify(whole, (_key, value) =>
      typeof value === 'string' ? (names.get(value) ?? value) : value,
    );
    const told = [...names].reduce(
      (said, [id, name]) => said.replaceAll(`"${id}":`, `${JSON.stringify(name)}:`),
      named,
    );
    return canonicalJson(JSON.parse(told)) ?? '';
  };
  const { organization: _organization, globalKeyManagers: _global, keyManagers, ...lists } = content;
  const keyManagerFacts = keyManagers.map(({ dto }) => [dto.name, dto.type, dto.issuer, dto.certificates, dto.enabled]);
  const order = keyManagers.toSorted((a, b) => a.sequence - b.sequence).map(({ dto }) => dto.name);
  return {
    order,
    keyManagers: keyManagerFacts.toSorted(),
    ...Object.fromEntries(Object.entries(lists).map(([list, entities]) => [list, entities.map(plain).toSorted()])),
  };
}

async function applyDocument(catalog: OpenCatalog, yaml: string) {
  const read = readYaml(yaml, 'export.yaml', catalogDocument);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const store = storeOf(catalog);
  const document = { ...read.value, organization: ORGANIZATION };
  expect(await store.stage('s', document, CATALOG_SECTIONS)).toBeUndefined();
  return store.apply('s', WHOLE, AUDIT);
}

test('an export that is applied elsewhere gives the same facts to decide by, and exports as the same text', async () => {
  const over = await openTemporary();
  const first = await openTemporary();
  await fc.assert(
    fc.asyncProperty(catalogs, async (desired) => {
      expect(await first.writer.stageDesired('f', desired)).toEqual({ kind: 'saved' });
      const made = await first.writer.applyDesired('f', WHOLE, AUDIT);
      expect(['applied', 'unchanged']).toContain(made.kind);
      const content = await contentOf(first);
      const yaml = printCatalog(writeCatalog(content).document);
      const empty = await openTemporary();
      for (const target of [empty, over]) {
        expect(['applied', 'unchanged']).toContain((await applyDocument(target, yaml)).kind);
        const copy = await contentOf(target);
        expect(facts(copy)).toEqual(facts(content));
        expect(printCatalog(writeCatalog(copy).document)).toBe(yaml);
        expect(await applyDocument(target, yaml)).toMatchObject({ kind: 'unchanged' });
      }
      await empty.close();
    }),
    { numRuns: 12, seed: 20261128, endOnFailure: true },
  );
});
