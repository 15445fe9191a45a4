// Where a server that speaks TLS finds what it needs. How the files are read and followed is up to each server.

/** PEM files, read again when they change. */
export interface TlsFiles {
  /** Certificate chain of the server. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of client certificates; stated, only clients with a certificate of theirs get in (mTLS). */
  readonly clientCaFile: string | null;
}
