// A server's certificate, key and client CA from files, read again when they change. A half-written pair never replaces a good one.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsFiles } from '../../domain/tls-files.ts';

/** Contents of {@link TlsFiles}, in the order certificate, key, client CA. */
type Contents = readonly Buffer[];

/** How often the files are read; rotation leaves hours, so soon enough. */
const POLL_INTERVAL_MS = 5000;

/** What the files hold, proved to fit together; throws where they do not. */
export function readTlsFiles(files: TlsFiles): SecureContextOptions {
  return contextOf(namesOf(files).map((name) => readFileSync(name)));
}

/**
 * Hands over the files' content after each change from `current`; `onError` hears once of each content that does not fit.
 * Returns what ends the watch. Contents are compared, not times, so links that are swapped (Kubernetes) count too.
 */
export function watchTlsFiles(
  files: TlsFiles,
  current: SecureContextOptions,
  onChange: (options: SecureContextOptions) => void,
  onError: (error: unknown) => void,
  pollMs = POLL_INTERVAL_MS,
): () => void {
  let seen = fingerprint([current.cert, current.key, current.ca]);
  let isLooking = false;
  const look = async () => {
    // One at a time, so that an old reading never follows a newer one.
    if (isLooking) return;
    isLooking = true;
    let print = 'unreadable';
    try {
      const contents = await Promise.all(namesOf(files).map((name) => readFile(name)));
      print = fingerprint(contents);
      if (print !== seen) onChange(contextOf(contents));
    } catch (error) {
      if (print !== seen) onError(error);
    }
    seen = print;
    isLooking = false;
  };
  const timer = setInterval(look, pollMs).unref();
  return () => clearInterval(timer);
}

function namesOf({ certFile, keyFile, clientCaFile }: TlsFiles): string[] {
  return [certFile, keyFile, ...(clientCaFile === null ? [] : [clientCaFile])];
}

function contextOf([cert, key, ca]: Contents): SecureContextOptions {
  const options: SecureContextOptions = { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' };
  createSecureContext(options);
  return options;
}

function fingerprint(contents: readonly unknown[]): string {
  return contents
    .filter((content) => content !== undefined)
    .map(String)
    .join('\0');
}
