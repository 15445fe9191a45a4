// The decision against plain facts: every reason that the checklist itself can give, and what must not happen on the way.

import { describe, expect, test } from 'vitest';
import type { Api } from '../../../src/domain/api.ts';
import { denyPolicyIndexOf } from '../../../src/domain/deny-policy-index.ts';
import { keyManagerIndexOf } from '../../../src/domain/key-manager-index.ts';
import { REASONS } from '../../../src/domain/reason.ts';
import { routerOf } from '../../../src/domain/router.ts';
import type { Subscription } from '../../../src/domain/subscriber.ts';
import { sampleApi, sampleDenyPolicy, sampleKeyManager, sampleResource } from '../domain/catalog-samples.ts';
import { decide, REVOCATION, type Scene, SUBSCRIBER, sampleFacts, type Witness } from './world-sample.ts';

const withApi = (over: Partial<Api>): Partial<Scene> => ({ apis: [sampleApi(over)] });
const withState = (state: Subscription['state']): Partial<Scene> => ({
  subscriber: { subscription: { ...(SUBSCRIBER.subscription as Subscription), state } },
});
const facts = (over: Parameters<typeof sampleFacts>[0]): Partial<Scene> => ({
  proof: { kind: 'proved', facts: sampleFacts(over) },
});
const sandboxKey: Partial<Scene> = {
  subscriber: {
    mapping: { ...(SUBSCRIBER.mapping as NonNullable<typeof SUBSCRIBER.mapping>), keyType: 'SANDBOX' },
  },
};
const APPLICATION = SUBSCRIBER.application as NonNullable<typeof SUBSCRIBER.application>;
const organizations = (allowedOrganizations: readonly string[]): Partial<Scene> => ({
  keyManagers: [sampleKeyManager({ allowedOrganizations })],
});
const togetherWith = (...scopes: string[]): Partial<Scene> => ({
  ...withApi({ resources: [sampleResource({ scopes: ['read write'] })] }),
  ...facts({ scopes }),
});
const bearer = (...values: string[]): Partial<Scene> => ({ headers: { authorization: values } });

test('allows a subscribed client with a token of an allowed key manager', () => {
  expect(decide()).toMatchObject({
    outcome: 'allow',
    reason: 'allowed',
    known: { keyManager: { name: 'PartnerKM' }, application: { name: 'PizzaShack' }, keyType: 'PRODUCTION' },
  });
});

