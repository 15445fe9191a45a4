// The catalog as a whole over a real admin side and a real SQLite file, as the command line uses it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { adminCatalog } from '../../../../src/app/admin-side/admin-catalog.ts';
import type { OpenCatalog } from '../../../../src/catalog/open-catalog.ts';
import { BUILT_IN_TYPES } from '../../../../src/keymanagers/types.ts';
import { startRig, TOKENS } from '../../admin/admin-rig.ts';
import { openTemporary } from '../../catalog/temporary-catalog.ts';
import { type CliRun, runCli, temporaryFolder } from '../../cli/cli-rig.ts';

// Each test starts a thread and a server, and machines are busy.
vi.setConfig({ testTimeout: 60_000 });

const CHECKS = { urlProblem: () => undefined, pemProblem: () => undefined };
const SECRET = 'canary-of-a-secret-5d1e';

/** An installation, and the command line before it. */
async function installation() {
  const catalog = await openTemporary();
  const rig = await startRig({
    catalog: adminCatalog(catalog, { types: BUILT_IN_TYPES, checks: CHECKS }, async () => undefined),
  });
  onTestFinished(() => rig.stop());
  const folder = temporaryFolder();
  const file = (text: string, name = 'catalog.yaml') => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const run = async (args: readonly string[], env: Record<string, string> = {}, token = TOKENS.all) => {
    const tokenFile = file(token, 'token');
    const run = runCli([...args, '--admin', rig.url, '--admin-token-file', tokenFile], { env });
    return told(run, await run.code);
  };
  const apply = (text: string, args: readonly string[] = [], env = {}) => run(['apply', file(text), ...args], env);
  const diff = (text: string, args: readonly string[] = [], env = {}) => run(['diff', file(text), ...args], env);
  return { catalog, rig, run, apply, diff, exported: async () => (await run(['export'])).out };
}

function told({ out, err }: CliRun, code: number) {
  return { code, out: `${out.join('\n')}\n`, err: err.join('\n') };
}

const PARTNERS = `
keyManagers:
  - name: Partners
    type: CustomKeyManager
    issuer: https://login.partners.example
    certificates: { type: JWKS, value: https://login.partners.example/jwks }`;
const SHOP = `${PARTNERS}
apis:
  - name: Pizza
    version: "1.0"
    context: /pizza
    keyManagers: [Partners]
    operations: [{ verb: GET, target: /menu }]
applications:
  - name: Shop
    owner: alice
    keys: [{ keyManager: Partners, consumerKey: shop }]
    subscriptions: [{ api: Pizza, version: "1.0" }]
`;

test('a document is applied once: its repetition and its export change nothing', async () => {
  const { apply, diff, exported } = await installation();
  expect(await apply(SHOP)).toMatchObject({ code: 0, out: expect.stringContaining('5 added, 0 changed, 0 deleted.') });
  expect(await diff(SHOP)).toMatchObject({ code: 0, out: 'Nothing changes.\n' });
  const text = await exported();
  expect(text).toContain('context: /pizza\n');
  expect(await diff(text, ['--prune'])).toMatchObject({ code: 0, out: 'Nothing changes.\n' });
  expect(await exported()).toBe(text);
});

test('a dry run reads as a person would say it, and changes nothing', async () => {
  const { apply, diff, run, exported } = await installation();
  await apply(SHOP);
  const before = await exported();
  const changed = SHOP.replace('subscriptions: [{', 'policy: Gold\n    subscriptions: [{ state: BLOCKED,').replace(
    'shop }',
    'shop }, { keyManager: Partners, consumerKey: test, keyType: SANDBOX }',
  );
  const dry = await apply(`${changed}scopes: [{ name: order }]\n`, ['--dry-run']);
  expect(dry.out).toBe(`+ scopes[order]
~ applications[Shop]
    policy: "Unlimited" → "Gold"
+ applications[Shop].keys[Partners SANDBOX]
~ applications[Shop].subscriptions[Pizza:1.0]
    state: "UNBLOCKED" → "BLOCKED"
2 to add, 2 to change, 0 to delete.
`);
  expect(await diff(`${changed}scopes: [{ name: order }]\n`)).toMatchObject({ code: 1, out: dry.out });
  expect(await exported()).toBe(before);
  expect(await run(['diff', '/nowhere.yaml'])).toMatchObject({ code: 2 });
});

