// `gatehouse validate` must say what a start would say, also where only the catalog itself can know it, and leave no trace.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openCatalog } from '../../src/catalog/open-catalog.ts';
import { applyCatalogFile, catalogDatabase, validateCatalog } from '../../src/catalog-file.ts';
import { formatProblem } from '../../src/documents/reading/problem.ts';
import { BUILT_IN_TYPES } from '../../src/keymanagers/types.ts';
import { loadSettings } from '../../src/settings/load-settings.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-validate-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const PARTNER = `
keyManagers:
  - name: PartnerKM
    type: CustomKeyManager
    issuer: https://partner.example
    certificates: { type: JWKS, value: https://partner.example/jwks }`;
const pizza = (keyManagers: string) => `
apis:
  - { name: Pizza, version: v1, context: /pizza, keyManagers: ${keyManagers}, operations: [{ verb: GET, target: /menu }] }`;

type SettingFlag = { readonly label: string; readonly name: string; readonly text: string };

function settingsFor(document: string, settingFlags: readonly SettingFlag[] = []) {
  const catalogFile = join(folder, 'catalog.yaml');
  writeFileSync(catalogFile, document);
  const flags = [
    { label: '--data', name: 'dataDir', text: join(folder, 'data') },
    { label: '--catalog', name: 'catalogFile', text: catalogFile },
    ...settingFlags,
  ];
  const settings = loadSettings({ flags });
  if (!settings.ok) throw new Error(settings.problems.map(formatProblem).join('\n'));
  return settings.value;
}

async function validate(document: string, settingFlags: readonly SettingFlag[] = []) {
  const { problems, warnings } = await validateCatalog(settingsFor(document, settingFlags));
  expect(readdirSync(folder), 'validation must not write').toEqual(['catalog.yaml']);
  return { problems: problems.map(formatProblem), warnings: warnings.map(formatProblem) };
}

test('a sound catalog has no problems; pairs without an audience are warned of', async () => {
  const { problems, warnings } = await validate(PARTNER + pizza('[PartnerKM]'));
  expect(problems).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/apis\[0\]\.audiences: neither this API nor PartnerKM states/)]);
});

test('a name that leads nowhere is a problem with its line', async () => {
  const { problems } = await validate(PARTNER + pizza('[PartnerKM, Partnr]'));
  expect(problems).toEqual([expect.stringMatching(/catalog\.yaml:8:\d+ apis\[0\]\.keyManagers\[1\]:/)]);
});

test('two key managers that could claim the same token are a problem', async () => {
  const twin = PARTNER.replace('PartnerKM', 'TwinKM').replace('\nkeyManagers:\n', '');
  const { problems } = await validate(`${PARTNER}\n${twin}`);
  expect(problems).toEqual([
    expect.stringContaining('keyManagers[0].issuer: the enabled key manager "TwinKM" has the same issuer'),
    expect.stringContaining('keyManagers[1].issuer: the enabled key manager "PartnerKM" has the same issuer'),
  ]);
});

test.each([
  ['everything beside a literal', ['GET /* None', 'GET /admin Any'], 0],
  ['everything beside a literal below a variable', ['GET /{id}/admin Any', 'GET /* None'], 1],
  ['everything below a variable beside a literal', ['GET /{shop}/* None', 'GET /acme Any'], 0],
  ['a folder beside a literal in it', ['GET /files/* None', 'GET /files/secret/* Any'], 0],
  ['everything for HEAD beside a literal for GET', ['HEAD /* None', 'GET /admin Any'], 0],
])('a public catch-all is warned of: %s', async (_what, operations, at) => {
  expect(await catchAllWarnings(operations)).toEqual([
    expect.stringMatching(
      new RegExp(`:9:\\d+ apis\\[0\\]\\.operations\\[${at}\\]\\.target: is public with everything below it`),
    ),
  ]);
});

test.each([
  ['nothing protected', ['GET /* None', 'GET /menu None']],
  ['a folder beside other paths', ['GET /files/* None', 'GET /admin Any', 'GET /* Any']],
  ['everything beside another verb', ['GET /* None', 'POST /orders Any']],
  ['everything beside what has no letters of its own', ['GET /* None', 'GET /{id} Any']],
  ['a protected one', ['GET /* Any', 'GET /admin Any', 'GET /health None']],
])('a catch-all that hides nothing is not warned of: %s', async (_what, operations) => {
  expect(await catchAllWarnings(operations)).toEqual([]);
});