const DENIALS: [string, string, Partial<Scene>][] = [
  ['CONNECT', 'method_not_supported', { request: { method: 'CONNECT', path: '' } }],
  ['TRACE', 'method_not_supported', { request: { method: 'TRACE' } }],
  ['an unknown method', 'method_not_supported', { request: { method: 'BREW' } }],
  ['a method in lower case', 'method_not_supported', { request: { method: 'get' } }],
  ['a dot segment', 'path_ambiguous', { request: { path: '/pizza/1.0.0/x/../menu' } }],
  ['an overlong path', 'path_too_long', { request: { path: `/${'a'.repeat(20_000)}` } }],
  ['an empty host', 'host_missing', { request: { host: '' } }],
  ['a host with user info', 'host_missing', { request: { host: 'a@b' } }],
  ['an unknown context', 'api_not_found', { request: { path: '/pasta/1.0.0/menu' } }],
  [
    'a reference to no API',
    'api_reference_unknown',
    {
      request: { apiReference: { source: 'context_extensions', api: 'nothing', organization: undefined } },
    },
  ],
  [
    'an empty reference, although host and path fit',
    'api_reference_unknown',
    {
      request: { apiReference: { source: 'route_metadata', api: '', organization: undefined } },
    },
  ],
  [
    'a reference by name in another organization',
    'api_reference_unknown',
    {
      request: { apiReference: { source: 'context_extensions', api: 'Pizza:1.0.0', organization: 'other' } },
    },
  ],
  [
    'a path outside the referenced API',
    'resource_not_found',
    {
      request: {
        path: '/pasta',
        apiReference: { source: 'context_extensions', api: 'api-pizza', organization: undefined },
      },
    },
  ],
  ['an encoded slash by default', 'path_ambiguous', { request: { path: '/pizza/1.0.0/menu%2Fx' } }],
  ['a matrix parameter by default', 'path_ambiguous', { request: { path: '/pizza/1.0.0/menu;x=1' } }],
  ['a matrix parameter in the context', 'path_ambiguous', { request: { path: '/pizza;x=1/1.0.0/menu' } }],
  ['an API in CREATED', 'api_not_published', withApi({ lifecycle: 'CREATED' })],
  ['an API in RETIRED', 'api_not_published', withApi({ lifecycle: 'RETIRED' })],
  ['an API in BLOCKED', 'api_blocked', withApi({ lifecycle: 'BLOCKED' })],
  ['an unknown resource', 'resource_not_found', { request: { path: '/pizza/1.0.0/nothing' } }],
  ['a wrong verb', 'verb_not_allowed', { request: { method: 'POST' } }],
  ['an undeclared OPTIONS, by answering it', 'options_answered', { request: { method: 'OPTIONS' } }],
  [
    'a bearer token where OAuth2 is not a scheme',
    'security_scheme_unsupported',
    withApi({ securityScheme: ['api_key'] }),
  ],
  [
    'where a scheme is mandatory that is not checked here',
    'security_scheme_unsupported',
    withApi({
      securityScheme: ['oauth2', 'mutualssl', 'mutualssl_mandatory'],
    }),
  ],
  [
    'where an API key is mandatory',
    'security_scheme_unsupported',
    withApi({ securityScheme: ['oauth2', 'api_key', 'api_key_mandatory'] }),
  ],
  [
    'where basic authentication is mandatory',
    'security_scheme_unsupported',
    withApi({ securityScheme: ['oauth2', 'basic_auth_mandatory'] }),
  ],
  [
    'a public resource where mutual TLS is mandatory',
    'security_scheme_unsupported',
    withApi({
      securityScheme: ['oauth2', 'mutualssl', 'mutualssl_mandatory'],
      resources: [sampleResource({ authType: 'None' })],
    }),
  ],
  ...['/users/%40me', '/jobs%3Apurge', '/%24metadata', '/a%3Db', '/x%2A', '/x*', '/%7Bid%7D', '/{id}'].map(
    (path): [string, string, Partial<Scene>] => [
      `${path} without a token, where only its other spelling is protected`,
      'credential_missing',
      {
        ...withApi({
          resources: [
            sampleResource({ template: '/*', authType: 'None' }),
            ...['/users/@me', '/jobs:purge', '/$metadata', '/a=b', '/x%2A', '/%7Bid%7D'].map((template) =>
              sampleResource({ template }),
            ),
          ],
        }),
        request: { path: `/pizza/1.0.0${path}` },
        headers: {},
      },
    ],
  ),
  ['a host of tens of thousands of labels', 'host_missing', { request: { host: 'a.'.repeat(29_000) } }],
  ['a credential of tens of thousands of spaces', 'token_too_large', bearer(`Bearer ${' '.repeat(58_000)}x`)],
  ['nothing but spaces', 'credential_missing', bearer(' '.repeat(16_000))],
  [
    'GraphQL with scopes',
    'api_type_unsupported',
    withApi({
      type: 'GRAPHQL',
      resources: [sampleResource(), sampleResource({ template: '/q', scopes: ['s'] })],
    }),
  ],
  ['no credential', 'credential_missing', { headers: {} }],
  ['an empty credential', 'credential_missing', bearer('')],
  ['another scheme', 'credential_scheme_unsupported', bearer('Basic dXNlcjpwYXNz')],
  ['DPoP', 'credential_scheme_unsupported', bearer('DPoP good')],
  ['two credentials', 'multiple_credentials', bearer('Bearer good', 'Bearer good')],
  ['two credentials, one of them empty', 'multiple_credentials', bearer('', 'Bearer good')],
  ['two credentials joined by Envoy', 'multiple_credentials', bearer('Bearer good,Bearer good')],
  ['a scheme without a credential', 'token_malformed', bearer('Bearer')],
  ['a tab after the scheme', 'token_malformed', bearer('Bearer\tgood')],
  ['a space in the credential', 'token_malformed', bearer('Bearer go od')],
  ['a quote in the credential', 'token_malformed', bearer('Bearer "good"')],
  ['a control byte in the credential', 'token_malformed', bearer('Bearer go\u0000od')],
  ['padding in the middle', 'token_malformed', bearer('Bearer go=od')],
  ['a credential over the limit', 'token_too_large', bearer(`Bearer ${'a'.repeat(16_384)}`)],
  ['what the token reader refuses', 'token_malformed', bearer('Bearer bad')],
  ['an opaque token', 'opaque_token_unsupported', bearer('Bearer opaque')],
  ['a JWT without iss', 'issuer_missing', { claims: {} }],
  ['a JWT whose iss is a list', 'issuer_missing', { claims: { iss: ['https://partner.example'] } }],
  [
    'a JWT without iss that no rule claims',
    'token_not_claimed',
    { claims: { env: 'lan' }, keyManagers: [sampleKeyManager({ issuers: [], jwtRules: [{ env: 'dmz' }] })] },
  ],
  [
    'a JWT without iss where the key manager without issuer has no rules',
    'token_not_claimed',
    { claims: {}, keyManagers: [sampleKeyManager({ issuers: [] })] },
  ],
  [
    'a JWT with an issuer, although a key manager without one claims it',
    'issuer_unknown',
    { claims: { iss: '', env: 'dmz' }, keyManagers: [sampleKeyManager({ issuers: [], jwtRules: [{ env: 'dmz' }] })] },
  ],
  [
    'a JWT whose iss is null, although a key manager without one claims it',
    'issuer_missing',
    { claims: { iss: null, env: 'dmz' }, keyManagers: [sampleKeyManager({ issuers: [], jwtRules: [{ env: 'dmz' }] })] },
  ],
  ['an unknown issuer', 'issuer_unknown', { claims: { iss: 'https://evil.example' } }],
  ['an issuer that differs by a slash', 'issuer_unknown', { claims: { iss: 'https://partner.example/' } }],
  ['an issuer that differs by case', 'issuer_unknown', { claims: { iss: 'https://Partner.example' } }],
  ['an issuer that differs by the default port', 'issuer_unknown', { claims: { iss: 'https://partner.example:443' } }],
  ['an issuer that looks alike', 'issuer_unknown', { claims: { iss: 'https://p\u0430rtner.example' } }],
  ['a key manager that the API does not list', 'key_manager_not_allowed', withApi({ keyManagers: ['km-other'] })],
  ['every key manager where the API lists none', 'key_manager_not_allowed', withApi({ keyManagers: [] })],
  [
    'every key manager where nothing says which the API accepts',
    'key_managers_unknown',
    withApi({ keyManagers: [], extra: { keyManagersUnknown: true } }),
  ],
  [
    'an opaque token where nothing says which key managers the API accepts',
    'key_managers_unknown',
    { ...withApi({ keyManagers: [], extra: { keyManagersUnknown: true } }), ...bearer('Bearer opaque') },
  ],
  ['a disabled key manager', 'key_manager_disabled', { keyManagers: [sampleKeyManager({ enabled: false })] }],
  [
    'a key manager of another organization, even with all',
    'issuer_unknown',
    {
      ...withApi({ keyManagers: 'all' }),
      keyManagers: [sampleKeyManager({ organization: 'other' })],
    },
  ],
  ['an EXCHANGED key manager', 'issuer_unknown', { keyManagers: [sampleKeyManager({ tokenType: 'EXCHANGED' })] }],
  [
    'a token that the rules do not claim',
    'token_not_claimed',
    {
      keyManagers: [sampleKeyManager({ jwtRules: [{ tid: 'a' }] })],
    },
  ],
  [
    'a token that two key managers claim',
    'ambiguous_key_manager',
    {
      ...withApi({ keyManagers: 'all' }),
      keyManagers: [sampleKeyManager(), sampleKeyManager({ id: 'km-2', sequence: 2 })],
    },
  ],
  [
    'what the proof refuses',
    'signature_invalid',
    {
      proof: { kind: 'refused', reason: 'signature_invalid', evidence: {} },
    },
  ],
  [
    'a certificate-bound token without a certificate',
    'sender_constrained_unsupported',
    facts({ certificateThumbprint: 'tp' }),
  ],
  [
    'a certificate-bound token with another certificate',
    'certificate_mismatch',
    {
      ...facts({ certificateThumbprint: 'tp' }),
      request: { peerCertificateThumbprint: () => 'other' },
    },
  ],
  [
    'a token for another audience',
    'audience_not_accepted',
    {
      ...withApi({ audiences: ['pizza'] }),
      ...facts({ audiences: ['pasta'] }),
    },
  ],
  [
    'a token without the key manager’s audience',
    'key_manager_audience_mismatch',
    {
      keyManagers: [sampleKeyManager({ audiences: ['us'] })],
    },
  ],
  [
    'a token for the API’s audience where another is asked of this key manager',
    'audience_not_accepted',
    {
      ...withApi({ audiences: ['pizza'], audiencesByKeyManager: { 'km-partner': ['pizza-for-partners'] } }),
      ...facts({ audiences: ['pizza'] }),
    },
  ],
  ['a revoked token', 'token_revoked', { revocation: () => ({ ...REVOCATION, kind: 'jti' }) }],
  [
    'where nobody states an audience and one is required',
    'audience_not_configured',
    { world: { requireAudience: true } },
  ],
  ['a token without a client', 'client_unknown', facts({ consumerKey: undefined })],
  ['a client without an application', 'application_not_found', facts({ consumerKey: 'stranger' })],
  ['a dangling key mapping', 'application_not_found', { subscriber: { application: null } }],
  ...(['CREATED', 'REJECTED', 'DELETE_PENDING'] as const).map((state): [string, string, Partial<Scene>] => [
    `an application that is ${state}`,
    'application_not_approved',
    { subscriber: { application: { ...APPLICATION, state } } },
  ]),
  [
    'an application that is not approved where no subscription is asked for',
    'application_not_approved',
    {
      ...withApi({ subscriptionValidation: false }),
      subscriber: { application: { ...APPLICATION, state: 'CREATED' } },
    },
  ],
  [
    'an application of another organization with a token of a key manager for its own organization alone',
    'organization_not_allowed',
    { ...organizations(['NONE']), subscriber: { application: { ...APPLICATION, organization: 'other' } } },
  ],
  ['an organization that the key manager does not list', 'organization_not_allowed', organizations(['other'])],
  [
    'an organization that the API does not list',
    'organization_not_allowed',
    {
      ...withApi({ extra: { visibleOrganizations: ['none'] } }),
      subscriber: { application: { ...APPLICATION, organization: 'other' } },
    },
  ],
  ['whom a deny policy names', 'denied_by_policy', { denyPolicies: [sampleDenyPolicy({ value: '192.0.2.1' })] }],
  ['an application without a subscription', 'subscription_not_found', { subscriber: { subscription: null } }],
  [
    'a sandbox key on a production route',
    'key_type_not_for_environment',
    { ...sandboxKey, request: { environment: 'PRODUCTION' } },
  ],
  ['a sandbox key on an API with production endpoints only', 'key_type_without_endpoint', sandboxKey],
  [
    'a sandbox key on a hybrid route to an API with production endpoints only',
    'key_type_without_endpoint',
    { ...sandboxKey, ...withApi({ endpoints: ['PRODUCTION'] }), request: { environment: 'HYBRID' } },
  ],
  [
    'a production key on a hybrid route to an API with sandbox endpoints only',
    'key_type_without_endpoint',
    { ...withApi({ endpoints: ['SANDBOX'] }), request: { environment: 'HYBRID' } },
  ],
  ['a production key on a sandbox route', 'key_type_not_for_environment', { request: { environment: 'SANDBOX' } }],
  [
    'every key on a route whose environment cannot be read',
    'key_type_not_for_environment',
    {
      request: { environment: 'invalid' },
    },
  ],
  ['BLOCKED', 'subscription_blocked', withState('BLOCKED')],
  ['PROD_ONLY_BLOCKED with a production key', 'subscription_blocked', withState('PROD_ONLY_BLOCKED')],
  ['ON_HOLD', 'subscription_inactive', withState('ON_HOLD')],
  ['REJECTED', 'subscription_inactive', withState('REJECTED')],
  ['a state that is not known', 'subscription_inactive', withState('SOMETHING_NEW' as Subscription['state'])],
  [
    'a token without the scope',
    'scope_missing',
    withApi({ resources: [sampleResource({ scopes: ['write', 'admin'] })] }),
  ],
  ['a token whose one scope is named like two that are needed together', 'scope_missing', togetherWith('read write')],
  [
    'a token without scopes where the resource names nothing but spaces',
    'scope_missing',
    { ...withApi({ resources: [sampleResource({ scopes: [' '] })] }), ...facts({ scopes: [] }) },
  ],
  [
    'a token with one of two scopes that are needed together',
    'scope_missing',
    withApi({ resources: [sampleResource({ scopes: ['read write', 'admin'] })] }),
  ],
];

