// Tokens bound to a client certificate (RFC 8705 §3), with clients that speak mutual TLS to Envoy: only who holds the certificate
// can use the token, and no header can stand in for it.

import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CertificateAuthority, type IssuedCertificate } from '../rig/certificate-authority.ts';
import type { Message } from '../rig/envoy-config.ts';
import { downstreamTls } from '../rig/envoy-tls.ts';
import { type Stack, startStack } from './stack.ts';

const authority = new CertificateAuthority('Clients');
const server = authority.issue('envoy');
const holder = authority.issue('shop');
const other = authority.issue('shop');

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    editEnvoy: ({ listener }) => {
      const [chain] = listener['filter_chains'] as Message[];
      if (chain !== undefined) chain['transport_socket'] = downstreamTls(server, authority.certificate);
    },
  });
});
afterAll(() => stack?.stop());

/** base64url of the SHA-256 digest of the certificate's DER (RFC 8705 §3.1). */
function thumbprint({ certificate }: IssuedCertificate): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
}

const boundTo = (certificate: IssuedCertificate) =>
  stack.token('shop', { cnf: { 'x5t#S256': thumbprint(certificate) } });

function send(token: string, own?: IssuedCertificate, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port: stack.envoy.port, path: '/pizza/1.0.0/menu', agent: false },
      ...{ ca: authority.certificate, cert: own?.certificate, key: own?.key, servername: 'localhost' },
      headers: { host: 'api.example', authorization: `Bearer ${token}`, ...headers },
    });
    sent.once('response', (reply) => resolve(reply.resume().statusCode ?? 0)).once('error', reject);
    sent.end();
  });
}

test('its holder uses a bound token', async () => {
  expect(await send(boundTo(holder), holder)).toBe(200);
  // From memory as well, where the certificate is compared anew.
  const token = boundTo(holder);
  expect([await send(token, holder), await send(token, other), await send(token, holder)]).toEqual([200, 401, 200]);
});

test('with another certificate of the same name: 401 and nothing reaches the upstream', async () => {
  const before = stack.upstream.received.length;
  expect(await send(boundTo(holder), other)).toBe(401);
  expect(await stack.envoy.loggedRequest(({ reason }) => reason === 'certificate_mismatch')).toMatchObject({
    outcome: 'deny',
    key_manager: 'PartnerKM',
  });
  expect(stack.upstream.received.length).toBe(before);
});

test('without a certificate: 401, whatever certificate the headers name', async () => {
  const before = stack.upstream.received.length;
  expect(await send(boundTo(holder))).toBe(401);
  const forged = {
    'x-forwarded-client-cert': `Cert="${encodeURIComponent(holder.certificate)}"`,
    'x-client-cert': encodeURIComponent(holder.certificate),
  };
  expect(await send(boundTo(holder), undefined, forged)).toBe(401);
  expect(stack.upstream.received.length).toBe(before);
});

test('a token that is not bound passes with or without a certificate', async () => {
  expect(await send(stack.token(), other)).toBe(200);
  expect(await send(stack.token())).toBe(200);
});

test.each([
  ['a thumbprint that is no string', { 'x5t#S256': 7 }],
  ['an empty thumbprint', { 'x5t#S256': '' }],
  ['no thumbprint', {}],
  ['a DPoP key', { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }],
])('a token bound by %s: 401', async (_what, cnf) => {
  expect(await send(stack.token('shop', { cnf }), holder)).toBe(401);
});