test('what is not in the document stays without --prune; with it, it goes from the lists that the document has', async () => {
  const { apply, catalog } = await installation();
  await apply(`${SHOP}scopes: [{ name: order }]\ndenyPolicies: [{ type: USER, value: mallory }]\n`);
  const names = () => catalog.lists.listApis('carbon.super').map(({ name }) => name);
  const other = SHOP.replace('name: Pizza', 'name: Pasta')
    .replace('context: /pizza', 'context: /pasta')
    .replace('api: Pizza', 'api: Pasta');
  await apply(other);
  expect(names()).toEqual(['Pasta', 'Pizza']);
  const pruned = await apply(other, ['--prune']);
  expect(pruned.out).toContain('- apis[Pizza:1.0]\n');
  expect(pruned.out).not.toContain('scopes');
  expect(names()).toEqual(['Pasta']);
  expect((await apply('denyPolicies: []\n', ['--prune'])).out).toBe(
    '- denyPolicies[USER mallory]\n0 added, 0 changed, 1 deleted.\n',
  );
});

test('a document that would delete a large part of a kind is refused until that is allowed', async () => {
  const { apply, exported } = await installation();
  const scopes = (count: number) =>
    `scopes: [${Array.from({ length: count }, (_, at) => `{ name: s${at} }`).join(', ')}]\n`;
  await apply(scopes(40));
  const refused = await apply(scopes(28), ['--prune']);
  expect(refused).toMatchObject({
    code: 3,
    err: expect.stringContaining('12 of 40 entries of the kind scope would be deleted'),
  });
  expect((await exported()).match(/- name: s/g)).toHaveLength(40);
  expect((await apply(scopes(32), ['--prune'])).out).toContain('8 deleted');
  expect((await apply(scopes(1), ['--prune', '--allow-shrink'])).out).toContain('31 deleted');
});

test('one mistake refuses the whole document, with its line', async () => {
  const { apply, exported } = await installation();
  const before = await exported();
  const refused = await apply(SHOP.replace('api: Pizza', 'api: Piza'));
  expect(refused.code).toBe(3);
  expect(refused.err).toMatch(
    /catalog\.yaml:17:\d+ applications\[0\]\.subscriptions\[0\]\.api: the organization has no API "Piza"/,
  );
  expect(await apply(SHOP.replace('verb: GET', 'verb: FETCH'))).toMatchObject({ code: 2 });
  expect(await exported()).toBe(before);
});

test('a revision that is expected keeps two writers from overwriting each other', async () => {
  const { apply, diff } = await installation();
  const { err } = await apply(SHOP);
  const revision = err.replace('revision ', '');
  expect((await diff(SHOP)).err).toBe(err);
  await apply('scopes: [{ name: meanwhile }]\n', ['--expect-revision', revision]);
  const late = await apply('scopes: [{ name: late }]\n', ['--expect-revision', revision]);
  expect(late).toMatchObject({ code: 3, err: expect.stringContaining(`and not at ${revision}`) });
});

test('secrets travel by reference: exported as variables, read where the document is applied, and shown nowhere', async () => {
  const first = await installation();
  const document = (secret: string) => `${PARTNERS}
    introspectionEndpoint: https://login.partners.example/introspect
    additionalProperties: { audience: pizza, client_id: gatehouse, client_secret: ${secret} }\n`;
  const shown = [await first.apply(document(SECRET))];
  const exported = await first.run(['export']);
  const variable = 'GATEHOUSE_SECRET_PARTNERS_CLIENT_SECRET';
  expect(exported.out).toContain(`client_secret:\n        env: ${variable}\n`);
  expect(exported.err).toContain(`needs ${variable}: additionalProperties.client_secret of Partners`);
  shown.push(exported);
  const second = await installation();
  const missing = await second.apply(exported.out);
  expect(missing).toMatchObject({
    code: 2,
    err: expect.stringMatching(
      /catalog\.yaml:\d+:\d+ keyManagers\[0\]\.additionalProperties\.client_secret: names the variable/,
    ),
  });
  shown.push(await second.apply(exported.out, [], { [variable]: SECRET }));
  expect(openSecret(second.catalog)).toBe(JSON.stringify(SECRET));
  expect(await first.diff(exported.out, ['--prune'], { [variable]: SECRET })).toMatchObject({ code: 0 });
  const rotated = await first.diff(exported.out, [], { [variable]: 'another' });
  expect(rotated).toMatchObject({
    code: 1,
    out: expect.stringContaining('additionalProperties: (not shown) → (not shown)'),
  });
  expect(JSON.stringify(shown) + JSON.stringify(first.rig.audited)).not.toContain(SECRET);
});

