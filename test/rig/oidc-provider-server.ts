// A real `oidc-provider` in a process of its own: opaque and JWT access tokens, introspection, revocation, by its HTTP side alone.

import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { endIfInVain, type RunningProcess, startProcess } from './running-process.ts';

const PROGRAM = fileURLToPath(new URL('./oidc-provider-program.ts', import.meta.url));
/** Tokens for it are JWTs. */
const RESOURCE = 'https://api.example';

/** A confidential client. */
export interface ProviderClient {
  readonly id: string;
  readonly secret: string;
}

/** A running provider. */
export interface OidcProviderServer extends RunningProcess {
  readonly issuer: string;
  /** Its `aud` of JWTs. */
  readonly resource: string;
  /** A new access token by client_credentials. */
  token(client: ProviderClient, kind: 'opaque' | 'jwt'): Promise<string>;
  /** RFC 7009, as the client that the token was issued to. */
  revoke(client: ProviderClient, token: string): Promise<void>;
}

/** Starts it and waits until it listens. */
export async function startOidcProvider(clients: readonly ProviderClient[]): Promise<OidcProviderServer> {
  const running = await startProcess({
    command: process.execPath,
    args: [PROGRAM, JSON.stringify({ clients, resource: RESOURCE })],
  });
  const printed = eventually('oidc-provider to listen', () => running.stdout.find((line) => line.startsWith('http')));
  const gone = running.exited.then(() => undefined);
  const issuer = await endIfInVain(Promise.race([printed, gone]), () => running.stop());
  if (issuer === undefined) throw new Error(`oidc-provider ended at its start:\n${running.stderr.join('\n')}`);
  const post = async (endpoint: string, client: ProviderClient, form: Readonly<Record<string, string>>) => {
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    const reply = await fetch(`${issuer}/token${endpoint}`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams(form),
    });
    if (!reply.ok)
      throw new Error(`oidc-provider answered ${reply.status} at /token${endpoint}: ${await reply.text()}`);
    return reply;
  };
  return {
    ...running,
    issuer,
    resource: RESOURCE,
    token: async (client, kind) => {
      const resource = kind === 'jwt' ? { resource: RESOURCE } : {};
      const reply = await post('', client, { grant_type: 'client_credentials', scope: 'read', ...resource });
      return ((await reply.json()) as { access_token: string }).access_token;
    },
    revoke: async (client, token) => {
      await post('/revocation', client, { token });
    },
  };
}