test.each(DENIALS)('denies %s: %s', (_what, reason, scene) => {
  expect(decide(scene)).toMatchObject({ outcome: 'deny', reason });
});

describe('allows', () => {
  const rows: [string, Partial<Scene>][] = [
    [
      'a token without iss that the rules of a key manager without issuer claim',
      { claims: { env: 'dmz' }, keyManagers: [sampleKeyManager({ issuers: [], jwtRules: [{ env: 'dmz' }] })] },
    ],
    [
      'an application-level scheme that OAuth2 satisfies',
      withApi({ securityScheme: ['oauth2', 'oauth_basic_auth_api_key_mandatory'] }),
    ],
    ['an organization that the key manager lists', organizations(['other', 'carbon.super'])],
    ['every organization where the key manager says all', organizations(['ALL'])],
    ['its own organization where the key manager says NONE', organizations(['NONE'])],
    ['spaces around the credential', bearer('  Bearer good  ')],
    ['the scheme in any case and several spaces', bearer('bEaReR   good')],
    ['HEAD as GET', { request: { method: 'HEAD' } }],
    [
      'a host with port, capitals and a trailing dot',
      {
        ...withApi({ hosts: ['api.example'] }),
        request: { host: 'API.example.:8443' },
      },
    ],
    [
      'an encoded slash where the API keeps it opaque',
      {
        ...withApi({
          path: { encodedSlash: 'opaque', matrixParameters: 'reject' },
          resources: [sampleResource({ template: '/{id}' })],
        }),
        request: { path: '/pizza/1.0.0/a%2Fb' },
      },
    ],
    [
      'a reference by id on any host',
      {
        ...withApi({ hosts: ['elsewhere.example'] }),
        request: { apiReference: { source: 'context_extensions', api: 'api-pizza', organization: undefined } },
      },
    ],
    [
      'a reference by name and version',
      {
        request: { apiReference: { source: 'route_metadata', api: 'Pizza:1.0.0', organization: undefined } },
      },
    ],
    [
      'the credential in the header that the API names',
      {
        ...withApi({ authorizationHeader: 'x-pizza-auth' }),
        headers: { 'x-pizza-auth': ['Bearer good'], authorization: ['Basic eA=='] },
      },
    ],
    [
      'the Global key manager on an API that allows all',
      {
        ...withApi({ keyManagers: 'all' }),
        keyManagers: [sampleKeyManager({ organization: 'WSO2/System' })],
      },
    ],
    [
      'the one of two key managers of an issuer that the API lists',
      {
        keyManagers: [sampleKeyManager(), sampleKeyManager({ id: 'km-2', sequence: 2 })],
      },
    ],
    [
      'the one of two key managers of an issuer whose rule claims the token',
      {
        ...withApi({ keyManagers: 'all' }),
        claims: { iss: 'https://partner.example', tid: 'a' },
        keyManagers: [
          sampleKeyManager({ jwtRules: [{ tid: 'a' }] }),
          sampleKeyManager({ id: 'km-2', sequence: 2, jwtRules: [{ tid: 'b' }] }),
        ],
      },
    ],
    [
      'a certificate-bound token with its certificate',
      {
        ...facts({ certificateThumbprint: 'tp' }),
        request: { peerCertificateThumbprint: () => 'tp' },
      },
    ],
    [
      'an audience of the API, whatever the key manager expects',
      {
        ...withApi({ audiences: ['pizza'] }),
        keyManagers: [sampleKeyManager({ audiences: ['us'] })],
        ...facts({ audiences: ['x', 'pizza'] }),
      },
    ],
    [
      'an audience asked of this key manager, whatever the API asks of others',
      {
        ...withApi({ audiences: ['pizza'], audiencesByKeyManager: { 'km-partner': ['p'], 'km-other': ['o'] } }),
        ...facts({ audiences: ['p'] }),
      },
    ],
    [
      'an audience of the API where none is asked of this key manager',
      {
        ...withApi({ audiences: ['pizza'], audiencesByKeyManager: { 'km-partner': [] } }),
        ...facts({ audiences: ['pizza'] }),
      },
    ],
    [
      'an audience of the key manager where the API says all',
      {
        ...withApi({ audiences: ['all'] }),
        keyManagers: [sampleKeyManager({ audiences: ['us'] })],
        ...facts({ audiences: ['us'] }),
      },
    ],
    ['UNBLOCKED', withState('UNBLOCKED')],
    ['TIER_UPDATE_PENDING', withState('TIER_UPDATE_PENDING')],
    ['DELETE_PENDING', withState('DELETE_PENDING')],
    ['a deprecated API to its subscribers', withApi({ lifecycle: 'DEPRECATED' })],
    ['a prototype with authentication as usual', withApi({ lifecycle: 'PROTOTYPED' })],
    ['GraphQL without scopes', withApi({ type: 'GRAPHQL' })],
    ['any one of the scopes', withApi({ resources: [sampleResource({ scopes: ['admin', 'read'] })] })],
    [
      'all of the scopes that are needed together',
      {
        ...withApi({ resources: [sampleResource({ scopes: ['admin', 'read write'] })] }),
        ...facts({ scopes: ['write', 'read'] }),
      },
    ],
    [
      'one scope beside those that are needed together',
      withApi({ resources: [sampleResource({ scopes: ['write admin', 'read'] })] }),
    ],
    [
      'a client without application where no subscription is asked for',
      {
        ...withApi({ subscriptionValidation: false }),
        ...facts({ consumerKey: 'stranger' }),
      },
    ],
    [
      'a token without client where no subscription is asked for',
      {
        ...withApi({ subscriptionValidation: false }),
        ...facts({ consumerKey: undefined }),
      },
    ],
    [
      'PROD_ONLY_BLOCKED with a sandbox key in the sandbox',
      {
        subscriber: {
          mapping: { ...(SUBSCRIBER.mapping as NonNullable<typeof SUBSCRIBER.mapping>), keyType: 'SANDBOX' },
          subscription: { ...(SUBSCRIBER.subscription as Subscription), state: 'PROD_ONLY_BLOCKED' },
        },
        request: { environment: 'SANDBOX' },
      },
    ],
    [
      'a sandbox key on a hybrid route to an API with both kinds of endpoint',
      { ...sandboxKey, ...withApi({ endpoints: ['PRODUCTION', 'SANDBOX'] }), request: { environment: 'HYBRID' } },
    ],
    [
      'a sandbox key on a hybrid route to an API that states no endpoints',
      { ...sandboxKey, ...withApi({ endpoints: [] }), request: { environment: 'HYBRID' } },
    ],
    [
      'a production key on a hybrid route to an API that states no endpoints',
      { ...withApi({ endpoints: [] }), request: { environment: 'HYBRID' } },
    ],
  ];

  test.each(rows)('%s', (_what, scene) => {
    expect(decide(scene)).toMatchObject({ outcome: 'allow', reason: 'allowed' });
  });

  test('a public resource without a token, and without looking at one', () => {
    const scene = { ...withApi({ resources: [sampleResource({ authType: 'None' })] }), ...bearer('Bearer bad', 'x') };
    expect(decide(scene)).toMatchObject({ outcome: 'allow', reason: 'public_resource' });
  });
});

