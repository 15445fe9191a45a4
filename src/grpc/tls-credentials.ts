// TLS for gRPC servers from files that are rotated under it. New connections see the new files; a broken set is reported and
// the old one stays in use. Never serves without client certificates where an authority for them was configured.

import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import type { TlsFiles } from '../domain/tls-files.ts';

/** What happened to a set of certificate files. */
export type CertificateEvent =
  | { readonly outcome: 'reloaded'; readonly files: TlsFiles }
  | { readonly outcome: 'kept_old'; readonly files: TlsFiles; readonly error: string };

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** A server whose new connections can be shown another certificate. */
interface TlsServer {
  setSecureContext(context: SecureContextOptions): void;
}

/** Credentials of servers, following their files until closed. */
export class TlsCredentials {
  readonly #files: TlsFiles;
  readonly #onEvent: (event: CertificateEvent) => void;
  readonly #servers: TlsServer[] = [];
  #context: SecureContextOptions;
  #seen: string;
  #lastError: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Reads the files. Rejects at boot, naming them, if they are not a usable set. */
  static async load(
    files: TlsFiles,
    pollMs: number,
    onEvent: (event: CertificateEvent) => void,
  ): Promise<TlsCredentials> {
    const seen = await fingerprint(files);
    const credentials = new TlsCredentials(files, await readContext(files), seen, onEvent);
    credentials.#follow(pollMs);
    return credentials;
  }

  private constructor(
    files: TlsFiles,
    context: SecureContextOptions,
    seen: string,
    onEvent: (event: CertificateEvent) => void,
  ) {
    this.#files = files;
    this.#context = context;
    this.#seen = seen;
    this.#onEvent = onEvent;
  }

  /** For a server that is to begin with them. */
  get options(): TlsOptions {
    const mutual = this.#files.clientCaFile !== null;
    return { requestCert: mutual, rejectUnauthorized: mutual, ...this.#context };
  }

  /** Shows a server's new connections what the files say by then. */
  lead<T extends TlsServer>(server: T): T {
    this.#servers.push(server);
    return server;
  }

  /** Stops following the files. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** One poll at a time, so that an old reading never follows a newer one. */
  #follow(pollMs: number): void {
    const again = () => this.#poll().then(() => this.#closed || this.#follow(pollMs));
    this.#timer = setTimeout(again, pollMs).unref();
  }

  async #poll(): Promise<void> {
    try {
      const seen = await fingerprint(this.#files);
      if (seen === this.#seen) return;
      this.#context = await readContext(this.#files);
      for (const server of this.#servers) server.setSecureContext(this.#context);
      this.#seen = seen;
      this.#lastError = undefined;
      this.#onEvent({ outcome: 'reloaded', files: this.#files });
    } catch (error) {
      // Files are often replaced one by one: each poll tries again, and says so once.
      const message = error instanceof Error ? error.message : String(error);
      if (message === this.#lastError) return;
      this.#lastError = message;
      this.#onEvent({ outcome: 'kept_old', files: this.#files, error: message });
    }
  }
}

async function fingerprint(files: TlsFiles): Promise<string> {
  const marks = await Promise.all(
    [files.certFile, files.keyFile, files.clientCaFile].map(async (file) => {
      if (file === null) return '';
      const { ino, size, mtimeMs } = await stat(file);
      return `${ino}/${size}/${mtimeMs}`;
    }),
  );
  return marks.join(' ');
}

/** Reads and tries out the files. Rejects if they do not belong together. */
async function readContext(files: TlsFiles): Promise<SecureContextOptions> {
  const [cert, key, ca] = await Promise.all([
    readFile(files.certFile),
    readFile(files.keyFile),
    files.clientCaFile === null ? undefined : readFile(files.clientCaFile, 'utf8'),
  ]);
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2' };
  if (ca !== undefined) context.ca = authorities(ca, files.clientCaFile);
  try {
    createSecureContext(context);
  } catch (error) {
    throw new Error(`${files.certFile} and ${files.keyFile} are not a PEM certificate and its key`, {
      cause: error,
    });
  }
  return context;
}

/** OpenSSL passes over what it cannot read; an authority that is silently missing must not be. */
function authorities(pem: string, file: string | null): string[] {
  const certificates = pem.match(PEM_CERTIFICATE) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (error) {
    throw new Error(`${file} has a certificate that cannot be read`, { cause: error });
  }
  if (certificates.length === 0) throw new Error(`${file} has no PEM certificate`);
  return certificates;
}
