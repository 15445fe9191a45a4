// The bytes of answers, held against the schema; what cannot be built is a matter of types.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  allowed,
  type CheckResponse,
  denied,
  encodedHeaders,
  encodedMetadata,
  encodedRefusal,
  errorResponse,
  type MetadataFields,
} from '../../../../src/extauthz/answer/check-response.ts';
import { decoded, pairs } from '../decoded-response.ts';

const fields = {
  decision_id: 'd-1',
  outcome: 'allow',
  reason: 'allowed',
  code: '',
  api: 'Pizza:1.0.0',
  key_manager: '',
  application: 'Größe\n',
  key_type: 'PRODUCTION',
  ...{ organization: 'carbon.super', api_policy: '', resource_policy: 'Unlimited', application_id: 'app-1' },
  ...{ application_policy: 'Gold', subscription_id: 's-1', subscription_policy: 'Gold' },
  claims: { email: 'a@b', größe: '["x"]' },
  attributes: { region: 'eu' },
} as const satisfies MetadataFields;
const metadata = { fields, encoded: [] };
const fieldsOf = (facts: MetadataFields): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      typeof value === 'string'
        ? { kind: 'stringValue', stringValue: value }
        : { kind: 'structValue', structValue: { fields: fieldsOf(value) } },
    ]),
  );

const text = fc.string({ unit: 'binary', maxLength: 300 });
const header = fc.tuple(text, text);

test('an allow carries status 0 in writing, overwrites in both ways, and removes', () => {
  const response = allowed({
    setHeaders: [['x-a', '1']],
    encodedHeaders: [encodedHeaders([], ['x-b', 'x-c'])],
    responseHeaders: [['x-id', 'd-1']],
    metadata,
  });
  expect(decoded(response)).toMatchObject({
    status: { code: 0 },
    http_response: 'ok_response',
    ok_response: {
      headers: [
        { header: { key: 'x-a', value: '1' }, append: { value: false }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      ],
      headers_to_remove: ['x-b', 'x-c'],
      response_headers_to_add: [
        {
          header: { key: 'x-id', value: 'd-1' },
          append: { value: false },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
        },
      ],
    },
    dynamic_metadata: { fields: fieldsOf(fields) },
  });
});

test('random allows decode to what was put in', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(header), fc.array(header), fc.array(fc.array(text)), text, (...drawn) => {
      const [setBefore, setHeaders, removals, name] = drawn;
      const { key_type, attributes, ...others } = { ...fields, application: name };
      const response = decoded(
        allowed({
          setHeaders,
          encodedHeaders: [encodedHeaders(setBefore, []), ...removals.map((names) => encodedHeaders([], names))],
          responseHeaders: [],
          metadata: { fields: others, encoded: [encodedMetadata({ key_type }), encodedMetadata({ attributes })] },
        }),
      );
      expect(pairs(response.ok_response?.headers)).toEqual([...setBefore, ...setHeaders]);
      for (const option of response.ok_response?.headers ?? [])
        expect(option).toMatchObject({ append: { value: false }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' });
      expect(response.ok_response?.headers_to_remove).toEqual(removals.flat());
      expect(response.dynamic_metadata.fields).toEqual(fieldsOf({ ...fields, application: name }));
    }),
  );
});

test('random refusals decode to what was put in', { timeout: 60_000 }, () => {
  const status = fc.constantFrom(3, 5, 7, 12, 14, 16);
  const headersOf = fc.tuple(fc.array(header), fc.array(header));
  const body = fc.string({ unit: 'binary', maxLength: 20_000 });
  fc.assert(
    fc.property(status, fc.constantFrom(200, 401, 403, 503), headersOf, body, fc.boolean(), (...drawn) => {
      const [code, httpStatus, [before, headers], content, isError] = drawn;
      const encoded = encodedRefusal(httpStatus, before, content);
      const refusal = { status: code, encoded, headers, metadata } as const;
      const response = decoded(isError ? errorResponse(refusal) : denied(refusal));
      const told = isError ? response.error_response : response.denied_response;
      expect(response.status?.code).toBe(code);
      expect(response.http_response).toBe(isError ? 'error_response' : 'denied_response');
      expect(pairs(told?.headers)).toEqual([...before, ...headers]);
      expect(told?.body).toBe(content);
      expect(response.dynamic_metadata.fields).toEqual(fieldsOf(fields));
    }),
  );
});

test('a text that is not well-formed is still sent as UTF-8', () => {
  const response = decoded(
    allowed({
      setHeaders: [],
      encodedHeaders: [],
      responseHeaders: [],
      metadata: { fields: { ...fields, application: 'a\ud800' }, encoded: [] },
    }),
  );
  expect(response.dynamic_metadata.fields['application']?.stringValue).toBe('a\ufffd');
});

test('an answer without a status, or a refusal with status 0, does not compile', () => {
  // @ts-expect-error an allow says 0
  const silent: CheckResponse = { kind: 'allowed', setHeaders: [], encodedHeaders: [], responseHeaders: [], metadata };
  const refusal = { encoded: encodedRefusal(401, [], ''), headers: [], metadata };
  // @ts-expect-error a denial says why in a code
  const mute: CheckResponse = { kind: 'denied', ...refusal };
  // @ts-expect-error a denial is never OK
  const contrary: CheckResponse = denied({ ...refusal, status: 0 });
  expect([silent, mute, contrary]).toHaveLength(3);
});
