// The catalog document: what people may write, what becomes of it, and what they are told when it is wrong.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCatalog } from '../../../src/documents/read-catalog.ts';
import { formatProblem } from '../../../src/documents/read-document.ts';
import type { DescribeKeyManager } from '../../../src/documents/to-catalog-facts.ts';

const describeKeyManager: DescribeKeyManager = (dto) =>
  dto.issuer === undefined
    ? { problems: [{ field: 'issuer', message: 'is needed; give the exact `iss`' }] }
    : { enabled: dto.enabled !== false, issuers: [dto.issuer], jwtRules: [] };

const read = (text: string) => readCatalog(text, 'catalog.yaml', describeKeyManager);

function accepted(text: string) {
  const result = read(text);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.value;
}

/** `line field: message → fix` for each problem. */
function refused(text: string): string[] {
  const result = read(text);
  if (result.ok) throw new Error('the document was accepted');
  return result.problems.map(({ line, field, message, fix }) => `${line} ${field}: ${message} → ${fix}`);
}

/** A document with one API; the API's first line is line 2. */
const withApi = (fields: string) =>
  `apis:\n  - { name: Pizza, version: 1.0.0, context: /pizza, keyManagers: [all], operations: [], ${fields} }\n`;

const apiOf = (fields: string) => accepted(withApi(fields)).facts.apis[0];

test('the shipped catalog is what the quickstart shows', () => {
  const { facts } = accepted(readFileSync(new URL('../../../config/catalog.yaml', import.meta.url), 'utf8'));
  expect(facts.keyManagers.map(({ dto }) => [dto.name, dto.issuer, dto.certificates?.value])).toEqual([
    ['PartnerKM', 'http://127.0.0.1:9101', 'http://127.0.0.1:9101/jwks'],
    ['StaffKM', 'http://127.0.0.1:9102', 'http://127.0.0.1:9102/jwks'],
  ]);
  expect(facts.apis).toMatchObject([
    {
      context: '/pizza/1.0.0',
      defaultVersionContext: '/pizza',
      keyManagers: ['PartnerKM'],
      subscriptionValidation: true,
      resources: [
        { verb: 'GET', template: '/menu', authType: 'Any', scopes: [] },
        { verb: 'GET', template: '/menu/{item}', authType: 'Any', scopes: [] },
        { verb: 'POST', template: '/orders', authType: 'Any', scopes: ['order:write'] },
        { verb: 'GET', template: '/health', authType: 'None', scopes: [] },
      ],
    },
    { context: '/orders/1.0.0', defaultVersionContext: null, keyManagers: 'all', subscriptionValidation: false },
  ]);
  expect(facts.applications).toMatchObject([
    { name: 'PizzaShack', keys: [{ consumerKey: 'pizza-shack' }], subscriptions: [{ state: 'UNBLOCKED' }] },
    { name: 'Browsing', keys: [{ consumerKey: 'window-shopper' }], subscriptions: [] },
  ]);
});

test('an API has the defaults of a plain published one', () => {
  expect(apiOf('')).toEqual({
    organization: 'carbon.super',
    name: 'Pizza',
    version: '1.0.0',
    context: '/pizza/1.0.0',
    defaultVersionContext: null,
    hosts: [],
    lifecycle: 'PUBLISHED',
    type: 'HTTP',
    securityScheme: ['oauth2'],
    audiences: [],
    keyManagers: 'all',
    subscriptionValidation: true,
    endpoints: [],
    authorizationHeader: 'authorization',
    path: { encodedSlash: 'reject', matrixParameters: 'reject' },
    resources: [],
  });
});

test('an empty list of key managers is taken as it is, and a missing one is a mistake', () => {
  const api = (list: string) => `apis:\n  - { name: P, version: v1, context: /p, operations: []${list} }\n`;
  expect(accepted(api(', keyManagers: []')).facts.apis[0]?.keyManagers).toEqual([]);
  expect(refused(api(''))).toEqual([expect.stringMatching(/^2 apis\[0\]\.keyManagers: is missing/)]);
  expect(refused(api(', keyManagers: [all, A]'))).toEqual([
    '2 apis[0].keyManagers: mixes all with names → write [all], or the names of those that the API accepts',
  ]);
});

test.each([
  ['/pizza', '/pizza/1.0.0', '/pizza'],
  ['/{version}/pizza', '/1.0.0/pizza', '/pizza'],
  ['/eu/{version}/pizza', '/eu/1.0.0/pizza', '/eu/pizza'],
  ['/', '/1.0.0', '/'],
  ['/caf%c3%a9', '/caf%C3%A9/1.0.0', '/caf%C3%A9'],
  ['/café', '/caf%C3%A9/1.0.0', '/caf%C3%A9'],
])('the context %s is %s on the wire, and %s for the default version', (context, wire, unversioned) => {
  const text = `apis:\n  - { name: P, version: 1.0.0, context: "${context}", isDefaultVersion: true, keyManagers: [], operations: [] }`;
  expect(accepted(text).facts.apis[0]).toMatchObject({ context: wire, defaultVersionContext: unversioned });
});

test.each([
  ['pizza', 'does not start with a slash'],
  ['/pizza/', 'has two slashes in a row or one at its end'],
  ['//pizza', 'has two slashes in a row or one at its end'],
  ['/a/../b', 'has a segment of dots, which is resolved on the way'],
  ['/{name}', 'has a placeholder other than {version}'],
  ['/a%2Fb', 'has an escaped slash, which this API refuses in requests'],
])('the context %s is refused: it %s', (context, message) => {
  const text = `apis:\n  - name: P\n    version: v1\n    context: "${context}"\n    keyManagers: []\n    operations: []\n`;
  expect(refused(text)).toEqual([expect.stringContaining(`4 apis[0].context: ${message} → `)]);
});

test.each([
  ['/', '/'],
  ['/*', '/*'],
  ['/menu/{item}', '/menu/{item}'],
  ['/files/*', '/files/*'],
  ['/straße', '/stra%C3%9Fe'],
  ['/a%3ab', '/a%3Ab'],
])('the template %s is stored as %s', (template, stored) => {
  expect(apiOf(`operations: [{ target: "${template}", verb: get }]`.replace('operations', 'hosts: [], operations'))).toBeUndefined;
  const text = `apis:\n  - { name: P, version: v1, context: /p, keyManagers: [], operations: [{ target: "${template}", verb: get }] }`;
  expect(accepted(text).facts.apis[0]?.resources).toEqual([
    { verb: 'GET', template: stored, authType: 'Any', scopes: [] },
  ]);
});
