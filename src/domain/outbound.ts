// A request to a key manager's own server and its reply, as plain facts. How it is guarded is the business of the room `outbound`.

import type { KeyManager } from './key-manager.ts';

/** One HTTP exchange. Headers and body may hold secrets: never log them. */
export interface OutboundRequest {
  /** On whose behalf: its connection settings are used, and its host alone is talked to. */
  readonly keyManager: Pick<KeyManager, 'id' | 'connection'>;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A longer reply is a problem, noticed while it arrives. */
  readonly maxBytes: number;
  /** Whole exchange: name look-up, connection, TLS, reply. */
  readonly timeoutMs: number;
}

/**
 * The reply, or a short code of what went wrong (`timeout`, `too_large`, `address_refused`, `econnrefused`, `redirect_refused`, …), which
 * holds nothing that the server sent.
 */
export type OutboundReply =
  | { readonly status: number; readonly header: (name: string) => string | undefined; readonly text: string }
  | { readonly problem: string };

/** Sends one request; never rejects. Redirects are not followed. */
export type SendOutbound = (request: OutboundRequest) => Promise<OutboundReply>;

/** One request whose reply may never end. */
export interface OutboundStreamRequest {
  /** Whose connection settings are used. */
  readonly to: OutboundRequest['keyManager'];
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest silence, before the reply and within it. */
  readonly idleMs: number;
}

/** The reply while it arrives; its body is empty but for status 200, and throws an error whose message is a short code. */
export interface OutboundStream {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Opens a stream; never rejects. Redirects are not followed. */
export type OpenOutboundStream = (
  request: OutboundStreamRequest,
  signal: AbortSignal,
) => Promise<OutboundStream | { readonly problem: string }>;
