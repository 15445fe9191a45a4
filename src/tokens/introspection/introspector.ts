// Asks a key manager's introspection endpoint about a token (RFC 7662): one request, within its limits, and what came of it. The
// request is oauth4webapi's; the reply is read here, since the library takes duplicate members and this house does not.

import { allowInsecureRequests, type ClientAuth, customFetch, introspectionRequest } from 'oauth4webapi';
import type { Admission } from '../../authorize/ports.ts';
import { fault, isRefusal, type Refusal } from '../../domain/decision.ts';
import type { Introspection, IntrospectionAuth } from '../../domain/introspection.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { OutboundReply, SendOutbound } from '../../domain/outbound.ts';
import type { FaultReason } from '../../domain/reason.ts';
import { clientAuthentication } from './client-authentication.ts';
import { type ActiveReply, readReply } from './introspection-reply.ts';

/** What an introspector works with. */
export interface IntrospectorOptions {
  readonly send: SendOutbound;
  readonly admission: Pick<Admission, 'introspect'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly maxReplyBytes: number;
  /** Hears of each outcome, for metrics: `active`, or the reason of a refusal. */
  readonly onResult?: (keyManager: KeyManager, result: string) => void;
}

/**
 * Is nobody served there, whatever the token? What depends on the token must not count: whoever sends tokens that a server calls bad
 * requests, chokes on (500) or answers in prose would have it left alone on behalf of everybody.
 */
function tellsOfOutage(reply: OutboundReply): boolean {
  if ('problem' in reply) return !REASON_OF_PROBLEM.has(reply.problem);
  return reply.status > 500 || [401, 403, 429].includes(reply.status);
}

/** What a problem means where it is not that the server cannot be reached. */
const REASON_OF_PROBLEM: ReadonlyMap<string, FaultReason> = new Map<string, FaultReason>([
  ['too_many_flights', 'key_manager_limit_reached'],
  ['too_large', 'introspection_reply_invalid'],
  ['not_utf8', 'introspection_reply_invalid'],
]);

/** Asks about tokens; keeps nothing but the imported keys that requests are signed with. */
export class Introspector {
  readonly #options: IntrospectorOptions;
  readonly #authentications = new WeakMap<IntrospectionAuth, Promise<ClientAuth>>();

  constructor(options: IntrospectorOptions) {
    this.#options = options;
  }

  /** Facts of an active token, a denial of any other; a fault where the key manager may not be asked or gives no answer. */
  async ask(
    token: string,
    introspection: Introspection,
    keyManager: KeyManager,
    knownActive: boolean,
  ): Promise<ActiveReply | Refusal> {
    const answer = await this.#ask(token, introspection, keyManager, knownActive);
    this.#options.onResult?.(keyManager, isRefusal(answer) ? answer.reason : 'active');
    return answer;
  }

  async #ask(
    token: string,
    introspection: Introspection,
    keyManager: KeyManager,
    knownActive: boolean,
  ): Promise<ActiveReply | Refusal> {
    const { admission, clock } = this.#options;
    const leave = admission.introspect(keyManager, knownActive, clock());
    if (leave.kind === 'refused')
      return leave.why === 'limit'
        ? fault('key_manager_limit_reached', { key_manager: keyManager.name, limit: 'introspection' })
        : fault('introspection_unavailable', { key_manager: keyManager.name, problem: 'breaker_open' });
    let reply: OutboundReply = { problem: 'not_sent' };
    try {
      reply = await this.#send(token, introspection, keyManager);
    } finally {
      leave.done(tellsOfOutage(reply) ? 'failed' : 'ok');
    }
    return this.#read(reply, introspection, keyManager);
  }

  #read(reply: OutboundReply, introspection: Introspection, keyManager: KeyManager): ActiveReply | Refusal {
    const told = { key_manager: keyManager.name };
    if ('problem' in reply)
      return fault(REASON_OF_PROBLEM.get(reply.problem) ?? 'introspection_unavailable', { ...told, ...reply });
    // RFC 7662 §2.3: an error is no word about the token, least of all that it is inactive.
    if (reply.status !== 200) return fault('introspection_unavailable', { ...told, status: reply.status });
    return readReply(reply.text, introspection, keyManager, this.#options.clock());
  }

  async #send(token: string, introspection: Introspection, keyManager: KeyManager): Promise<OutboundReply> {
    const { auth, endpoint, headers, timeoutMs, tokenTypeHint } = introspection;
    const { maxReplyBytes, send } = this.#options;
    let authenticate: ClientAuth;
    try {
      authenticate = await this.#authenticationOf(auth);
    } catch {
      return { problem: 'client_key_unusable' };
    }
    let reply: OutboundReply = { problem: 'not_sent' };
    // The library wants a client id even where the authentication sends none.
    const client = { client_id: ('clientId' in auth ? auth.clientId : null) ?? keyManager.id };
    const withOwnHeaders: ClientAuth = async (server, of, body, sent) => {
      await authenticate(server, of, body, sent);
      for (const [name, value] of Object.entries(headers)) sent.set(name, value);
    };
    await introspectionRequest({ issuer: endpoint, introspection_endpoint: endpoint }, client, withOwnHeaders, token, {
      additionalParameters: tokenTypeHint === null ? {} : { token_type_hint: tokenTypeHint },
      // Plain HTTP is refused, or allowed by a setting, by the one who sends.
      [allowInsecureRequests]: true,
      [customFetch]: async (url, request) => {
        const { body, headers: all } = request;
        const asked = {
          method: 'POST',
          url,
          headers: all,
          body: String(body),
          maxBytes: maxReplyBytes,
          timeoutMs,
        } as const;
        reply = await send({ keyManager, ...asked });
        return new Response(null);
      },
    });
    return reply;
  }

  #authenticationOf(auth: IntrospectionAuth): Promise<ClientAuth> {
    const known = this.#authentications.get(auth) ?? clientAuthentication(auth, this.#options.clock);
    this.#authentications.set(auth, known);
    return known;
  }
}