describe('on the way', () => {
  test('a prototype counts every client as PRODUCTION', () => {
    const mapping = { ...(SUBSCRIBER.mapping as NonNullable<typeof SUBSCRIBER.mapping>), keyType: 'SANDBOX' as const };
    expect(decide({ ...withApi({ lifecycle: 'PROTOTYPED' }), subscriber: { mapping } })).toMatchObject({
      outcome: 'allow',
      known: { keyType: 'PRODUCTION' },
    });
  });

  test('no key manager is asked before one is chosen', () => {
    const witness: Witness = { asked: [] };
    for (const scene of [
      { claims: { iss: 'https://evil.example' } },
      withApi({ keyManagers: [] }),
      bearer('Bearer opaque'),
      bearer('Bearer bad'),
      { request: { path: '/nowhere' } },
    ])
      decide(scene, witness);
    expect(witness.asked).toEqual([]);
    decide({}, witness);
    expect(witness.asked).toEqual(['PartnerKM']);
  });

  test('an unavailable proof is a fault, not a denial', () => {
    const proof = { kind: 'unavailable', reason: 'key_set_unavailable', evidence: {} } as const;
    expect(decide({ proof })).toMatchObject({ outcome: 'fault', reason: 'key_set_unavailable' });
  });

  test('a token that is known is decided without a promise, one that is not known is waited for', async () => {
    expect(decide()).not.toBeInstanceOf(Promise);
    const later = decide({ proof: Promise.resolve({ kind: 'proved', facts: sampleFacts() }) });
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toMatchObject({ outcome: 'allow' });
  });

  test('facts of another revision are not mixed in: it starts over, and gives up after three times', () => {
    const witness: Witness = { asked: [] };
    expect(decide({ subscriber: 'stale' }, witness)).toMatchObject({
      outcome: 'fault',
      reason: 'catalog_changing',
      evidence: { attempts: 3 },
    });
    expect(witness.asked).toHaveLength(3);
  });

  test('an unreadable catalog is a fault', () => {
    const catalog = { moment: () => undefined };
    expect(decide({ world: { catalog } })).toMatchObject({ outcome: 'fault', reason: 'catalog_not_loaded' });
  });

  test.each(['copy_incomplete', 'copy_stale'] as const)('%s is a fault, whatever the catalog says', (unfit) => {
    expect(decide()).toMatchObject({ outcome: 'allow' });
    expect(decide({ world: { unfit: () => unfit } })).toMatchObject({ outcome: 'fault', reason: unfit });
    expect(decide({ world: { unfit: () => undefined } })).toMatchObject({ outcome: 'allow' });
  });

  test('a key manager that is deleted while its key was fetched has no say', async () => {
    expect(decide()).toMatchObject({ outcome: 'allow' });
    const first = {
      structureRevision: 1,
      router: routerOf([sampleApi()]),
      keyManagers: keyManagerIndexOf([sampleKeyManager()]),
      denyPolicies: denyPolicyIndexOf([]),
    };
    const second = { ...first, structureRevision: 2, keyManagers: keyManagerIndexOf([]) };
    let calls = 0;
    const facts = { findRevocation: () => undefined, findSubscriber: () => SUBSCRIBER };
    const catalog = { moment: () => ({ ...facts, snapshot: calls++ === 0 ? first : second }) };
    const proof = Promise.resolve({ kind: 'proved', facts: sampleFacts() } as const);
    expect(await decide({ proof, world: { catalog } })).toMatchObject({ outcome: 'deny', reason: 'issuer_unknown' });
  });

  test('the recorder sees every step in order, and never the credential', () => {
    const steps: [string, unknown][] = [];
    decide({}, undefined, { step: (name, result) => steps.push([name, result]) });
    expect(steps.map(([name]) => name)).toEqual([
      ...['method', 'path', 'api', 'lifecycle', 'resource', 'security', 'request_policies'],
      ...['credential', 'token', 'key_manager'],
      ...['proof', 'revocation', 'binding', 'audience', 'subscriber', 'subscription', 'environment', 'scopes'],
      'caller_policies',
    ]);
    expect(steps.filter(([name]) => name === 'credential' || name === 'token').map(([, result]) => result)).toEqual([
      'passed',
      'passed',
    ]);
  });
});

test('every reason is shown here, but for those that only other rooms can give', () => {
  const elsewhere = [
    ...['jose_header_refused', 'algorithm_not_allowed', 'key_not_found', 'token_type_refused', 'claims_malformed'],
    ...['token_expired', 'token_not_yet_valid', 'token_lifetime_excessive', 'client_ambiguous'],
    ...['token_inactive', 'token_unverifiable', 'tenant_not_allowed', 'opaque_token_not_claimed'],
    ...['introspection_unavailable', 'introspection_reply_invalid', 'key_manager_limit_reached'],
    ...['key_set_unavailable', 'key_set_refreshing', 'deadline_exceeded', 'internal_error'],
    ...['catalog_not_loaded', 'catalog_changing', 'copy_incomplete', 'copy_stale', 'assertion_too_large'],
  ];
  const shown = DENIALS.map(([, reason]) => reason);
  expect(new Set([...shown, ...elsewhere])).toEqual(new Set(Object.keys(REASONS)));
});
