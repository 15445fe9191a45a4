// A credential for the admin side as the catalog keeps it.

/** Never the credential itself: its digest, whom it belongs to and what it opens. */
export interface StoredAdminCredential {
  readonly name: string;
  /** Lower-case hex SHA-256 of the credential. */
  readonly sha256: string;
  readonly organization: string;
  readonly rights: readonly string[];
}
