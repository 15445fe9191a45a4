// A real authorization server on loopback: discovery document, JWKS, token endpoint (client_credentials), introspection and
// revocation. For the quickstart, and for tests, which can make it slow, broken or silent. It knows nothing of Gatehouse.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeSigningKey, type SigningAlgorithm, type SigningKey, signJwt } from './signing-key.ts';

/** A confidential client of the server. */
export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
  /** The scopes it may ask for; all of them when it asks for none. */
  readonly scopes?: readonly string[];
  /** Put over the claims of its tokens; undefined takes a claim away. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What is wrong with a path for the time being. */
export type EndpointFault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'garbage'; readonly body: string };

/** How to start one. */
export interface KeyManagerOptions {
  /** 0 takes any. */
  readonly port?: number;
  readonly algorithm?: SigningAlgorithm;
  /** The name of its first key; a digest of the key by default. */
  readonly kid?: string;
  /** The issuer in tokens and discovery; the server's own URL by default. */
  readonly issuer?: string;
  readonly clients?: readonly OAuthClient[];
  /** The claim that names the client: `azp` by default, as Keycloak has it; `client_id` and `cid` are others'. */
  readonly clientClaim?: string;
  /** `scope`, a string with spaces, by default; `scp` is written as an array. */
  readonly scopeClaim?: 'scope' | 'scp';
  readonly lifetimeSeconds?: number;
  /** What the token endpoint gives out; `jwt` by default. */
  readonly tokens?: 'jwt' | 'opaque';
}

/** A running key manager. */
export interface KeyManagerServer {
  readonly url: string;
  readonly issuer: string;
  /** Keys in the JWKS, the signing one first. */
  readonly keys: readonly SigningKey[];
  /** A token with these claims over `iss`, `iat`, `exp`, `jti`; undefined takes one away. */
  mint(
    claims: Readonly<Record<string, unknown>>,
    options?: { readonly header?: Readonly<Record<string, unknown>>; readonly key?: SigningKey },
  ): string;
  /** The token that a client gets from the token endpoint, without the way there. */
  tokenFor(clientId: string, scopes?: readonly string[]): string;
  /** An opaque token of which introspection says this, beside `active`, `iss`, `iat`, `exp` and `jti`; undefined takes one away. */
  mintOpaque(members: Readonly<Record<string, unknown>>): string;
  /** From now on the token is inactive, as after a request to the revocation endpoint (RFC 7009). */
  revoke(token: string): void;
  /** Signs with a new key from now on; the old ones stay in the JWKS unless told otherwise. */
  rotate(options?: { readonly keepOld?: boolean; readonly algorithm?: SigningAlgorithm }): SigningKey;
  /** Breaks a path (`PATHS`), or mends it with undefined. */
  fault(path: string, fault: EndpointFault | undefined): void;
  /** How many requests a path has had. */
  requests(path: string): number;
  close(): Promise<void>;
}

/** The paths of the server. */
export const PATHS = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
} as const;

const DEFAULT_LIFETIME_SECONDS = 3600;

