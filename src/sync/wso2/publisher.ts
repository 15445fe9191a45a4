// Asks WSO2's Publisher API v4 what an API accepts: key managers, audiences, credential header and kinds of endpoints. Its token stays in
// memory; nothing of a reply or a credential gets into a problem.

import { KEY_TYPES, type KeyType } from '../../domain/api.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { OutboundReply, SendOutbound } from '../../domain/outbound.ts';
import type { NamedAdditions } from './api-additions.ts';
import { type Json, Row } from './row.ts';

/** How Publisher is asked. */
export interface PublisherOptions {
  readonly send: SendOutbound;
  readonly peer: Pick<KeyManager, 'id' | 'connection'>;
  /** `https://host:9443/api/am/publisher/v4`. */
  readonly url: string;
  readonly username: string;
  /** Read anew for each use; undefined where it cannot be read. */
  readonly password: () => string | undefined;
  /** The client that asks for tokens; null: the user by Basic. */
  readonly client: {
    readonly tokenUrl: string;
    readonly clientId: string;
    readonly clientSecret: () => string | undefined;
    readonly grantType: 'password' | 'client_credentials';
    readonly scope: string;
  } | null;
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** An API with its definition is far smaller. */
const MAX_BYTES = 4_194_304;
/** A token is renewed this long before it ends. */
const EARLY_MS = 30_000;
const DEFAULT_TOKEN_MS = 60_000;

/** The client. */
export class Publisher {
  readonly #options: PublisherOptions;
  #token: { readonly authorization: string; readonly untilMs: number } | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** What it says of an API; `gone` where it has none of this id. */
  async additionsOf(apiId: string): Promise<NamedAdditions | 'gone' | { readonly problem: string }> {
    const reply = await this.#get(apiId);
    if ('problem' in reply) return reply;
    if (reply.status === 404) return 'gone';
    if (reply.status !== 200) return { problem: `status_${reply.status}` };
    return readAdditions(parsed(reply.text)) ?? { problem: 'reply_unusable' };
  }

  async #get(apiId: string): Promise<OutboundReply> {
    const { send, peer, url, timeoutMs } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const authorization = await this.#authorization();
      if (typeof authorization === 'object') return authorization;
      const reply = await send({
        keyManager: peer,
        method: 'GET',
        url: `${url.replace(/\/$/, '')}/apis/${encodeURIComponent(apiId)}`,
        headers: { accept: 'application/json', authorization },
        maxBytes: MAX_BYTES,
        timeoutMs,
      });
      // A token that was revoked or forgotten there is asked for once more.
      if ('problem' in reply || reply.status !== 401 || this.#token === undefined || attempt > 0) return reply;
      this.#token = undefined;
    }
  }

  async #authorization(): Promise<string | { readonly problem: string }> {
    const { client, username, password, clock } = this.#options;
    const secret = password();
    if (secret === undefined) return { problem: 'password_unreadable' };
    if (client === null) return basic(username, secret);
    if (this.#token !== undefined && this.#token.untilMs > clock()) return this.#token.authorization;
    const clientSecret = client.clientSecret();
    if (clientSecret === undefined) return { problem: 'client_secret_unreadable' };
    const form = new URLSearchParams({ grant_type: client.grantType, scope: client.scope });
    if (client.grantType === 'password') {
      form.set('username', username);
      form.set('password', secret);
    }
    const reply = await this.#options.send({
      keyManager: this.#options.peer,
      method: 'POST',
      url: client.tokenUrl,
      headers: {
        accept: 'application/json',
        authorization: basic(client.clientId, clientSecret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      maxBytes: 65_536,
      timeoutMs: this.#options.timeoutMs,
    });
    if ('problem' in reply) return reply;
    const token = reply.status === 200 ? parsed(reply.text) : undefined;
    const text = isJsonObject(token) ? token['access_token'] : undefined;
    if (!isJsonObject(token) || typeof text !== 'string' || text === '')
      return { problem: `token_status_${reply.status}` };
    const seconds = token['expires_in'];
    const livesMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : DEFAULT_TOKEN_MS;
    this.#token = { authorization: `Bearer ${text}`, untilMs: clock() + Math.max(0, livesMs - EARLY_MS) };
    return this.#token.authorization;
  }
}

/** Publisher's `keyManagers`: a list of names, of which `all` is one. Null means that it was never restricted. */
function readAdditions(api: unknown): NamedAdditions | undefined {
  const row = new Row(api);
  const names = row.texts('keyManagers');
  const isUnrestricted = row.raw('keyManagers') === null || names.includes('all');
  if (!isUnrestricted && !Array.isArray(row.raw('keyManagers'))) return undefined;
  const header = row.optionalText('authorizationHeader').toLowerCase();
  const audiences = row.texts('audiences');
  if (row.wrong !== undefined) return undefined;
  return {
    keyManagers: isUnrestricted ? 'all' : names,
    audiences: audiences.includes('all') ? [] : audiences,
    endpoints: endpointsOf(row.raw('endpointConfig')),
    authorizationHeader: header === '' ? null : header,
  };
}

/** `endpointConfig` is an object, in some versions as text. */
function endpointsOf(config: unknown): readonly KeyType[] {
  const read = typeof config === 'string' ? parsed(config) : config;
  if (!isJsonObject(read)) return [];
  return KEY_TYPES.filter((type) => isPresent((read as Json)[`${type.toLowerCase()}_endpoints`]));
}

function isPresent(endpoints: unknown): boolean {
  return Array.isArray(endpoints) ? endpoints.length > 0 : endpoints !== undefined && endpoints !== null;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
