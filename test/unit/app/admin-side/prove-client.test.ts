// Whether a client that somebody provides is proved at a real token endpoint, and what its answers mean.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProver } from '../../../../src/app/admin-side/prove-client.ts';
import type { OutboundReply, OutboundRequest } from '../../../../src/domain/outbound.ts';
import { type KeyManagerServer, startKeyManager } from '../../../rig/key-manager-server.ts';
import { resolveKeyManager } from '../../catalog/catalog-samples.ts';

const CLIENT = { id: 'client:1 &é', secret: 's3cr%t: +&=' };
let server: KeyManagerServer;
beforeAll(async () => {
  server = await startKeyManager({ clients: [CLIENT] });
});
afterAll(() => server.close());

/** Sends for real. */
async function send({ url, method, headers, body }: OutboundRequest): Promise<OutboundReply> {
  try {
    const reply = await fetch(url, { method, headers, body: body ?? null });
    return { status: reply.status, header: (name) => reply.headers.get(name) ?? undefined, text: await reply.text() };
  } catch {
    return { problem: 'econnrefused' };
  }
}

const stored = (tokenEndpoint: string) => ({
  id: 'km-1',
  organization: 'carbon.super',
  sequence: 1,
  version: 1,
  dto: { name: 'Okta', type: 'CustomKeyManager', tokenEndpoint },
  secrets: {},
});
const ask = (
  consumerSecret: string | undefined,
  more: { readonly enabled?: boolean; readonly url?: string; readonly consumerKey?: string } = {},
) => {
  const keyManager = stored(more.url ?? `${server.url}/token`);
  const prove = clientProver({ send, inForce: () => resolveKeyManager(keyManager), enabled: more.enabled ?? true });
  return prove(keyManager, { consumerKey: more.consumerKey ?? CLIENT.id, consumerSecret });
};

test('a client is confirmed by its secret, whatever characters are in both', async () => {
  expect(await ask(CLIENT.secret)).toBe('confirmed');
});

test('a wrong secret and an unknown client are refused', async () => {
  expect(await ask('wrong')).toBe('refused');
  expect(await ask(CLIENT.secret, { consumerKey: 'nobody' })).toBe('refused');
});

test('nobody is asked without a secret, without a token endpoint, or where that is switched off', async () => {
  expect(await ask(undefined)).toBe('not_asked');
  expect(await ask(CLIENT.secret, { url: '' })).toBe('not_asked');
  expect(await ask('wrong', { enabled: false })).toBe('not_asked');
});

test('a token endpoint that cannot be reached, or fails, says nothing', async () => {
  expect(await ask(CLIENT.secret, { url: 'http://127.0.0.1:1/token' })).toBe('unreachable');
  server.fault('/token', { kind: 'status', status: 500 });
  expect(await ask('wrong')).toBe('unreachable');
  server.fault('/token', undefined);
});

test.each([
  ['unauthorized_client', 'confirmed'],
  ['unsupported_grant_type', 'confirmed'],
  ['invalid_scope', 'confirmed'],
  ['invalid_client', 'refused'],
  ['invalid_request', 'not_asked'],
  ['', 'not_asked'],
])('an answer of 400 with %s means %s', async (error, meant) => {
  const keyManager = stored('https://okta.example/token');
  const answer = async () => ({
    status: 400,
    header: () => undefined,
    text: error === '' ? '<html>' : JSON.stringify({ error }),
  });
  const prove = clientProver({ send: answer, inForce: () => resolveKeyManager(keyManager), enabled: true });
  expect(await prove(keyManager, { consumerKey: 'c', consumerSecret: 's' })).toBe(meant);
});
