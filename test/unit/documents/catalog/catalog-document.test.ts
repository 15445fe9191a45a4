// The catalog document: what people may write, what becomes of it, and what they are told when it is wrong.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCatalog } from '../../../../src/documents/catalog/read-catalog.ts';
import type { JudgeKeyManager } from '../../../../src/documents/catalog/to-catalog-facts.ts';
import { formatProblem } from '../../../../src/documents/reading/problem.ts';

const judgeKeyManager: JudgeKeyManager = (dto) =>
  dto.issuer === undefined
    ? { problems: [{ field: 'issuer', message: 'is needed; give the exact `iss`' }] }
    : { dto, secrets: {}, enabled: dto.enabled !== false, issuers: [dto.issuer], jwtRules: [] };

const read = (text: string) => readCatalog(text, 'catalog.yaml', 'carbon.super', judgeKeyManager);

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

/** A document with one API; its operations start at line 7. */
const withOperations = (...operations: string[]) =>
  ['apis:', '  - name: P', '    version: v1', '    context: /p', '    keyManagers: []', '    operations:']
    .concat(operations.map((operation) => `      - ${operation}`))
    .join('\n');

const apiOf = (fields: string) => accepted(withApi(fields)).facts.apis[0];

test('the shipped catalog is what the quickstart shows', () => {
  const { facts } = accepted(readFileSync(new URL('../../../../config/catalog.yaml', import.meta.url), 'utf8'));
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
    audiencesByKeyManager: {},
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
  ['API', 'Application & Application User', 'Any'],
  ['nothing said', undefined, 'Any'],
  ['None', 'None', 'None'],
  ['none', 'none', 'None'],
  ['APPLICATION USER', 'APPLICATION USER', 'Any'],
])('an operation of auth type %s asks for a token unless it is None', (_name, authType, stored) => {
  const said = authType === undefined ? '' : `, authType: ${authType}`;
  expect(accepted(withOperations(`{ target: /menu, verb: get${said} }`)).facts.apis[0]?.resources).toEqual([
    { verb: 'GET', template: '/menu', authType: stored, scopes: [], policy: 'Unlimited' },
  ]);
});

test("an auth type that is not WSO2's is refused with the one that was probably meant", () => {
  expect(refused(withOperations('{ target: /menu, verb: GET, authType: Nome }'))).toEqual([
    '7 apis[0].operations[0].authType: has a value that is not accepted (did you mean "None"?)' +
      ' → use one of None, Any, Application, Application User, Application & Application User',
  ]);
});

test("security schemes are WSO2's in any case, and another one is refused with the one that was probably meant", () => {
  const schemes = '[OAuth2, mutualssl, mutualssl_mandatory, oauth_basic_auth_api_key_mandatory]';
  expect(apiOf(`securityScheme: ${schemes}`)?.securityScheme).toEqual([
    'oauth2',
    'mutualssl',
    'mutualssl_mandatory',
    'oauth_basic_auth_api_key_mandatory',
  ]);
  expect(refused(withApi('securityScheme: [oauth2, mutual_ssl_mandatory]'))).toEqual([
    expect.stringMatching(
      /^2 apis\[0\]\.securityScheme\[1\]: has a value that is not accepted \(did you mean "mutualssl_mandatory"\?\) → use one of oauth2, oauth2_mandatory, api_key,/,
    ),
  ]);
});

test('names are made what requests are compared with', () => {
  const fields =
    'hosts: [API.Example.com, "*.example.org"], authorizationHeader: X-Token, endpoints: [production, sandbox]';
  expect(apiOf(fields)).toMatchObject({
    hosts: ['api.example.com', '*.example.org'],
    authorizationHeader: 'x-token',
    endpoints: ['PRODUCTION', 'SANDBOX'],
  });
});

test.each(['https://api.example.com', 'api.example.com:8443', '*', 'a.*.example', 'api.example.com/pizza'])(
  'the host %s is refused',
  (host) => {
    expect(refused(withApi(`hosts: ["${host}"]`))).toEqual([
      expect.stringMatching(/^2 apis\[0\]\.hosts\[0\]: is not a host name → write api\.example\.com/),
    ]);
  },
);

test("the header of a credential is the API's, else the organization's, else Authorization", () => {
  const headersOf = (text: string) => accepted(text).facts.apis.map((api) => api.authorizationHeader);
  const api = (name: string, more: string) =>
    `  - { name: ${name}, version: v1, context: /${name}, keyManagers: [], operations: []${more} }\n`;
  const apis = `apis:\n${api('A', '')}${api('B', ', authorizationHeader: X-Api-Token')}`;
  expect(headersOf(apis)).toEqual(['authorization', 'x-api-token']);
  expect(headersOf(`authorizationHeader: X-Token\n${apis}`)).toEqual(['x-token', 'x-api-token']);
});

test.each(['Host', 'transfer-encoding', 'Content-Length', 'connection', 'te', 'upgrade', ':path', 'x token', ''])(
  'the header %s carries no credential, neither of an API nor of the organization',
  (header) => {
    const refusal = 'is not the name of a header that may carry a credential → write for instance Authorization';
    expect(refused(withApi(`authorizationHeader: "${header}"`))).toEqual([`2 apis[0].authorizationHeader: ${refusal}`]);
    expect(refused(`authorizationHeader: "${header}"\n`)).toEqual([`1 authorizationHeader: ${refusal}`]);
  },
);