function openSecret({ lists }: OpenCatalog): string | undefined {
  const [stored] = lists.listKeyManagers('carbon.super');
  return lists.openKeyManager('carbon.super', stored?.id ?? '')?.secrets['/additionalProperties/client_secret'];
}

test('what only the catalog file may say stays, and cannot be had over HTTP', async () => {
  const { apply } = await installation();
  const trusted = `${PARTNERS}\n    additionalProperties: { adminTokens: true, audiences: [admin] }\n`;
  expect(await apply(trusted)).toMatchObject({ code: 3, err: expect.stringContaining('cannot be set over HTTP') });
});

test('a caller reads and writes its own organization only; reading is no right to write', async () => {
  const { apply, run, rig } = await installation();
  await apply(SHOP);
  const other = await run(['export'], {}, TOKENS.other);
  expect(other.out).toBe(
    'organization: other.example\npolicies: []\nscopes: []\nkeyManagers: []\napis: []\napplications: []\ndenyPolicies: []\n',
  );
  expect(await apply(`organization: other.example\n${SHOP}`)).toMatchObject({ code: 3 });
  expect((await run(['export', '--organization', 'WSO2/System'])).code).toBe(0);
  expect((await run(['export', '--organization', 'WSO2/System'], {}, TOKENS.other)).code).toBe(3);
  expect((await rig.call('POST', '/catalog', TOKENS.read, { scopes: [] })).status).toBe(403);
  expect((await rig.call('POST', '/catalog?dryrun=true', TOKENS.write, { scopes: [] })).status).toBe(400);
  expect((await rig.call('POST', '/catalog?wait=fleet', TOKENS.write, { scopes: [] })).status).toBe(200);
});

test('a document larger than one request arrives in parts, and its mistakes are told by their place in the whole', async () => {
  const { apply, exported } = await installation();
  const scope = (at: number) => `  - { name: s${at}, description: ${'x'.repeat(1000)} }\n`;
  const many = Array.from({ length: 1500 }, (_, at) => scope(at)).join('');
  expect((await apply(`scopes:\n${many}`)).out).toContain('… and 500 more\n1500 added');
  expect((await exported()).match(/- name: s/g)).toHaveLength(1500);
  const apis = Array.from(
    { length: 300 },
    (_, at) =>
      `  - { name: A${at}, version: "1", context: /a${at}, keyManagers: [${at === 299 ? 'Nobody' : 'all'}], provider: ${'p'.repeat(250)}, hosts: [${'h'.repeat(200)}.example], operations: [] }\n`,
  );
  expect((await apply(`apis:\n${apis.join('')}`)).err).toMatch(
    /catalog\.yaml:301:\d+ apis\[299\]\.keyManagers\[0\]: no key manager/,
  );
});

test('two applications of one name, of two owners, are two', async () => {
  const { apply, diff, exported, catalog } = await installation();
  await apply(`${SHOP}  - { name: Shop, owner: bob, keys: [{ keyManager: Partners, consumerKey: bob }] }\n`);
  const text = await exported();
  expect(catalog.lists.page('application', 'carbon.super', {}, { offset: 0, limit: 9 }).total).toBe(2);
  expect(await diff(text, ['--prune'])).toMatchObject({ code: 0 });
});

test('a document of endless parts is refused before it fills the memory', async () => {
  const { rig } = await installation();
  const part = () => rig.call('POST', '/catalog?stage=s&part=true', TOKENS.all, { scopes: [] });
  for (let count = 0; count < 512; count += 1) expect((await part()).status).toBe(202);
  const refused = await part();
  expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('too many parts')]);
  expect((await rig.call('POST', '/catalog?stage=s', TOKENS.all, {})).status).toBe(409);
});
