// `gatehouse validate` must say what a start would say, also where only the catalog itself can know it, and leave no trace.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { validateCatalog } from '../../src/catalog-file.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import { loadSettings } from '../../src/settings/load-settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-validate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PARTNER = `
keyManagers:
  - name: PartnerKM
    type: CustomKeyManager
    issuer: https://partner.example
    certificates: { type: JWKS, value: https://partner.example/jwks }`;
const pizza = (keyManagers: string) => `
apis:
  - { name: Pizza, version: v1, context: /pizza, keyManagers: ${keyManagers}, operations: [{ verb: GET, target: /menu }] }`;

async function validate(document: string, settingFlags: readonly { label: string; name: string; text: string }[] = []) {
  const catalogFile = join(folder, 'catalog.yaml');
  writeFileSync(catalogFile, document);
  const flags = [
    { label: '--data', name: 'dataDir', text: join(folder, 'data') },
    { label: '--catalog', name: 'catalogFile', text: catalogFile },
    ...settingFlags,
  ];
  const settings = loadSettings({ flags });
  if (!settings.ok) throw new Error(settings.problems.map(formatProblem).join('\n'));
  const { problems, warnings } = await validateCatalog(settings.value);
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
