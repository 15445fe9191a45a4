// Decisions as Envoy hears them: identity on an allow, WSO2's words and RFC 6750's challenge otherwise, metadata always.

import { describe, expect, test } from 'vitest';
import { settingsFile } from '../../../../src/documents/settings/settings-document.ts';
import type { Decision, Known } from '../../../../src/domain/decision.ts';
import { type DenyReason, type FaultReason, REASONS, type Reason, reasonRow } from '../../../../src/domain/reason.ts';
import { type AnswerOptions, answerer } from '../../../../src/extauthz/answer/answer.ts';
import { SUBSCRIBER, sampleFacts } from '../../authorize/world-sample.ts';
import { sampleApi, sampleKeyManager, sampleResource } from '../../domain/catalog-samples.ts';
import { type DecodedResponse, decoded, pairs } from '../decoded-response.ts';

/** What the settings say when nobody sets anything. */
const { upstream } = settingsFile.parse({});
const OPTIONS: AnswerOptions = { ...upstream, assertionHeader: upstream.backendJwt.header, onFault: 'denied' };
const IDENTITY_HEADERS = Object.keys(OPTIONS.identityHeaders);
const KNOWN: Known = {
  api: sampleApi(),
  resource: sampleResource(),
  keyManager: sampleKeyManager(),
  token: sampleFacts({ scopes: ['read', 'write'] }),
  keyType: 'PRODUCTION',
  ...(SUBSCRIBER.application && { application: SUBSCRIBER.application }),
  ...(SUBSCRIBER.subscription && { subscription: SUBSCRIBER.subscription }),
};

interface Sent {
  readonly contentType?: string;
  readonly underscored?: readonly string[];
}

function tell(decision: Decision, options: Partial<AnswerOptions> = {}, sent: Sent = {}): DecodedResponse {
  const request = { contentType: sent.contentType, underscoredHeaders: () => sent.underscored ?? [] };
  const response = answerer({ ...OPTIONS, ...options })(decision, 'd-1', request);
  if (response === 'unavailable') throw new Error('no response');
  return decoded(response);
}

const allow = (known: Known = KNOWN): Decision => ({ outcome: 'allow', reason: 'allowed', known });
const refuse = (reason: Reason, evidence: Record<string, string | readonly string[]> = {}): Decision => {
  const base = { evidence, known: { api: sampleApi() } };
  return reasonRow(reason).outcome === 'deny'
    ? { outcome: 'deny', reason: reason as DenyReason, ...base }
    : { outcome: 'fault', reason: reason as FaultReason, ...base };
};
const headersOf = (response: DecodedResponse) =>
  new Map(pairs((response.ok_response ?? response.denied_response ?? response.error_response)?.headers));
const removedBy = (response: DecodedResponse) => response.ok_response?.headers_to_remove ?? [];

test('a missing scope names the template of the resource, as WSO2 does, and no other denial does', () => {
  const resource = sampleResource({ template: '/orders/{id}/"x"' });
  const told = tell({ outcome: 'deny', reason: 'scope_missing', evidence: {}, known: { resource } });
  expect(JSON.parse(told.denied_response?.body ?? '')).toEqual({
    code: '900910',
    message: 'The access token does not allow you to access the requested resource',
    description: 'User is NOT authorized to access the Resource: /orders/{id}/"x". Scope validation failed.',
  });
  const unknown = tell({ outcome: 'deny', reason: 'subscription_not_found', evidence: {}, known: { resource } });
  expect(unknown.denied_response?.body).not.toContain('orders');
});

test.each<[Reason, number, string]>([
  ['subscription_blocked', 401, '900907'],
  ['subscription_not_found', 403, '900908'],
  ['application_not_approved', 403, '900908'],
  ['subscription_inactive', 401, '900909'],
  ['scope_missing', 403, '900910'],
  ['audience_not_accepted', 403, '900914'],
  ['api_blocked', 503, '700700'],
  ['denied_by_policy', 403, '900805'],
])('%s is %i with code %s in WSO2’s body, the code a string', (reason, status, code) => {
  const { denied_response: response } = tell(refuse(reason));
  // That the row is what is sent is shown below for each of them.
  expect(reasonRow(reason).status).toBe(status);
  const body = JSON.parse(response?.body ?? '') as object;
  expect(body).toMatchObject({ code });
  expect(Object.keys(body)).toEqual(expect.arrayContaining(['code', 'message', 'description']));
});

