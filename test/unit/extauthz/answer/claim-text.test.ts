import { expect, test } from 'vitest';
import { answerer } from '../../../../src/extauthz/answer/answer.ts';
import { claimText } from '../../../../src/extauthz/answer/claim-text.ts';
import { sampleFacts } from '../../authorize/world-sample.ts';
import { decoded, pairs } from '../decoded-response.ts';

const claims = {
  'http://wso2.org/claims/emailaddress': '"a@b"',
  groups: '["x","y"]',
  age: '7',
  hostile: JSON.stringify('x\r\nx-admin: 1'),
  umlaut: '"Größe"',
};

test('a text is told as it is, anything else as JSON, and what is not there not at all', () => {
  expect(claimText(claims, 'http://wso2.org/claims/emailaddress')).toBe('a@b');
  expect(claimText(claims, 'groups')).toBe('["x","y"]');
  expect(claimText(claims, 'age')).toBe('7');
  for (const name of ['absent', '__proto__', 'constructor', 'toString'])
    expect(claimText(claims, name)).toBeUndefined();
});

const answer = answerer({
  identityHeaders: {
    'x-email': 'claim:http://wso2.org/claims/emailaddress',
    'x-groups': 'claim:groups',
    'x-hostile': 'claim:hostile',
    'x-umlaut': 'claim:umlaut',
    'x-absent': 'claim:absent',
    'x-proto': 'claim:__proto__',
  },
  ...{
    removeHeaders: [],
    keepCredential: false,
    assertionHeader: 'x-jwt-assertion',
    decisionIdHeader: null,
    realm: 'r',
    onFault: 'denied',
  },
});
const tell = (decision: Parameters<typeof answer>[0]) => {
  const response = answer(decision, 'd-1', { contentType: undefined, underscoredHeaders: () => [] });
  if (response === 'unavailable') throw new Error('an answer was expected');
  return decoded(response);
};
const known = { token: sampleFacts({ claims }) };

test('mapped claims become identity headers, encoded like every other fact; a header without its claim is removed', () => {
  const response = tell({ outcome: 'allow', reason: 'allowed', known });
  expect(pairs(response.ok_response?.headers)).toEqual([
    ['x-email', 'a@b'],
    ['x-groups', '["x","y"]'],
    ['x-hostile', 'x%0D%0Ax-admin: 1'],
    ['x-umlaut', 'Gr%C3%B6%C3%9Fe'],
  ]);
  expect(response.ok_response?.headers_to_remove).toEqual(expect.arrayContaining(['x-absent', 'x-proto']));
});

test('a public resource tells no claim, nor does a refusal', () => {
  expect(pairs(tell({ outcome: 'allow', reason: 'public_resource', known: {} }).ok_response?.headers)).toEqual([]);
  const refused = tell({ outcome: 'deny', reason: 'scope_missing', evidence: {}, known });
  expect(refused.dynamic_metadata.fields['claims']).toMatchObject({ structValue: { fields: {} } });
  expect(JSON.stringify(refused)).not.toContain('a@b');
});

test('the metadata of an allow has the claims by their local names', () => {
  const { fields } = tell({ outcome: 'allow', reason: 'allowed', known }).dynamic_metadata;
  expect(fields['claims']).toMatchObject({
    structValue: {
      fields: { 'http://wso2.org/claims/emailaddress': { stringValue: 'a@b' }, age: { stringValue: '7' } },
    },
  });
});
