// What claims, names and headers may hold: text that is no header value reaches an upstream encoded or not at all, never as a
// second header, and never as an error. Bytes that are not UTF-8 change no decision. Through a real Envoy, in both header modes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawRequest } from '../rig/raw-http.ts';
import { type AnotherEnvoy, startAnotherEnvoy } from './another-envoy.ts';
import { type Stack, startStack, valuesOf } from './stack.ts';

/** 0xC3 announces a second byte of UTF-8 that 0x28 is not; the rig sends Latin-1. */
const NOT_UTF8 = '\xc3(';
const FORGED = [
  ['x-gatehouse-subject', 'root'],
  ['x-gatehouse-scopes', 'admin'],
  ['x-gatehouse-consumer-key', 'root'],
] as const;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    editCatalog: (catalog) => {
      const [shack] = catalog.applications;
      Object.assign(shack ?? {}, { name: 'Café 🍕 100%', owner: '李' });
    },
  });
});
afterAll(() => stack?.stop());

/** The identity that arrives with these claims, forged headers and all. */
async function identityOf(claims: Readonly<Record<string, unknown>>) {
  const reply = await stack.get('/orders/1.0.0/list', stack.token('stranger', claims), FORGED);
  const seen = stack.upstream.received.at(-1);
  const [subject, scopes, consumerKey] = FORGED.map(([name]) => valuesOf(seen, name));
  return { status: reply.status, subject, scopes, consumerKey };
}

describe('a claim', () => {
  test.each([
    ['a line break that starts a header', 'a\r\nx-gatehouse-application: Admin'],
    ['a line feed', 'a\nb'],
    ['a zero', 'a\0b'],
    ['a tab', 'a\tb'],
    ['a delete character', 'a\x7fb'],
    ['a lone surrogate', 'a\ud83cb'],
  ])('with %s refuses the token, be it the subject, the client or a scope', async (_what, text) => {
    const before = stack.upstream.received.length;
    for (const claims of [{ sub: text }, { azp: text }, { scope: text }]) {
      const reply = await stack.get('/orders/1.0.0/list', stack.token('stranger', claims));
      expect(reply.status).toBe(401);
      expect(reply.header('www-authenticate')).toContain('error="invalid_token"');
    }
    expect(stack.upstream.received.length).toBe(before);
  });

  test.each([
    ['letters beyond ASCII', 'Zoë-李'],
    ['an emoji', 'pizza🍕'],
    ['an escape that someone else made', 'a%0d%0ax-gatehouse-application:%20Admin'],
    ['a C1 control', 'a\u0085b'],
    ['a line separator', 'a\u2028b'],
    ['a comma and quotes', 'a,"b";c=d'],
  ])('with %s arrives in one header, percent-encoded so that it can be had back', async (_what, text) => {
    const { status, subject, scopes, consumerKey } = await identityOf({ sub: text, azp: text, scope: `${text} read` });
    expect(status).toBe(200);
    for (const values of [subject, consumerKey]) {
      expect(values).toHaveLength(1);
      expect(values?.[0]).toMatch(/^[\x21-\x7e]+$/);
      expect(decodeURIComponent(values?.[0] ?? '')).toBe(text);
    }
    expect(scopes).toHaveLength(1);
    expect(scopes?.[0]?.split(' ').map(decodeURIComponent)).toEqual([text, 'read']);
  });

  test('with a space at its edge keeps it', async () => {
    expect((await identityOf({ sub: ' a b ' })).subject).toEqual(['%20a b%20']);
  });

  test.each([
    ['empty', { sub: '' }, 'subject'],
    ['longer than a header may be', { sub: 'a'.repeat(5000) }, 'subject'],
    ['longer than that once encoded', { sub: 'é'.repeat(1000) }, 'subject'],
    ['of very many scopes', { scope: Array.from({ length: 900 }, (_, i) => `scope${i}`).join(' ') }, 'scopes'],
  ] as const)('that is %s is left out, and the forged header with it', async (_what, claims, fact) => {
    const identity = await identityOf(claims);
    expect(identity.status).toBe(200);
    expect(identity[fact]).toEqual([]);
    expect(identity.consumerKey).toEqual(['stranger']);
  });
});

test('names of the catalog arrive encoded too', async () => {
  expect((await stack.get('/pizza/1.0.0/menu', stack.token())).status).toBe(200);
  const seen = stack.upstream.received.at(-1);
  expect(valuesOf(seen, 'x-gatehouse-application')).toEqual(['Caf%C3%A9 %F0%9F%8D%95 100%25']);
  expect(valuesOf(seen, 'x-gatehouse-application-owner').map(decodeURIComponent)).toEqual(['李']);
});

describe.each([
  ['raw', true],
  ['map', false],
] as const)('bytes that are not UTF-8, headers in %s mode', (_mode, encodeRawHeaders) => {
  let front: AnotherEnvoy;
  beforeAll(async () => {
    front = await startAnotherEnvoy(stack, {
      edit: ({ extAuthz }) => {
        extAuthz['encode_raw_headers'] = encodeRawHeaders;
      },
    });
  });
  afterAll(() => front?.envoy.stop());

  const menu = (headers: RawRequest['headers'] = []) => front.send({ path: '/pizza/1.0.0/menu', headers });
  const credential = () => ['authorization', `Bearer ${stack.token()}`] as const;

  test.each(['x-odd', 'user-agent', 'cookie', 'content-type', 'traceparent', 'x-gatehouse-subject', 'x-request-id'])(
    'in %s change nothing: 401 without a token, 200 with one',
    async (name) => {
      const odd = [name, NOT_UTF8] as const;
      const before = stack.upstream.received.length;
      expect((await menu([odd])).status).toBe(401);
      expect((await menu([odd, ['authorization', 'Bearer x.y.z']])).status).toBe(401);
      expect(stack.upstream.received.length).toBe(before);
      expect((await menu([odd, credential()])).status).toBe(200);
    },
  );

  test('arrive at the upstream as they were sent', async () => {
    await menu([['x-odd', NOT_UTF8], credential()]);
    expect(valuesOf(stack.upstream.received.at(-1), 'x-odd')).toEqual([NOT_UTF8]);
  });

  test.each([
    ['alone', () => NOT_UTF8],
    ['as the token', () => `Bearer ${NOT_UTF8}`],
    ['after a good token', () => `${credential()[1]}${NOT_UTF8}`],
    ['before a good token', () => `Bearer ${NOT_UTF8} ${stack.token()}`],
    ['as the scheme', () => `B\xe9arer ${stack.token()}`],
  ])('in Authorization, %s: 401', async (_where, value) => {
    const before = stack.upstream.received.length;
    expect((await menu([['authorization', value()]])).status).toBe(401);
    expect(stack.upstream.received.length).toBe(before);
  });

  test('in a second credential make two of them: 400', async () => {
    expect((await menu([credential(), ['authorization', NOT_UTF8]])).status).toBe(400);
  });

  test('in host or path are refused by Envoy', async () => {
    expect((await menu([['host', NOT_UTF8], credential()])).status).toBe(400);
    expect((await front.send({ path: `/pizza/1.0.0/menu${NOT_UTF8}`, headers: [credential()] })).status).toBe(400);
  });
});