describe('an allow', () => {
  test('sets every identity header whose fact is known', () => {
    expect(Object.fromEntries(headersOf(tell(allow())))).toEqual({
      'x-gatehouse-organization': 'carbon.super',
      'x-gatehouse-api': 'Pizza',
      'x-gatehouse-api-version': '1.0.0',
      'x-gatehouse-key-manager': 'PartnerKM',
      'x-gatehouse-subject': 'alice',
      'x-gatehouse-consumer-key': 'client-1',
      'x-gatehouse-application': 'PizzaShack',
      'x-gatehouse-application-id': 'app-1',
      'x-gatehouse-application-owner': 'bob',
      'x-gatehouse-application-policy': 'Gold',
      'x-gatehouse-subscription-policy': 'Gold',
      'x-gatehouse-key-type': 'PRODUCTION',
      'x-gatehouse-scopes': 'read write',
    });
  });

  test.each<[string, Known]>([
    ['everything', KNOWN],
    ['the API', { api: sampleApi() }],
    ['nothing', {}],
    ['a subject that fits no header', { ...KNOWN, token: sampleFacts({ subject: 'a'.repeat(5000) }) }],
  ])('knowing %s: each identity header is set or removed, never both, and its twin is removed', (_name, known) => {
    const response = tell(allow(known));
    const set = headersOf(response);
    const removed = removedBy(response);
    for (const name of IDENTITY_HEADERS) {
      expect(set.has(name) !== removed.includes(name), name).toBe(true);
      expect(removed).toContain(name.replaceAll('-', '_'));
    }
    for (const [name, value] of set) {
      expect(value, name).not.toBe('');
      expect(removed).not.toContain(name);
    }
  });

  test('sets the signed assertion over whatever a client sent, or removes that, in every spelling', () => {
    for (const header of ['x-jwt-assertion', 'x-my_token']) {
      const options = { assertionHeader: header };
      const signed = tell(allow({ ...KNOWN, assertion: 'a.b+/.c' }), options, {
        underscored: ['X-My_Token', 'x_JWT-assertion'],
      });
      expect(headersOf(signed).get(header)).toBe('a.b+/.c');
      expect(removedBy(signed)).not.toContain(header);
      const unsigned = tell(allow(), options);
      expect(headersOf(unsigned).has(header)).toBe(false);
      for (const spelling of [header, header.replaceAll('_', '-'), header.replaceAll('-', '_')])
        expect(removedBy(unsigned)).toContain(spelling);
      expect(removedBy(tell({ outcome: 'allow', reason: 'public_resource', known: {} }, options))).toContain(header);
    }
  });

  test('tells policies, context, attributes and subscription to who asks for them', () => {
    const facts = {
      'x-context': 'apiContext',
      'x-api-policy': 'apiPolicy',
      'x-resource-policy': 'resourcePolicy',
      'x-attributes': 'applicationAttributes',
      'x-region': 'attribute:region',
      'x-none': 'attribute:constructor',
      'x-subscription': 'subscriptionId',
    } as const;
    const application = { ...(KNOWN.application as NonNullable<Known['application']>), attributes: { region: 'eu' } };
    const known = { ...KNOWN, api: sampleApi({ policy: '10KPerMin' }), application };
    const response = tell(allow(known), { identityHeaders: facts });
    expect(Object.fromEntries(headersOf(response))).toEqual({
      'x-context': '/pizza/1.0.0',
      'x-api-policy': '10KPerMin',
      'x-resource-policy': 'Unlimited',
      'x-attributes': '{"region":"eu"}',
      'x-region': 'eu',
      'x-subscription': 's-1',
    });
    expect(removedBy(response)).toContain('x-none');
    expect(response.dynamic_metadata.fields['attributes']).toMatchObject({
      structValue: { fields: { region: { stringValue: 'eu' } } },
    });
  });

  test('and a refusal tell the client the decision’s id, where settings name a header for it', () => {
    const options = { decisionIdHeader: 'x-decision-id' };
    const passed = tell(allow(), options);
    expect(pairs(passed.ok_response?.response_headers_to_add)).toEqual([['x-decision-id', 'd-1']]);
    expect(headersOf(passed).has('x-decision-id')).toBe(false);
    expect(headersOf(tell(refuse('token_expired'), options)).get('x-decision-id')).toBe('d-1');
    expect(tell(allow()).ok_response?.response_headers_to_add).toEqual([]);
  });

  test('removes what would tell the upstream another method, URL or identity, in both spellings', () => {
    const removed = removedBy(tell(allow()));
    for (const name of ['x-jwt-assertion', 'x-http-method-override', 'x-original-url', 'x-rewrite-url'])
      expect(removed).toEqual(expect.arrayContaining([name, name.replaceAll('-', '_')]));
  });

  test('removes a twin that mixes hyphens and underscores, and leaves other headers alone', () => {
    const underscored = ['X-Gatehouse_Subject', 'x_jwt-assertion', 'my_header'];
    const removed = removedBy(tell(allow(), {}, { underscored }));
    expect(removed).toEqual(expect.arrayContaining(['x-gatehouse_subject', 'x_jwt-assertion']));
    expect(removed).not.toContain('my_header');
  });

  test('removes the credential from the header of the API, unless it is to be kept', () => {
    const known = { ...KNOWN, api: sampleApi({ authorizationHeader: 'x-partner-token' }) };
    expect(removedBy(tell(allow(known)))).toContain('x-partner-token');
    expect(removedBy(tell(allow(known)))).not.toContain('authorization');
    expect(removedBy(tell(allow(known), { keepCredential: true }))).not.toContain('x-partner-token');
  });

  test('of a public resource vouches for nothing and leaves the credential', () => {
    const response = tell({ outcome: 'allow', reason: 'public_resource', known: { api: sampleApi() } });
    expect(headersOf(response).size).toBe(0);
    expect(removedBy(response)).toEqual(expect.arrayContaining(IDENTITY_HEADERS));
    expect(removedBy(response)).not.toContain('authorization');
  });

  test('does not remove a credential header that it sets', () => {
    const known = { ...KNOWN, api: sampleApi({ authorizationHeader: 'x-user' }) };
    const response = tell(allow(known), { identityHeaders: { 'x-user': 'subject' } });
    expect(headersOf(response).get('x-user')).toBe('alice');
    expect(removedBy(response)).not.toContain('x-user');
  });

  test('says what the API and the key manager say now, whatever the same answerer said before', () => {
    const identityHeaders = { 'x-api': 'api', 'x-policy': 'apiPolicy', 'x-km': 'keyManager' } as const;
    const answer = answerer({ ...OPTIONS, identityHeaders });
    const request = { contentType: undefined, underscoredHeaders: () => [] };
    const told = (known: Known) => {
      const response = answer(allow(known), 'd-1', request);
      if (response === 'unavailable') throw new Error('no response');
      const { ok_response: ok, dynamic_metadata: metadata } = decoded(response);
      const texts = ['api', 'api_policy', 'key_manager', 'key_type'].map((key) => metadata.fields[key]?.stringValue);
      return { headers: pairs(ok?.headers), removed: ok?.headers_to_remove ?? [], texts };
    };
    const first = { ...KNOWN, api: sampleApi({ policy: 'Gold' }) };
    const changed: Known = {
      ...first,
      api: sampleApi({ name: 'Pasta', policy: '' }),
      keyManager: sampleKeyManager({ name: 'Other' }),
      keyType: 'SANDBOX',
    };
    const before = told(first);
    expect(before.headers).toEqual([
      ['x-api', 'Pizza'],
      ['x-policy', 'Gold'],
      ['x-km', 'PartnerKM'],
    ]);
    const after = told(changed);
    expect(after.headers).toEqual([
      ['x-api', 'Pasta'],
      ['x-km', 'Other'],
    ]);
    expect(after.removed).toContain('x-policy');
    expect(after.texts).toEqual(['Pasta:1.0.0', '', 'Other', 'SANDBOX']);
    expect(told(first)).toEqual(before);
    expect(told({}).removed).toEqual(expect.arrayContaining(Object.keys(identityHeaders)));
  });

  test('carries identity in the configured headers', () => {
    const response = tell(allow(), { identityHeaders: { x_user: 'subject' } });
    expect(pairs(response.ok_response?.headers)).toEqual([['x_user', 'alice']]);
    expect(removedBy(response)).toContain('x-user');
    expect(removedBy(response)).not.toContain('x_user');
  });
});

