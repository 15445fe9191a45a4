// How an introspection request proves who asks, as oauth4webapi's client authentication: what the library has, and what some
// servers want beside it (credentials that are not form-encoded, a bearer token, nothing at all).

import { importPKCS8 } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi';
import type { IntrospectionAuth } from '../../domain/introspection.ts';

/** RFC 7523 §3: as short as clocks allow. */
const ASSERTION_LIFETIME_SECONDS = 60;

/** The client authentication; rejects where the private key cannot be used. `clock` gives milliseconds since the epoch. */
export async function clientAuthentication(auth: IntrospectionAuth, clock: () => number): Promise<ClientAuth> {
  switch (auth.kind) {
    case 'client_secret_basic':
      return auth.encoding === 'raw'
        ? rawBasic(auth.clientId, auth.clientSecret)
        : ClientSecretBasic(auth.clientSecret);
    case 'client_secret_post':
      return ClientSecretPost(auth.clientSecret);
    case 'private_key_jwt':
      return privateKeyJwt(auth, clock);
    case 'bearer':
      return (_server, _client, _body, headers) => headers.set('authorization', `Bearer ${auth.token}`);
    case 'tls_client_auth':
      return None();
    case 'none':
      return auth.clientId === null ? () => undefined : None();
  }
}

/** Not form-encoded first, as RFC 6749 §2.3.1 has it and many servers do not. */
function rawBasic(clientId: string, clientSecret: string): ClientAuth {
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

async function privateKeyJwt(
  { privateKey, alg, kid, audience }: Extract<IntrospectionAuth, { kind: 'private_key_jwt' }>,
  clock: () => number,
): Promise<ClientAuth> {
  const key = await importPKCS8(privateKey, alg);
  return PrivateKeyJwt(kid === null ? key : { key, kid }, {
    [modifyAssertion]: (header, payload) => {
      const now = Math.floor(clock() / 1000);
      // The library calls EdDSA by its newer name (RFC 9864), which not every server knows.
      Object.assign(header, { alg, typ: 'JWT' });
      Object.assign(payload, { aud: audience, iat: now, nbf: now, exp: now + ASSERTION_LIFETIME_SECONDS });
    },
  });
}