/** Warnings about operations that are each written `VERB template authType`. */
async function catchAllWarnings(operations: readonly string[]): Promise<readonly string[]> {
  const flow = operations.map((operation) => {
    const [verb, target, authType] = operation.split(' ');
    return `{ verb: ${verb}, target: "${target}", authType: ${authType} }`;
  });
  const api = `
apis:
  - { name: Pizza, version: v1, context: /pizza, audiences: [pizza], keyManagers: [PartnerKM],
      operations: [${flow.join(', ')}] }`;
  const { problems, warnings } = await validate(PARTNER + api);
  expect(problems).toEqual([]);
  return warnings;
}

test('what is odd about a key manager is warned of with its line', async () => {
  const { problems, warnings } = await validate(
    `${PARTNER}\n    additionalProperties: { audiences: [a] }\n    introspectionEndpoint: https://partner.example/introspect`,
  );
  expect(problems).toEqual([]);
  expect(warnings).toEqual([
    expect.stringMatching(/catalog\.yaml:3:\d+ keyManagers\[0\]: The introspection endpoint is never/),
  ]);
});

test('a module of types that cannot be loaded is a problem', async () => {
  const flag = { label: '--set', name: 'keyManagers.types', text: '/nowhere/types.mjs' };
  const { problems } = await validate(PARTNER, [flag]);
  expect(problems).toEqual([expect.stringContaining('/nowhere/types.mjs')]);
});

const VARIABLE = 'GATEHOUSE_TEST_CLIENT_SECRET';
const withSecret = (property: string) => `${PARTNER}
    introspectionEndpoint: https://partner.example/introspect
    additionalProperties: { audience: pizza, client_id: gatehouse, ${property} }`;

test('a secret that stands elsewhere is read, and one that is not there is a problem at its place without a value', async () => {
  const document = withSecret(`client_secret: { env: ${VARIABLE} }`);
  expect((await validate(document)).problems).toEqual([
    expect.stringMatching(
      /:8:\d+ keyManagers\[0\]\.additionalProperties\.client_secret: names the variable \w+, which is not set/,
    ),
  ]);
  vi.stubEnv(VARIABLE, 'one');
  expect((await validate(document)).problems).toEqual([]);
  expect((await validate(withSecret('client_secret: { file: /nowhere }'))).problems).toEqual([
    expect.stringContaining('names the file /nowhere, which cannot be read (ENOENT)'),
  ]);
});

test('what would not be kept as a secret cannot be referred to', async () => {
  vi.stubEnv(VARIABLE, 'one');
  expect((await validate(withSecret(`colour: { env: ${VARIABLE} }`))).problems).toEqual([
    expect.stringContaining('additionalProperties.colour: refers to a secret, and is none to this type'),
  ]);
});

test('a start with another secret in the same place applies the file again, one with the same does not', async () => {
  const settings = settingsFor(withSecret(`client_secret: { env: ${VARIABLE} }`));
  const catalog = await openCatalog({
    file: catalogDatabase(settings),
    sealingKeys: [{ id: 'test', secret: Buffer.alloc(32, 1).toString('base64url') }],
    resolveKeyManager: () => undefined,
    report: () => undefined,
  });
  onTestFinished(() => catalog.close());
  const messages: string[] = [];
  const log = createLogger('info', { write: (line: string) => messages.push(line) });
  const start = async (secret: string) => {
    vi.stubEnv(VARIABLE, secret);
    await applyCatalogFile(settings, BUILT_IN_TYPES, catalog, { catalogWins: false, strict: true }, log);
    const [stored] = catalog.lists.listKeyManagers('carbon.super');
    const opened = catalog.lists.openKeyManager('carbon.super', stored?.id ?? '');
    return [stored?.version, opened?.secrets['/additionalProperties/client_secret']];
  };
  expect(await start('one')).toEqual([1, '"one"']);
  expect(await start('one')).toEqual([1, '"one"']);
  expect(await start('two')).toEqual([2, '"two"']);
  expect(messages.join('')).not.toMatch(/"one"|"two"/);
});