describe('a refusal', () => {
  test.each(Object.keys(REASONS) as Reason[])('%s has the status, code and body of its row', (reason) => {
    const { outcome, status, code, message, description } = reasonRow(reason);
    const response = tell(refuse(reason, { secret: 'EVIDENCE', required: ['s'], allow: ['GET'] }), {
      onFault: 'denied',
    });
    expect(response.http_response).toBe('denied_response');
    expect(response.status?.code).toBeGreaterThan(0);
    const { body, status: told } = response.denied_response ?? {};
    expect(Number(HTTP_CODES[told?.code ?? ''])).toBe(status);
    expect(JSON.parse(body ?? '')).toEqual({ code, message, description: description.replace('{resource}', '') });
    const headers = headersOf(response);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('retry-after')).toBe(outcome === 'fault' ? '1' : undefined);
    expect(headers.has('www-authenticate')).toBe(reasonRow(reason).challenge !== null);
    expect(headers.has('allow')).toBe(status === 405 || reason === 'options_answered');
    expect(JSON.stringify(response)).not.toContain('EVIDENCE');
  });

  const HTTP_CODES: Record<string, number> = {
    OK: 200,
    BadRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    URITooLong: 414,
    ServiceUnavailable: 503,
  };

  test.each<[Reason, string]>([
    ['credential_missing', 'Bearer realm="Gatehouse"'],
    ['subscription_blocked', 'Bearer realm="Gatehouse"'],
    [
      'token_expired',
      'Bearer realm="Gatehouse", error="invalid_token", error_description="This access token is not accepted here"',
    ],
    [
      'multiple_credentials',
      'Bearer realm="Gatehouse", error="invalid_request", error_description="Send exactly one bearer token"',
    ],
    [
      'scope_missing',
      'Bearer realm="Gatehouse", error="insufficient_scope", error_description="This access token lacks a scope", scope="read write list"',
    ],
  ])('%s challenges as RFC 6750 has it', (reason, expected) => {
    const headers = headersOf(tell(refuse(reason, { required: ['read', 'wr"ite', 'write list'] })));
    expect(headers.get('www-authenticate')).toBe(expected);
  });

  test('tells each resource and each need of it anew, whatever was told before and to whom', () => {
    const answer = answerer(OPTIONS);
    const told = (template: string, needs: readonly (readonly string[])[], contentType?: string) => {
      const resource = sampleResource({ template });
      return needs.map((required) => {
        const decision = {
          outcome: 'deny',
          reason: 'scope_missing',
          evidence: { required },
          known: { resource },
        } as const;
        const response = answer(decision, 'd-1', { contentType, underscoredHeaders: () => [] });
        if (response === 'unavailable') throw new Error('no response');
        const { denied_response: refusal } = decoded(response);
        const scope = /scope="(.*)"/.exec(new Map(pairs(refusal?.headers)).get('www-authenticate') ?? '')?.[1];
        return [/Resource: (\S+)\./.exec(refusal?.body ?? '')?.[1], scope];
      });
    };
    const read = ['read'];
    for (const contentType of [undefined, 'application/grpc', undefined]) {
      const nameOf = (template: string) => (contentType === undefined ? template : undefined);
      expect(told('/a', [read, ['write'], read], contentType)).toEqual([
        [nameOf('/a'), 'read'],
        [nameOf('/a'), 'write'],
        [nameOf('/a'), 'read'],
      ]);
      expect(told('/b', [read, read], contentType)).toEqual([
        [nameOf('/b'), 'read'],
        [nameOf('/b'), 'read'],
      ]);
    }
  });

  test('scopes that cannot be quoted or are too many are not listed', () => {
    const challenge = (required: readonly string[]) =>
      headersOf(tell(refuse('scope_missing', { required }))).get('www-authenticate');
    expect(challenge(['é', '\r\n'])).not.toContain('scope=');
    expect(challenge(Array.from({ length: 300 }, (_, i) => `scope:${i}`))).not.toContain('scope=');
  });

  test('the verbs of the resource are listed, or all when there is no resource', () => {
    const allowOf = (decision: Decision) => headersOf(tell(decision)).get('allow');
    expect(allowOf(refuse('verb_not_allowed', { allow: ['GET', 'HEAD'] }))).toBe('GET, HEAD');
    expect(allowOf(refuse('options_answered', { allow: ['GET'] }))).toBe('GET');
    expect(allowOf(refuse('method_not_supported'))).toBe('GET, PUT, POST, DELETE, PATCH, HEAD, OPTIONS');
  });

  test.each(['application/grpc', 'application/grpc+proto'])(
    'of %s is a short text without a content type',
    (contentType) => {
      const response = tell(refuse('credential_missing'), {}, { contentType });
      expect(response.denied_response?.body).toBe('900902 Missing Credentials');
      expect(headersOf(response).has('content-type')).toBe(false);
      expect(headersOf(response).has('www-authenticate')).toBe(true);
    },
  );

  test.each(['application/grpc-web', 'application/json'])('of %s is JSON', (contentType) => {
    expect(headersOf(tell(refuse('credential_missing'), {}, { contentType })).get('content-type')).toBe(
      'application/json',
    );
  });
});

