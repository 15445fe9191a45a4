// Asks a key manager's token endpoint whether a client that somebody provides is there (RFC 6749 §4.4): only where a secret came with
// it, for nothing else proves a client. The token that comes back is dropped.

import type { ProveClient } from '../../admin/portal/application-key-routes.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { OutboundReply, SendOutbound } from '../../domain/outbound.ts';

const TIMEOUT_MS = 5_000;
const MAX_REPLY_BYTES = 65_536;

/** Errors of RFC 6749 §5.2 that come after the client was authenticated. */
const AFTER_AUTHENTICATION = ['unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_target'];

/** What the question is asked with. */
export interface ProveClientOptions {
  readonly send: SendOutbound;
  /** As it is in force, by id. */
  readonly inForce: (id: string) => KeyManager | undefined;
  /** False: nobody is asked (WSO2 `enable_provisioned_app_validation`). */
  readonly enabled: boolean;
}

/** Who proves clients. */
export function clientProver({ send, inForce, enabled }: ProveClientOptions): ProveClient {
  return async ({ id, dto }, { consumerKey, consumerSecret }) => {
    const keyManager = inForce(id);
    const url = dto.tokenEndpoint;
    if (!enabled || consumerSecret === undefined || keyManager === undefined || url === undefined || url === '')
      return 'not_asked';
    const ask = async (credentials: string) =>
      meaningOf(
        await send({
          keyManager,
          method: 'POST',
          url,
          headers: {
            authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
          },
          body: 'grant_type=client_credentials',
          maxBytes: MAX_REPLY_BYTES,
          timeoutMs: TIMEOUT_MS,
        }),
      );
    const plain = `${consumerKey}:${consumerSecret}`;
    const encoded = [consumerKey, consumerSecret].map(formEncoded).join(':');
    const meaning = await ask(encoded);
    // Many servers do not undo the encoding.
    return meaning === 'refused' && encoded !== plain ? ask(plain) : meaning;
  };
}

function meaningOf(reply: OutboundReply): Awaited<ReturnType<ProveClient>> {
  if ('problem' in reply || reply.status >= 500 || reply.status === 429) return 'unreachable';
  const error = errorOf(reply.text);
  if (reply.status === 200 || AFTER_AUTHENTICATION.includes(error ?? '')) return 'confirmed';
  return reply.status === 401 || error === 'invalid_client' ? 'refused' : 'not_asked';
}

/** RFC 6749 §2.3.1. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function errorOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
