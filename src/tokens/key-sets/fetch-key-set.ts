// Asks a JWKS endpoint for its document, with the credential of a file where the key manager has one. What the document says is
// judged elsewhere; its content type is not looked at, since servers send any.

import type { KeyManager } from '../../domain/key-manager.ts';
import type { SendOutbound } from '../../domain/outbound.ts';

/** On whose behalf key sets are fetched. */
export interface KeySetOwner extends Pick<KeyManager, 'id' | 'connection'> {
  /** Read anew for each fetch; null where the endpoint asks for no credential. */
  readonly authorizationFile: string | null;
}

/** A document, or a short code of what went wrong: those of the outbound door, `status_404`, `authorization_file`. */
export type FetchedDocument = { readonly text: string } | { readonly problem: string };

/** Fetches one document; never rejects. */
export type FetchKeySet = (owner: KeySetOwner, url: string) => Promise<FetchedDocument>;

/** What fetches are made with. */
export interface FetchKeySetOptions {
  readonly send: SendOutbound;
  /** The credential of a file; undefined when it cannot be had. */
  readonly readCredential: (path: string) => Promise<string | undefined>;
  readonly timeoutMs: number;
  /** The largest key sets of real servers, certificates included, stay below 50 KiB. */
  readonly maxBytes: number;
}

/** Fetches by these means. */
export function keySetFetch({ send, readCredential, timeoutMs, maxBytes }: FetchKeySetOptions): FetchKeySet {
  return async (owner, url) => {
    const headers: Record<string, string> = { accept: 'application/jwk-set+json, application/json' };
    if (owner.authorizationFile !== null) {
      const credential = await readCredential(owner.authorizationFile);
      if (credential === undefined) return { problem: 'authorization_file' };
      headers['authorization'] = `Bearer ${credential}`;
    }
    const reply = await send({ keyManager: owner, method: 'GET', url, headers, maxBytes, timeoutMs });
    if ('problem' in reply) return { problem: reply.problem };
    return reply.status === 200 ? { text: reply.text } : { problem: `status_${reply.status}` };
  };
}
