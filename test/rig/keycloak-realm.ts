// A realm of a real Keycloak as an admin sets it up: clients, a user, signing keys.

import { randomUUID } from 'node:crypto';
import type { KeycloakServer } from './keycloak-server.ts';

const KEY_PROVIDER = 'org.keycloak.keys.KeyProvider';
const GENERATED_RSA_KEYS = 'rsa-generated';

/** A confidential client to make. */
export interface RealmClient {
  readonly clientId: string;
  readonly secret: string;
  /** Puts this client into the `aud` of its tokens, without which that one is told of no token (introspection). */
  readonly audience?: string;
  /** Tokens without most claims, for introspection. */
  readonly lightweight?: boolean;
}

/** The realm. */
export interface KeycloakRealm {
  readonly name: string;
  readonly issuer: string;
  addClient(client: RealmClient): Promise<void>;
  addUser(name: string, password: string): Promise<void>;
  /** By client_credentials, or as the user where one is given. */
  token(client: RealmClient, user?: { readonly name: string; readonly password: string }): Promise<RealmTokens>;
  /** Ends all sessions of a user, as an admin does. */
  logOut(userName: string): Promise<void>;
  /** Adds a signing key that is preferred to all others at once; resolves to the provider's id. */
  addKey(priority: number): Promise<string>;
  /** Ids of the providers of RSA signing keys. */
  keyProviders(): Promise<readonly string[]>;
  removeKey(providerId: string): Promise<void>;
}

/** What the token endpoint gave. */
export interface RealmTokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/** Makes a realm. */
export async function makeRealm(keycloak: KeycloakServer, name: string): Promise<KeycloakRealm> {
  const id = randomUUID();
  const { admin } = keycloak;
  await admin('POST', '/realms', { id, realm: name, enabled: true, accessTokenLifespan: 600 });
  const base = `/realms/${name}`;
  return {
    name,
    issuer: `${keycloak.url}/realms/${name}`,
    addClient: async (client) => {
      await admin('POST', `${base}/clients`, {
        clientId: client.clientId,
        secret: client.secret,
        serviceAccountsEnabled: true,
        directAccessGrantsEnabled: true,
        standardFlowEnabled: false,
        attributes: { 'client.use.lightweight.access.token.enabled': String(client.lightweight ?? false) },
        protocolMappers: client.audience === undefined ? [] : [audienceMapper(client.audience)],
      });
    },
    addUser: async (username, password) => {
      await admin('POST', `${base}/users`, {
        ...{ username, enabled: true, emailVerified: true, email: `${username}@realm.example` },
        ...{ firstName: username, lastName: 'of the realm' },
        credentials: [{ type: 'password', value: password, temporary: false }],
      });
    },
    token: async ({ clientId, secret }, user) => {
      const grant =
        user === undefined
          ? { grant_type: 'client_credentials' }
          : { grant_type: 'password', username: user.name, password: user.password };
      const reply = await keycloak.post(name, 'token', { ...grant, client_id: clientId, client_secret: secret });
      if (reply.status !== 200) throw new Error(`Keycloak gave ${clientId} no token: ${reply.status}`);
      return reply.body as RealmTokens;
    },
    logOut: async (userName) => {
      const found = (await admin('GET', `${base}/users?exact=true&username=${userName}`)).body as { id: string }[];
      await admin('POST', `${base}/users/${found[0]?.id}/logout`);
    },
    addKey: async (priority) => {
      const { location } = await admin('POST', `${base}/components`, {
        ...{ name: `key-${priority}`, parentId: id, providerId: GENERATED_RSA_KEYS, providerType: KEY_PROVIDER },
        config: { priority: [String(priority)], algorithm: ['RS256'], active: ['true'], enabled: ['true'] },
      });
      return location?.split('/').at(-1) ?? '';
    },
    keyProviders: async () => {
      const all = (await admin('GET', `${base}/components?type=${KEY_PROVIDER}`)).body as {
        id: string;
        providerId: string;
      }[];
      return all.filter(({ providerId }) => providerId === GENERATED_RSA_KEYS).map((provider) => provider.id);
    },
    removeKey: async (providerId) => {
      await admin('DELETE', `${base}/components/${providerId}`);
    },
  };
}

function audienceMapper(client: string) {
  return {
    ...{ name: `audience-${client}`, protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
    config: {
      'included.client.audience': client,
      'access.token.claim': 'true',
      'introspection.token.claim': 'true',
      'lightweight.claim': 'true',
    },
  };
}
