// The certificate authorities of the installation: those that Node.js brings along and those of a file. Read once, at a start.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** PEM certificates to trust; undefined means Node's own. Throws, in a sentence, for a file without a readable certificate. */
export function trustedAuthorities(caFile: string | null): readonly string[] | undefined {
  if (caFile === null) return undefined;
  try {
    const own = readFileSync(caFile, 'utf8').match(CERTIFICATE) ?? [];
    if (own.length === 0) throw new Error('it holds no PEM certificate');
    for (const certificate of own) new X509Certificate(certificate);
    return [...getCACertificates('default'), ...own];
  } catch (error) {
    throw new Error(
      `outbound.caFile ${caFile} cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}
