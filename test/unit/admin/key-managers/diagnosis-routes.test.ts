// WSO2's discovery import and the routes beside it, over HTTP.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdminRig, startRig, stubDiagnosis, TOKENS } from '../admin-rig.ts';

const BASE = '/api/am/admin/v4';
const DISCOVER = `${BASE}/key-managers/discover`;
let rig: AdminRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

async function discover(fields: Record<string, string | Blob>, as: 'form' | 'json' = 'form') {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const headers = { authorization: `Bearer ${TOKENS.write}` };
  const answer = await fetch(`${rig.url}${DISCOVER}`, {
    method: 'POST',
    headers: as === 'form' ? headers : { ...headers, 'content-type': 'application/json' },
    body: as === 'form' ? form : JSON.stringify(fields),
  });
  return { answer, body: (await answer.json()) as Record<string, unknown> };
}

describe('POST /key-managers/discover', () => {
  test.each(['form', 'json'] as const)('gives a DTO to a URL and a type that came as %s', async (as) => {
    const { answer, body } = await discover({ url: 'https://good.example/x', type: 'Okta' }, as);
    expect([answer.status, answer.headers.get('x-gatehouse-warning')]).toEqual([200, 'no audience']);
    expect(body).toEqual({
      valid: true,
      value: {
        name: 'good',
        type: 'Okta',
        issuer: 'https://good.example',
        wellKnownEndpoint: 'https://good.example/x',
      },
    });
  });

  test('takes a URL without type for one of a custom key manager', async () => {
    expect((await discover({ url: 'https://good.example/x' })).body).toMatchObject({
      value: { type: 'CustomKeyManager' },
    });
  });

  test.each(['form', 'json'] as const)(
    'answers 200 and says why, whatever the URL is, when it came as %s',
    async (as) => {
      for (const fields of [{ url: 'https://bad.example' }, { url: 'nonsense' }, { url: '' }, { type: 'Okta' }, {}]) {
        const { answer, body } = await discover(fields as Record<string, string>, as);
        expect([answer.status, body['valid'], body['value']]).toEqual([200, false, null]);
        expect(answer.headers.get('x-gatehouse-reason')).toBe(body['reason']);
      }
    },
  );

  test('takes no files, and no other route takes a form', async () => {
    const file = new Blob(['x'.repeat(100)]);
    expect((await discover({ url: 'https://good.example/x', upload: file })).answer.status).toBe(413);
    const form = new FormData();
    form.append('name', 'a');
    const headers = { authorization: `Bearer ${TOKENS.write}` };
    const answer = await fetch(`${rig.url}${BASE}/key-managers`, { method: 'POST', headers, body: form });
    expect(answer.status).toBe(415);
  });

  test('bounds a form: its fields, their number and their length', async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, 'x']));
    expect((await discover(many)).answer.status).toBe(413);
    expect((await discover({ url: `https://good.example/${'x'.repeat(10_000)}` })).body['valid']).not.toBe(true);
  });

  test('refuses names that would reach a prototype', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const form = new FormData();
      form.append(name, 'a');
      form.append('url', 'https://good.example/x');
      const headers = { authorization: `Bearer ${TOKENS.write}` };
      const answer = await fetch(`${rig.url}${DISCOVER}`, { method: 'POST', headers, body: form });
      expect(answer.status, name).toBe(400);
    }
  });
});

test('the types that there are can be read', async () => {
  const answer = await rig.call('GET', `${BASE}/key-manager-types`, TOKENS.read);
  expect(await answer.json()).toEqual({ count: 1, list: [{ type: 'Okta', displayName: 'Okta' }] });
});

describe('POST /key-managers/{id}/test', () => {
  const run = (body: unknown, id = 'id-1', token = TOKENS.write) =>
    rig.call('POST', `${BASE}/key-managers/${id}/test`, token, body);

  test('answers with every check, and hands a sample token on without telling it', async () => {
    const answer = await run({ token: 'canary' });
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ ok: true, checks: [{ check: 'token', detail: 'has 6 characters' }] });
    expect(text).not.toContain('canary');
  });

  test('needs no token', async () => {
    expect(await (await run({})).json()).toMatchObject({ checks: [{ detail: 'has 0 characters' }] });
    expect(await (await run(undefined)).json()).toMatchObject({ checks: [{ detail: 'has 0 characters' }] });
  });

  test('refuses what is no token without repeating it', async () => {
    const answer = await run({ token: ['canary'] });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('canary');
  });

  test('is 404 for what is not there or another organization has', async () => {
    expect((await run({}, 'id-9')).status).toBe(404);
    expect((await run({}, 'id-1', TOKENS.other)).status).toBe(404);
  });
});

test('a use case that breaks tells nothing', async () => {
  const broken = { ...stubDiagnosis, discover: () => Promise.reject(new Error('canary')) };
  const own = await startRig({ diagnosis: broken });
  const answer = await own.call('POST', DISCOVER, TOKENS.write, { url: 'x' });
  expect([answer.status, (await answer.text()).includes('canary')]).toEqual([500, false]);
  await own.stop();
});
