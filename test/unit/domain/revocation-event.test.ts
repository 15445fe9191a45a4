// WSO2's revocation events to entries: every type of event, every way in which one can be incomplete or absurd.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RevocationEventContext, readRevocationEvent } from '../../../src/domain/revocation-event.ts';

const NOW = Date.UTC(2026, 10, 28, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MARGINS = { maxLifetimeMs: DAY, maxSkewMs: 60_000 };
/** What an entry of a token outlives its expiry by. */
const MARGIN = 60_000 + HOUR;

const context: RevocationEventContext = {
  organization: 'carbon.super',
  createdBy: 'is',
  keyManagerType: null,
  nowMs: NOW,
  margins: MARGINS,
  tokenHash: (token) => `hash of ${token.length}`,
  idOf: (parts) => parts.join('|'),
};
const read = (body: Record<string, unknown>, more: Partial<RevocationEventContext> = {}) =>
  readRevocationEvent(body, { ...context, ...more });

/** Kind, value, issued before and expiry of the entries. */
function entriesOf(body: Record<string, unknown>) {
  const found = read(body);
  if (found.kind !== 'revocations') return found;
  return found.entries.map(({ kind, value, issuedBeforeMs, expiresAtMs }) => [
    kind,
    value,
    issuedBeforeMs,
    expiresAtMs,
  ]);
}

const TOKEN = { type: 'token_revocation', accessToken: 'a-jti', expiryTime: NOW + HOUR, tokenType: 'JWT' };
const CLIENT = { type: 'consumer_app_revocation_event', consumerKey: 'shop', revocationTime: NOW - 5 };
const SUBJECT = {
  type: 'subject_entity_revocation_event',
  entityId: 'ann',
  entityType: 'USER_ID',
  revocationTime: NOW,
};
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiJ4In0.c2ln';

describe('an event', () => {
  test.each([
    ['of a JWT names its jti', TOKEN, [['jti', 'a-jti', null, NOW + HOUR + MARGIN]]],
    [
      'of an opaque token names the token',
      { ...TOKEN, tokenType: 'Opaque' },
      [['token', 'hash of 5', null, NOW + HOUR + MARGIN]],
    ],
    [
      'with the whole JWT in the place of its jti names the token',
      { ...TOKEN, accessToken: JWT },
      [['token', `hash of ${JWT.length}`, null, NOW + HOUR + MARGIN]],
    ],
    [
      'with a whole JWT whose header is spaced out names the token too',
      { ...TOKEN, accessToken: 'eyAiYWxnIjoiUlMyNTYifQ.eyJqdGkiOiJ4In0.c2ln' },
      [['token', 'hash of 43', null, NOW + HOUR + MARGIN]],
    ],
    [
      'with a whole JWT whose header has lines names the token too',
      { ...TOKEN, accessToken: 'ewoiYWxnIjoiUlMyNTYifQ.eyJqdGkiOiJ4In0.c2ln' },
      [['token', 'hash of 43', null, NOW + HOUR + MARGIN]],
    ],
    [
      'without a token type names an opaque token, as in WSO2',
      { ...TOKEN, tokenType: undefined },
      [['token', 'hash of 5', null, NOW + HOUR + MARGIN]],
    ],
    [
      'with the times of the message broker, which are texts, is understood',
      { ...TOKEN, expiryTime: String(NOW + HOUR) },
      [['jti', 'a-jti', null, NOW + HOUR + MARGIN]],
    ],
    ['of a client names it and the time', CLIENT, [['consumer_key', 'shop', NOW - 5, null]]],
    ['of a user names the subject', SUBJECT, [['subject', 'ann', NOW, null]]],
    [
      'of a client as a subject names the client',
      { ...SUBJECT, entityType: 'CLIENT_ID', entityId: 'shop' },
      [['consumer_key', 'shop', NOW, null]],
    ],
    [
      'of a batch names each',
      {
        type: 'token_revocation_batch',
        consumerKey: 'shop',
        tokenRevocationEventList: [TOKEN, { ...TOKEN, accessToken: 'b', type: 'x' }],
      },
      [
        ['jti', 'a-jti', null, NOW + HOUR + MARGIN],
        ['jti', 'b', null, NOW + HOUR + MARGIN],
      ],
    ],
  ])('%s', (_what, body, expected) => {
    expect(entriesOf(body)).toEqual(expected);
  });

  test.each(['API_CREATE', 'token_revocation_x', '', undefined, 7, '__proto__', 'constructor'])(
    'of the type %j revokes nothing and is taken',
    (type) => {
      expect(read({ ...TOKEN, type })).toEqual({ kind: 'other' });
    },
  );

  test.each([
    [{ ...TOKEN, accessToken: undefined }, 'accessToken'],
    [{ ...TOKEN, accessToken: '' }, 'accessToken'],
    [{ ...TOKEN, accessToken: 7 }, 'accessToken'],
    [{ ...TOKEN, accessToken: 'x'.repeat(131_073) }, 'accessToken'],
    [{ ...CLIENT, consumerKey: undefined }, 'consumerKey'],
    [{ ...CLIENT, consumerKey: 'x'.repeat(2049) }, 'consumerKey'],
    [{ ...SUBJECT, entityId: null }, 'entityId'],
    [{ ...SUBJECT, entityType: 'GROUP_ID' }, 'entityType'],
    [{ type: 'token_revocation_batch' }, 'tokenRevocationEventList'],
    [{ type: 'token_revocation_batch', tokenRevocationEventList: [TOKEN, 7] }, 'tokenRevocationEventList[1]'],
    [
      { type: 'token_revocation_batch', tokenRevocationEventList: [{ ...TOKEN, accessToken: '' }] },
      'tokenRevocationEventList[0].accessToken',
    ],
  ])('that is incomplete (case %#) names the field, and revokes nothing of a batch', (body, field) => {
    expect(read(body)).toEqual({ kind: 'incomplete', field });
  });
});

describe('times', () => {
  test.each([
    ['missing', undefined],
    ['null', null],
    ['past', NOW - 1],
    ['in seconds', Math.floor((NOW + HOUR) / 1000)],
    ['decades ahead', NOW + 10_000 * DAY],
    ['no number', 'soon'],
    ['not finite', Number.POSITIVE_INFINITY],
    ['beyond what a number holds', '9223372036854775807'],
  ])('an expiry that is %s counts as the latest possible', (_what, expiryTime) => {
    expect(entriesOf({ ...TOKEN, expiryTime })).toEqual([['jti', 'a-jti', null, NOW + DAY + MARGIN]]);
  });

  test('an expiry beyond the longest lifetime is believed: nearer to its end such a token is not refused for it', () => {
    const expiryTime = NOW + 30 * DAY;
    expect(entriesOf({ ...TOKEN, expiryTime })).toEqual([['jti', 'a-jti', null, expiryTime + MARGIN]]);
  });

  test.each([
    ['missing', undefined],
    ['0', 0],
    ['in seconds', Math.floor(NOW / 1000)],
    ['years ahead', NOW + 400 * DAY],
    ['no number', 'now'],
  ])('a revocation time that is %s means now, and never nothing', (_what, revocationTime) => {
    expect(entriesOf({ ...CLIENT, revocationTime })).toEqual([['consumer_key', 'shop', NOW, null]]);
  });

  test('a clock that is a little ahead is believed', () => {
    expect(entriesOf({ ...CLIENT, revocationTime: NOW + 5000 })).toEqual([['consumer_key', 'shop', NOW + 5000, null]]);
  });
});

test('of whatever JSON comes, an entry never ends before the token it is for, and never begins in the past for no reason', () => {
  const time = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.constant(null),
    fc.integer({ min: NOW - DAY, max: NOW + DAY }),
  );
  const type = fc.constantFrom(
    'token_revocation',
    'consumer_app_revocation_event',
    'subject_entity_revocation_event',
    'x',
  );
  const text = fc.oneof(fc.string(), fc.jsonValue());
  const event = fc.record(
    {
      type,
      accessToken: text,
      tokenType: text,
      expiryTime: time,
      consumerKey: text,
      entityId: text,
      revocationTime: time,
    },
    { requiredKeys: ['type'] },
  );
  fc.assert(
    fc.property(fc.oneof(event, fc.dictionary(fc.string(), fc.jsonValue())), (body) => {
      const found = read(body);
      if (found.kind !== 'revocations') return;
      for (const { kind, value, expiresAtMs, issuedBeforeMs } of found.entries) {
        expect(value).not.toBe('');
        if (kind === 'jti' || kind === 'token') expect(expiresAtMs).toBeGreaterThan(NOW + MARGIN);
        else expect([expiresAtMs, Number.isSafeInteger(issuedBeforeMs)]).toEqual([null, true]);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('an entry', () => {
  test('is of the caller’s organization, whatever the event says, and narrowed by type only', () => {
    const found = read({ ...TOKEN, tenantDomain: 'other.example', tenantId: 2 }, { keyManagerType: 'KeyCloak' });
    expect(found).toMatchObject({
      entries: [
        {
          organization: 'carbon.super',
          keyManagerId: null,
          keyManagerType: 'KeyCloak',
          createdBy: 'is',
          lifted: false,
        },
      ],
    });
  });

  test('is the same one when the event comes again, and another one for another event', () => {
    const idOf = (body: Record<string, unknown>, nowMs = NOW) => {
      const found = read(body, { nowMs });
      return found.kind === 'revocations' ? found.entries[0]?.id : undefined;
    };
    const event = { ...TOKEN, eventId: 'e-1' };
    expect(idOf(event, NOW + 5)).toBe(idOf(event));
    expect(idOf({ ...event, eventId: 'e-2' })).not.toBe(idOf(event));
    expect(idOf({ ...event, accessToken: 'b' })).not.toBe(idOf(event));
    expect(idOf(TOKEN, NOW + 5)).not.toBe(idOf(TOKEN));
    const ofUser = { ...SUBJECT, eventId: 'always the same' };
    expect(idOf(ofUser, NOW + 5)).toBe(idOf(ofUser));
    expect(idOf({ ...ofUser, revocationTime: NOW + 1 })).not.toBe(idOf(ofUser));
  });

  test('of a token holds nothing of the token', () => {
    for (const tokenType of ['Opaque', 'JWT', undefined, null, '', 7])
      expect(JSON.stringify(read({ ...TOKEN, accessToken: JWT, tokenType, eventId: 'e' }))).not.toContain('eyJ');
    for (const tokenType of ['Opaque', 'DEFAULT', undefined, null, '', 7])
      expect(JSON.stringify(read({ ...TOKEN, accessToken: 'opaque', tokenType, eventId: 'e' }))).not.toContain(
        'opaque',
      );
  });
});