describe('a fault', () => {
  const fault = refuse('key_set_unavailable');

  test('is an error_response by choice, with the same content', () => {
    const response = tell(fault, { onFault: 'error_response' });
    expect(response.http_response).toBe('error_response');
    expect(response.status?.code).toBe(14);
    expect(response.error_response).toEqual(tell(fault).denied_response);
  });

  test('is no response at all by choice', () => {
    const answer = answerer({ ...OPTIONS, onFault: 'grpc' });
    expect(answer(fault, 'd-1', { contentType: undefined, underscoredHeaders: () => [] })).toBe('unavailable');
  });

  test.each(['error_response', 'grpc'] as const)('told as %s leaves denials as they are', (onFault) => {
    expect(tell(refuse('token_expired'), { onFault }).http_response).toBe('denied_response');
  });
});

test('metadata has the same keys whatever the outcome', () => {
  const metadata = (decision: Decision) =>
    Object.fromEntries(
      Object.entries(tell(decision).dynamic_metadata.fields).map(([key, value]) => [key, value.stringValue]),
    );
  expect(metadata(allow())).toEqual({
    decision_id: 'd-1',
    outcome: 'allow',
    reason: 'allowed',
    code: '',
    api: 'Pizza:1.0.0',
    key_manager: 'PartnerKM',
    application: 'PizzaShack',
    key_type: 'PRODUCTION',
    organization: 'carbon.super',
    api_policy: '',
    resource_policy: 'Unlimited',
    application_id: 'app-1',
    application_policy: 'Gold',
    subscription_id: 's-1',
    subscription_policy: 'Gold',
  });
  const counted = { organization: '', api_policy: '', resource_policy: '', application_policy: '' };
  const unknown = {
    ...{ key_manager: '', application: '', key_type: '', application_id: '', subscription_id: '' },
    ...{ ...counted, subscription_policy: '' },
  };
  expect(metadata(refuse('token_expired'))).toEqual({
    decision_id: 'd-1',
    outcome: 'deny',
    reason: 'token_expired',
    code: '900901',
    api: 'Pizza:1.0.0',
    ...unknown,
  });
  expect(metadata({ outcome: 'fault', reason: 'internal_error', evidence: {}, known: {} })).toEqual({
    decision_id: 'd-1',
    outcome: 'fault',
    reason: 'internal_error',
    code: '900900',
    api: '',
    ...unknown,
  });
});

test.each<[string, Partial<AnswerOptions>, RegExp]>([
  ['a name that frames messages', { identityHeaders: { host: 'api' } }, /identityHeaders: "host"/],
  ['a pseudo header', { removeHeaders: [':path'] }, /removeHeaders: ":path"/],
  ['an upper-case name', { identityHeaders: { 'X-User': 'subject' } }, /identityHeaders: "X-User"/],
  ['two spellings of one name', { identityHeaders: { 'x-u': 'subject', x_u: 'api' } }, /"x-u" and "x_u"/],
  [
    'an identity header that is also removed',
    { removeHeaders: ['x_gatehouse_api'] },
    /removeHeaders: "x_gatehouse_api"/,
  ],
  ['a realm with a quote', { realm: 'a"b' }, /realm/],
])('%s stops the start with a word on the setting', (_name, options, message) => {
  expect(() => answerer({ ...OPTIONS, ...options })).toThrow(message);
});