/** Starts a key manager on loopback. */
export async function startKeyManager(options: KeyManagerOptions = {}): Promise<KeyManagerServer> {
  let keys: readonly SigningKey[] = [makeSigningKey(options.algorithm, options.kid)];
  const clients = new Map(options.clients?.map((client) => [client.id, client]));
  const faults = new Map<string, EndpointFault>();
  const counts = new Map<string, number>();
  /** What introspection says of each token that was given out. */
  const issued = new Map<string, Readonly<Record<string, unknown>>>();
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = options.issuer ?? url;
  const lifetime = options.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;

  const standard = () => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, iat: now, exp: now + lifetime, jti: randomUUID() };
  };
  const remember = (token: string, members: Readonly<Record<string, unknown>>): string => {
    issued.set(token, members);
    return token;
  };
  const mint: KeyManagerServer['mint'] = (claims, { header, key = keys[0] } = {}) => {
    if (key === undefined) throw new Error('no key to sign with');
    const all = { ...standard(), ...claims };
    return remember(signJwt(key, all, header), all);
  };
  const mintOpaque = (members: Readonly<Record<string, unknown>>) =>
    remember(randomUUID(), { ...standard(), token_type: 'Bearer', ...members });
  const issue = (client: OAuthClient, scopes: readonly string[]): string => {
    const claims = {
      sub: client.id,
      [options.clientClaim ?? 'azp']: client.id,
      ...(options.scopeClaim === 'scp' ? { scp: scopes } : { scope: scopes.join(' ') }),
      ...client.claims,
    };
    return options.tokens === 'opaque' ? mintOpaque({ client_id: client.id, ...claims }) : mint(claims);
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const body = await bodyOf(request);
    if (await misbehaves(faults.get(path), response)) return;
    if (request.method === 'GET' && path === PATHS.discovery)
      return send(response, 200, discoveryDocument(url, issuer, keys));
    if (request.method === 'GET' && path === PATHS.jwks)
      return send(response, 200, { keys: keys.map(({ publicJwk }) => publicJwk) });
    if (request.method === 'POST' && path === PATHS.token) {
      const { status, ...reply } = grant(request, new URLSearchParams(body));
      return send(response, status, reply);
    }
    if (request.method === 'POST' && (path === PATHS.introspection || path === PATHS.revocation)) {
      const form = new URLSearchParams(body);
      if (clientOf(request, form) === undefined) return send(response, 401, { error: 'invalid_client' });
      const token = form.get('token') ?? '';
      if (path === PATHS.introspection) return send(response, 200, introspected(token));
      issued.delete(token);
      return send(response, 200, {});
    }
    send(response, 404, { error: 'not_found' });
  }

  /** RFC 6749 §4.4.2 and, for the errors, §5.2. */
  function grant(
    request: IncomingMessage,
    form: URLSearchParams,
  ): { readonly status: number; readonly [member: string]: unknown } {
    const client = clientOf(request, form);
    if (client === undefined) return { status: 401, error: 'invalid_client' };
    if (form.get('grant_type') !== 'client_credentials') return { status: 400, error: 'unsupported_grant_type' };
    const allowed = client.scopes ?? [];
    const asked = form.get('scope')?.split(' ').filter(Boolean) ?? allowed;
    if (!asked.every((scope) => allowed.includes(scope))) return { status: 400, error: 'invalid_scope' };
    return {
      status: 200,
      access_token: issue(client, asked),
      token_type: 'Bearer',
      expires_in: lifetime,
      scope: asked.join(' '),
    };
  }

  function clientOf(request: IncomingMessage, form: URLSearchParams): OAuthClient | undefined {
    const [id, secret] = clientCredentials(request.headers.authorization, form);
    const client = clients.get(id);
    return client?.secret === secret ? client : undefined;
  }

  /** RFC 7662 §2.2: of a token that is unknown, expired or revoked nothing is told but that it is not active. */
  function introspected(token: string): Readonly<Record<string, unknown>> {
    const members = issued.get(token);
    if (members === undefined) return { active: false };
    const { exp } = members;
    return typeof exp === 'number' && exp * 1000 <= Date.now() ? { active: false } : { active: true, ...members };
  }

  return {
    url,
    issuer,
    get keys() {
      return keys;
    },
    mint,
    mintOpaque,
    revoke: (token) => {
      issued.delete(token);
    },
    tokenFor: (clientId, scopes) => {
      const client = clients.get(clientId);
      if (client === undefined) throw new Error(`no client ${clientId}`);
      return issue(client, scopes ?? client.scopes ?? []);
    },
    rotate: ({ keepOld = true, algorithm = options.algorithm } = {}) => {
      const key = makeSigningKey(algorithm);
      keys = keepOld ? [key, ...keys] : [key];
      return key;
    },
    fault: (path, fault) => {
      if (fault === undefined) faults.delete(path);
      else faults.set(path, fault);
    },
    requests: (path) => counts.get(path) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function discoveryDocument(url: string, issuer: string, keys: readonly SigningKey[]) {
  return {
    issuer,
    jwks_uri: `${url}${PATHS.jwks}`,
    token_endpoint: `${url}${PATHS.token}`,
    introspection_endpoint: `${url}${PATHS.introspection}`,
    revocation_endpoint: `${url}${PATHS.revocation}`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))],
  };
}

/** True when the fault has taken the request over. */
async function misbehaves(fault: EndpointFault | undefined, response: ServerResponse): Promise<boolean> {
  switch (fault?.kind) {
    case undefined:
      return false;
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
      return false;
    case 'hang':
      return true;
    case 'status':
      send(response, fault.status, { error: 'temporarily_unavailable' });
      return true;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body);
      return true;
  }
}

/** RFC 6749 §2.3.1: HTTP Basic with form-encoded parts, else the form. */
function clientCredentials(authorization: string | undefined, form: URLSearchParams): [id: string, secret: string] {
  const basic = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  const [id = '', ...secret] = Buffer.from(basic, 'base64').toString().split(':');
  const decode = (part: string) => new URLSearchParams(`v=${part}`).get('v') ?? '';
  return [decode(id), decode(secret.join(':'))];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
