// A row of WSO2's `/apis` in the domain's form: contexts, verbs and templates as they are on the wire, and nothing that could be read in
// two ways.

import { describe, expect, test } from 'vitest';
import { readTemplate, readWireContext } from '../../../../src/documents/wso2/read-segments.ts';
import { readApi } from '../../../../src/sync/wso2/read-api.ts';
import { mapping } from '../../../rig/wso2-model.ts';

const textOf = (read: { text: string } | { message: string }) => ('text' in read ? read.text : undefined);
const wire = {
  context: (text: string) => textOf(readWireContext(text)),
  template: (text: string) => textOf(readTemplate(text)),
};
const ADDITIONS = { keyManagers: 'all', audiences: [], endpoints: [], authorizationHeader: 'authorization' } as const;
const ROW = {
  ...{ uuid: 'u', apiId: 7, provider: 'admin', name: 'Pizza', version: '1.0.0', context: '/t/foo.com/pizza/1.0.0' },
  ...{ contextTemplate: '/t/foo.com/pizza/{version}', policy: 'Gold', apiType: 'HTTP', status: 'PUBLISHED' },
  ...{ organization: 'foo.com', isDefaultVersion: true, securityScheme: null, isSubscriptionValidationDisabled: true },
  ...{ urlMappings: [mapping('GET', '/*')], vhosts: ['gw.example'], revisionId: 'r' },
};
const read = (over: object = {}) => readApi({ ...ROW, ...over }, 'carbon.super', wire, ADDITIONS);
const resources = (apiType: string, ...urlMappings: unknown[]) => {
  const api = read({ apiType, urlMappings });
  return 'wrong' in api
    ? api
    : api.resources.map(({ verb, template, authType, scopes }) => [verb, template, authType, ...scopes].join(' '));
};

describe('an API', () => {
  test('keeps what nothing here uses, and has the rest in its place', () => {
    expect(read()).toMatchObject({
      ...{ id: 'u', number: 7, organization: 'foo.com', context: '/t/foo.com/pizza/1.0.0', policy: 'Gold' },
      ...{
        defaultVersionContext: '/t/foo.com/pizza',
        securityScheme: ['oauth2'],
        subscriptionValidation: false,
        hosts: [],
      },
      extra: { vhosts: ['gw.example'], revisionId: 'r' },
    });
  });

  test.each([
    ['its template', { contextTemplate: '/v/{version}/pizza', context: '/v/1.0.0/pizza' }, '/v/pizza'],
    ['its end, where no template is given', { contextTemplate: null }, '/t/foo.com/pizza'],
    ['nothing, where the version stands elsewhere', { contextTemplate: null, context: '/1.0.0/pizza' }, null],
    ['nothing, for one that is not the default', { isDefaultVersion: false }, null],
  ])('is reached without version by %s', (_what, over, expected) => {
    expect(read(over)).toMatchObject({ defaultVersionContext: expected });
  });

  test.each([
    ['uuid', { uuid: undefined }],
    ['apiId', { apiId: '7' }],
    ['status', { status: 'PAUSED' }],
    ['context', { context: 'pizza' }],
    ['context', { context: '/pizza/../admin' }],
    ['isSubscriptionValidationDisabled', { isSubscriptionValidationDisabled: 'perhaps' }],
    ['urlMappings', { urlMappings: {} }],
  ])('with a wrong %s is no API', (wrong, over) => {
    expect(read(over)).toEqual({ wrong });
  });
});

describe('operations', () => {
  test('are matched by verb and template, whatever case the verb has', () => {
    expect(resources('HTTP', mapping('get', '/a/{id}', ['s']), mapping('POST', '/a', [], 'None'))).toEqual([
      'GET /a/{id} Any s',
      'POST /a None',
    ]);
  });

  test('that cannot be matched are left out', () => {
    expect(
      resources(
        'HTTP',
        mapping('TRACE', '/a'),
        mapping('GET', '/a{id}'),
        mapping('GET', 'a'),
        mapping('GET', '/ok'),
        7,
      ),
    ).toEqual(['GET /ok Any']);
  });

  test('of one request that ask for different things are left out, all of them', () => {
    expect(
      resources('HTTP', mapping('GET', '/{a}', ['s']), mapping('GET', '/{b}'), mapping('GET', '/{c}', ['s'])),
    ).toEqual([]);
    expect(resources('HTTP', mapping('GET', '/x', ['s']), mapping('GET', '/x', ['s']))).toEqual(['GET /x Any s']);
  });

  test('of GraphQL have one path, which asks for something if any of them does', () => {
    expect(resources('GRAPHQL', mapping('QUERY', 'pizzas', [], 'None'), mapping('MUTATION', 'order', ['o']))).toEqual([
      'POST /* Any o',
    ]);
    expect(resources('GRAPHQL', mapping('QUERY', 'pizzas', [], 'None'))).toEqual(['POST /* None']);
  });

  test('of a socket are its handshake; what is published over it is not allowed by what is subscribed', () => {
    expect(
      resources(
        'WS',
        mapping('SUBSCRIBE', '/news', ['s']),
        mapping('PUBLISH', '/news', ['p']),
        mapping('PUBLISH', '/in'),
      ),
    ).toEqual(['GET /news Any s']);
  });
});