test('a repeated operation is refused at its own line, whatever its variables are called', () => {
  const operations = ['{ target: "/menu/{item}", verb: GET }', '{ target: "/menu/{id}", verb: PUT }'];
  expect(accepted(withOperations(...operations)).facts.apis[0]?.resources).toHaveLength(2);
  expect(refused(withOperations(...operations, '{ target: "/menu/{id}", verb: GET }'))).toEqual([
    expect.stringMatching(/^9 apis\[0\]\.operations\[2\]\.target: is a repetition: .* → remove one of the two$/),
  ]);
});

test('an encoded slash or a semicolon in a template needs an API that lets them in', () => {
  const text = withOperations('{ target: /a%2fb, verb: GET }', '{ target: "/a;b", verb: GET }');
  expect(refused(text)).toEqual([
    expect.stringMatching(/^7 .*target: has an escaped slash.* → set path\.encodedSlash to opaque/),
    expect.stringMatching(/^8 .*target: has a semicolon.* → set path\.matrixParameters to opaque/),
  ]);
  const opaque = text.replace(
    '    keyManagers',
    '    path: { encodedSlash: opaque, matrixParameters: opaque }\n    keyManagers',
  );
  expect(accepted(opaque).facts.apis[0]?.resources.map(({ template }) => template)).toEqual(['/a%2Fb', '/a;b']);
});

test('an unknown name is told with the one that was probably meant', () => {
  expect(refused(withApi('audience: [x]'))).toEqual([
    '2 apis[0].audience: is not a known name (did you mean "audiences"?) → write audiences, or remove it',
  ]);
  expect(refused('applications:\n  - { name: A, owner: o, key: [] }\n')).toEqual([
    '2 applications[0].key: is not a known name (did you mean "keys"?) → write keys, or remove it',
  ]);
});

test('a version that YAML takes for a number is told to be quoted', () => {
  expect(
    refused('apis:\n  - name: P\n    version: 1.0\n    context: /p\n    keyManagers: []\n    operations: []\n'),
  ).toEqual(['3 apis[0].version: must be a string → give text, in quotes where it looks like a number']);
});

test('two APIs on one host and context are refused, and both are named', () => {
  const api = (name: string, more: string) =>
    `  - { name: ${name}, version: v1, context: /same, keyManagers: [], operations: []${more} }\n`;
  expect(refused(`apis:\n${api('A', '')}${api('B', '')}`)).toEqual([
    expect.stringMatching(/^3 apis\[1\]\.context: puts B:v1 where A:v1 is/),
  ]);
  expect(accepted(`apis:\n${api('A', '')}${api('B', ', hosts: [b.example]')}`).facts.apis).toHaveLength(2);
});

test('two default versions of one API are refused', () => {
  const api = (version: string) =>
    `  - { name: A, version: ${version}, context: /a, isDefaultVersion: true, keyManagers: [], operations: [] }\n`;
  expect(refused(`apis:\n${api('v1')}${api('v2')}`)).toEqual([
    expect.stringMatching(/^3 apis\[1\]\.context: .*only one version can be the default one/),
  ]);
});

test('what is there twice is refused at the second one', () => {
  const text = `keyManagers:
  - { name: K, type: CustomKeyManager, issuer: https://k.example }
  - { name: K, type: CustomKeyManager, issuer: https://l.example }
applications:
  - { name: A, owner: o, keys: [{ keyManager: K, consumerKey: c }] }
  - name: B
    owner: o
    keys:
      - { keyManager: K, consumerKey: c, keyType: SANDBOX }
`;
  expect(refused(text)).toEqual([
    '3 keyManagers[1].name: has the same name as an earlier one → give it another name, or remove one of the two',
    expect.stringMatching(/^9 applications\[1\]\.keys\[0\]\.consumerKey: is mapped twice/),
  ]);
  const parts = `applications:
  - name: A
    owner: o
    keys:
      - { keyManager: K, consumerKey: c }
      - { keyManager: K, consumerKey: d }
    subscriptions:
      - { api: P, version: v1 }
      - { api: P, version: v1, state: BLOCKED }
`;
  expect(refused(parts)).toEqual([
    expect.stringMatching(/^6 applications\[0\]\.keys\[1\]: is a second key/),
    expect.stringMatching(/^9 applications\[0\]\.subscriptions\[1\]: is a second subscription/),
  ]);
});

test("what a key manager's type refuses is told at its place in the document", () => {
  const text =
    'keyManagers:\n  - name: A\n    type: CustomKeyManager\n    issuer: https://a.example\n  - name: B\n    type: X\n';
  expect(refused(text)).toEqual([
    expect.stringMatching(/^5 keyManagers\[1\]\.issuer: is needed → give the exact `iss`$/),
  ]);
});

test('what only the catalog can refuse gets its place in the document too', () => {
  const { problemAt } = accepted(withApi(''));
  expect(problemAt({ field: 'apis[0].context', message: 'is taken; choose another one' })).toEqual({
    file: 'catalog.yaml',
    line: 2,
    column: 45,
    field: 'apis[0].context',
    message: 'is taken',
    fix: 'choose another one',
  });
});

test('equal texts have equal digests, and others another one', () => {
  const digestOf = (text: string) => accepted(text).digest;
  expect(digestOf(withApi(''))).toBe(digestOf(withApi('')));
  expect(digestOf(withApi(''))).not.toBe(digestOf(withApi('audiences: [x]')));
});

test('audiences of single key managers are taken by name; an empty list, which would waive them, is refused', () => {
  expect(apiOf('audiencesByKeyManager: { Partner KM: [a, b] }')?.audiencesByKeyManager).toEqual({
    'Partner KM': ['a', 'b'],
  });
  expect(refused(withApi('audiencesByKeyManager: { Partner: [] }'))).toEqual([
    expect.stringMatching(/^2 apis\[0\]\.audiencesByKeyManager\.Partner: /),
  ]);
});
