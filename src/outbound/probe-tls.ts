// Looks at the certificate that a key manager's server shows, also where it would be refused: for telling an admin why. Dials by the
// same guarded look-up as everything else, sends nothing, and trusts nothing that it finds.

import { isIP, type LookupFunction } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import type { Connection } from '../domain/key-manager.ts';
import { type OutboundProblem, problemOf } from './problem/outbound-problem.ts';

/** What a server showed. */
export interface ProbedTls {
  /** Why it is refused; undefined where it is trusted. */
  readonly problem: OutboundProblem | undefined;
  /** `TLSv1.3`, … */
  readonly protocol: string;
  /** Milliseconds since the epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Names and addresses that it is for (`DNS:sso.example`), at most 16. */
  readonly names: readonly string[];
}

/** What a look takes. */
export interface ProbeTlsOptions {
  readonly lookup: LookupFunction;
  readonly authorities: readonly string[] | undefined;
}

const MAX_NAMES = 16;
const MAX_NAME_CHARACTERS = 256;

/** The certificate of an https URL's server, or why there is none to see. Never rejects. */
export function probeTls(
  url: URL,
  { ca, serverName, clientCert, clientKey }: Connection,
  { lookup, authorities }: ProbeTlsOptions,
  timeoutMs: number,
): Promise<ProbedTls | { readonly problem: OutboundProblem }> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const trusted = ca ?? (authorities === undefined ? undefined : [...authorities]);
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return new Promise((resolve) => {
    try {
      const socket = connect({
        host,
        port: url.port === '' ? 443 : Number(url.port),
        lookup,
        minVersion: 'TLSv1.2',
        timeout: timeoutMs,
        // Nothing is sent: this is the one place that may look at a certificate which is not trusted.
        rejectUnauthorized: false,
        ...(name === undefined ? {} : { servername: name }),
        ...(trusted === undefined ? {} : { ca: trusted }),
        ...(clientCert === null ? {} : { cert: clientCert }),
        ...(clientKey === null ? {} : { key: clientKey }),
      });
      const end = (result: ProbedTls | { readonly problem: OutboundProblem }) => {
        resolve(result);
        socket.destroy();
      };
      socket.once('secureConnect', () => {
        const certificate = socket.getPeerCertificate();
        const { authorizationError: error } = socket;
        const refused = error === undefined || error === null ? undefined : problemOf(asError(error));
        end({
          problem: refused,
          protocol: socket.getProtocol() ?? 'TLS',
          validFromMs: Date.parse(certificate.valid_from),
          validToMs: Date.parse(certificate.valid_to),
          names: namesOf(certificate),
        });
      });
      socket.once('timeout', () => end({ problem: 'timeout' }));
      socket.once('error', (error) => end({ problem: problemOf(error) }));
    } catch {
      resolve({ problem: 'tls_settings_invalid' });
    }
  });
}

/** Node gives the code as a text in some versions, an error in others. */
function asError(error: unknown): Error {
  return error instanceof Error ? error : Object.assign(new Error('unauthorized'), { code: String(error) });
}

function namesOf({ subjectaltname = '' }: PeerCertificate): readonly string[] {
  return subjectaltname
    .split(', ')
    .filter((name) => name !== '')
    .slice(0, MAX_NAMES)
    .map((name) => name.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_NAME_CHARACTERS));
}
