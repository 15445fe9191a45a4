// OpenAPI documents of each version as an API: what each operation asks for, what WSO2's extensions say, and what is refused.

import { describe, expect, test } from 'vitest';
import {
  importOpenApi,
  importOpenApiBody,
  MAX_OPENAPI_BYTES,
} from '../../../../src/documents/openapi/import-openapi.ts';

const MORE = { context: '/shop', keyManagers: ['Okta'] };

function read(definition: object | string, more: object = MORE) {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
  return importOpenApi({ definition: text, additionalProperties: JSON.stringify(more) });
}

function problemsOf(definition: object | string, more?: object): readonly string[] {
  const result = read(definition, more);
  return result.ok ? [] : result.problems.map(({ field, message }) => `${field} ${message}`);
}

/** The API of one operation, `GET /a`, in a document with two security schemes that take bearer tokens and some that do not. */
function operationOf(operation: object, root: object = {}, item: object = {}) {
  const result = read({
    openapi: '3.0.3',
    info: { title: 'Shop', version: '1.0.0' },
    components: {
      securitySchemes: {
        oauth: { type: 'oauth2', flows: {} },
        oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://sso.example/' },
        bearer: { type: 'http', scheme: 'Bearer' },
        basic: { type: 'http', scheme: 'basic' },
        key: { type: 'apiKey', name: 'k', in: 'header' },
      },
    },
    paths: { '/a': { ...item, get: operation } },
    ...root,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value.operations[0];
}

describe('scopes', () => {
  test.each<[string, unknown, unknown, readonly string[]]>([
    ['none where nothing is said', undefined, undefined, []],
    ['the operation’s', [{ oauth: ['read'] }], undefined, ['read']],
    ['the document’s where the operation says nothing', undefined, [{ oauth: ['read'] }], ['read']],
    ['the operation’s over the document’s', [{ oauth: ['a'] }], [{ oauth: ['b'] }], ['a']],
    ['none where the operation takes the document’s away', [], [{ oauth: ['b'] }], []],
    ['together, of one requirement', [{ oauth: ['write', 'read'] }], undefined, ['read write']],
    ['together, of two schemes of one requirement', [{ oauth: ['a'], oidc: ['b'] }], undefined, ['a b']],
    ['any, of several requirements', [{ oauth: ['a', 'b'] }, { oidc: ['c'] }], undefined, ['a b', 'c']],
    ['told once', [{ oauth: ['a'] }, { oidc: ['a'] }], undefined, ['a']],
    ['none where one alternative needs none', [{ oauth: ['a'] }, { bearer: [] }], undefined, []],
    ['still asked for beside the empty alternative', [{ oauth: ['a'] }, {}], undefined, ['a']],
    ['still asked for beside an API key', [{ key: [] }, { oauth: ['a'] }], undefined, ['a']],
    ['still asked for beside Basic', [{ basic: [] }, { oauth: ['a'] }], undefined, ['a']],
    ['of a scheme that is not defined', [{ nowhere: ['a'] }], undefined, ['a']],
    ['of an API key’s requirement, none', [{ key: [] }], undefined, []],
  ])('are %s', (_what, security, ofDocument, scopes) => {
    const operation = operationOf(
      security === undefined ? {} : { security },
      ofDocument ? { security: ofDocument } : {},
    );
    expect(operation).toMatchObject({ scopes, authType: 'Application & Application User' });
  });

  test('are WSO2’s x-scope where the document has no others', () => {
    expect(operationOf({ 'x-scope': 'a, b' })).toMatchObject({ scopes: ['a', 'b'] });
    expect(operationOf({ 'x-scope': 'b', security: [{ oauth: ['a'] }] })).toMatchObject({ scopes: ['a'] });
  });

  test.each(['a"b', 'a b', 'a\\b'])('that could be read in two ways are refused or asked for in part: %s', (scope) => {
    const operation = () => operationOf({ security: [{ oauth: [scope] }] });
    if (scope === 'a b') expect(operation()).toMatchObject({ scopes: ['a b'] });
    else expect(operation).toThrow('has quotes, or white space');
  });
});

describe('a resource is public', () => {
  test.each<[string, object, object, object, boolean]>([
    ['by x-auth-type None', { 'x-auth-type': 'None' }, {}, {}, true],
    ['by x-auth-type in any case', { 'x-auth-type': 'none' }, {}, {}, true],
    ['by x-wso2-disable-security', { 'x-wso2-disable-security': true }, {}, {}, true],
    ['by its path item', {}, {}, { 'x-wso2-disable-security': true }, true],
    ['by its document', {}, { 'x-wso2-disable-security': true }, {}, true],
    [
      'not where it says no and its document yes',
      { 'x-wso2-disable-security': false },
      { 'x-wso2-disable-security': true },
      {},
      false,
    ],
    ['not by another auth type', { 'x-auth-type': 'Application User' }, {}, {}, false],
    ['never by security: []', { security: [] }, { security: [] }, {}, false],
    ['never by an empty requirement', { security: [{}] }, {}, {}, false],
  ])('%s', (_how, operation, root, item, isPublic) => {
    expect(operationOf(operation, root, item)?.authType === 'None').toBe(isPublic);
  });

  test('and asks for no scope then', () => {
    expect(operationOf({ 'x-auth-type': 'None', security: [{ oauth: ['a'] }] })).toMatchObject({ scopes: [] });
  });

  test.each([
    { 'x-wso2-disable-security': 'true' },
    { 'x-wso2-disable-security': 1 },
    { 'x-auth-type': true },
    { 'x-auth-type': 'None', 'x-wso2-disable-security': false },
    { 'x-auth-type': 'Any', 'x-wso2-disable-security': true },
  ])('never by words that are unclear: %o', (operation) => {
    expect(() => operationOf(operation)).toThrow('says neither yes nor no');
  });
});

describe('a document', () => {
  const YAML = `
swagger: "2.0"
info: {title: Pizza Shack, version: 1.0.0, description: good pizza}
basePath: /pizza/1.0.0
x-wso2-auth-header: X-Token
x-throttling-tier: 10KPerMin
x-wso2-production-endpoints: {urls: [https://pizza.example]}
securityDefinitions: {default: {type: oauth2, flow: implicit, authorizationUrl: "https://sso.example"}}
paths:
  /menu/{item}:
    parameters: []
    x-note: not an operation
    get: {security: [{default: [menu]}], x-throttling-tier: Gold}
    trace: {}
  /any: {$ref: "#/x-items/any~1item"}
  x-paths: {get: {}}
x-items: {any/item: {post: {x-auth-type: None}}}
`;
  test('of version 2.0, in YAML, becomes an API with all that it says', () => {
    const result = read(YAML, { keyManagers: ['all'] });
    expect(result).toMatchObject({
      ok: true,
      value: {
        name: 'PizzaShack',
        version: '1.0.0',
        context: '/pizza',
        description: 'good pizza',
        authorizationHeader: 'x-token',
        apiThrottlingPolicy: '10KPerMin',
        endpoints: ['PRODUCTION'],
        keyManagers: ['all'],
        operations: [
          {
            target: '/menu/{item}',
            verb: 'GET',
            authType: 'Application & Application User',
            scopes: ['menu'],
            throttlingPolicy: 'Gold',
          },
          { target: '/any', verb: 'POST', authType: 'None', scopes: [], throttlingPolicy: 'Unlimited' },
        ],
      },
    });
  });

  test.each(['3.0.3', '3.1.0'])(
    'of version %s has its context from its first server, and members beside it count more',
    (openapi) => {
      const document = {
        openapi,
        info: { title: 'A', version: 'v2' },
        servers: [{ url: 'https://a.example/base/v2/' }],
        paths: {},
      };
      expect(read(document, { keyManagers: ['Okta'], name: 'B' })).toMatchObject({
        ok: true,
        value: { name: 'B', version: 'v2', context: '/base', operations: [] },
      });
    },
  );

  test.each<[string, object | string, string]>([
    ['that is none', { info: {} }, 'is no OpenAPI document'],
    ['that is no YAML', 'openapi: [', 'is not valid YAML'],
    ['that is a list', '[]', 'is no OpenAPI document'],
    [
      'that refers to another document',
      { openapi: '3.0.0', paths: { '/a': { $ref: 'https://evil.example/a.yaml' } } },
      'refers to another document',
    ],
    [
      'that refers to a file',
      { openapi: '3.0.0', paths: { '/a': { $ref: './a.yaml' } } },
      'refers to another document',
    ],
    ['that refers in a circle', { openapi: '3.0.0', paths: { '/a': { $ref: '#/paths/~1a' } } }, 'refers in a circle'],
    ['that refers to nothing', { openapi: '3.0.0', paths: { '/a': { $ref: '#/x/__proto__' } } }, 'is no path item'],
    [
      'with a template that no request could fit',
      { openapi: '3.0.0', info: { title: 'a', version: '1' }, paths: { '/a.{format}': { get: {} } } },
      'a variable that is not a whole segment',
    ],
    ['without a name', { openapi: '3.0.0', info: { version: '1' }, paths: {} }, 'name is missing'],
    ['with a member twice', '{"openapi":"3.0.0","paths":{},"paths":{"/a":{}}}', 'is not valid YAML'],
    ['that is nested too deep', `{"openapi":"3.0.0","x":${'['.repeat(100)}${']'.repeat(100)}}`, 'is nested deeper'],
    [
      'that explodes when it is read',
      `openapi: 3.0.0\na: &a [x]\n${Array.from({ length: 20 }, (_, at) => `b${at}: &b${at} [${`*${at === 0 ? 'a' : `b${at - 1}`}, `.repeat(9)}]`).join('\n')}`,
      'aliases',
    ],
    ['that is too large', `{"openapi":"3.0.0","x":"${'x'.repeat(MAX_OPENAPI_BYTES)}"}`, 'is larger than'],
  ])('%s is refused', (_what, document, message) => {
    expect(problemsOf(document).join('\n')).toContain(message);
  });

  test('beside which WSO2 has no such member is refused with what was meant', () => {
    const document = { openapi: '3.0.0', info: { title: 'a', version: '1' }, paths: {} };
    expect(problemsOf(document, { ...MORE, keyManagrs: [] })).toEqual([
      'keyManagrs is not a known name (did you mean "keyManagers"?)',
    ]);
  });

  test('comes in a JSON body as text or as it is', () => {
    const document = { openapi: '3.0.0', info: { title: 'a', version: '1' }, paths: { '/x': { get: {} } } };
    for (const inlineAPIDefinition of [document, JSON.stringify(document)]) {
      const body = JSON.stringify({ inlineAPIDefinition, additionalProperties: MORE });
      expect(importOpenApiBody(body)).toMatchObject({ ok: true, value: { operations: [{ target: '/x' }] } });
    }
    expect(importOpenApiBody('{')).toMatchObject({ ok: false });
    expect(importOpenApiBody('{"inlineAPIDefinition":"","inlineAPIDefinition":""}')).toMatchObject({ ok: false });
  });
});
