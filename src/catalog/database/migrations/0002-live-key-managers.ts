// Versions and sealed secrets of key managers, revocations, the audit, audiences per key manager, a key set for each URL.
// Secrets that stand in the clear in a file of the first schema are sealed by `seal-catalog.ts` before the transaction ends.

/** The second schema. */
export const liveKeyManagers = `
-- Sealed with the catalog's sealing key; the key of all digests in catalog_document, so that none of them helps to guess a secret.
ALTER TABLE meta ADD COLUMN fingerprint_key TEXT;
-- 1 while pages that are not in use any more may still hold secrets of the first schema.
ALTER TABLE meta ADD COLUMN unswept INTEGER NOT NULL DEFAULT 0;
-- Entries in force, all and those of tokens by their hash: with none there is nothing to look up.
ALTER TABLE meta ADD COLUMN revocations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN token_revocations INTEGER NOT NULL DEFAULT 0;

ALTER TABLE key_manager ADD COLUMN version INTEGER NOT NULL DEFAULT 1; -- rises with every write of it
CREATE INDEX key_manager_issuer_by_issuer ON key_manager_issuer (issuer);

-- The DTO has a mask in the place of each.
CREATE TABLE key_manager_secret (
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id) ON DELETE CASCADE,
  pointer        TEXT NOT NULL, -- RFC 6901, into the DTO
  sealed         TEXT NOT NULL,
  PRIMARY KEY (key_manager_id, pointer)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_manager_audience (
  api_id         TEXT NOT NULL REFERENCES api (id) ON DELETE CASCADE,
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id),
  audiences      TEXT NOT NULL, -- JSON
  PRIMARY KEY (api_id, key_manager_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_manager_audience_by_key_manager ON api_key_manager_audience (key_manager_id);

CREATE TABLE new_key_set (
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id) ON DELETE CASCADE,
  url            TEXT NOT NULL,
  jwks           TEXT NOT NULL,
  fetched_at_ms  INTEGER NOT NULL,
  PRIMARY KEY (key_manager_id, url)
) STRICT;
INSERT INTO new_key_set SELECT key_manager_id, url, jwks, fetched_at_ms FROM key_set;
DROP TABLE key_set;
ALTER TABLE new_key_set RENAME TO key_set;

-- No reference to key_manager: an entry may come from a process that knows one that this file does not.
CREATE TABLE revocation (
  sequence         INTEGER PRIMARY KEY AUTOINCREMENT, -- never handed out twice; a lift takes a new one
  id               TEXT NOT NULL UNIQUE,
  kind             TEXT NOT NULL,
  value            TEXT NOT NULL,
  organization     TEXT NOT NULL,
  key_manager_id   TEXT,
  key_manager_type TEXT,
  issued_before_ms INTEGER,
  expires_at_ms    INTEGER,
  created_at_ms    INTEGER NOT NULL,
  created_by       TEXT NOT NULL,
  lifted           INTEGER NOT NULL,
  stream           TEXT -- that brought it; NULL for one made here
) STRICT;
-- With the time before which tokens are hit: of thousands of entries for one user only those are read that can hit a token.
CREATE INDEX revocation_by_value ON revocation (value, kind, organization, ifnull(issued_before_ms, 9007199254740991));
-- All that is needed to count and to leave out, without a look at the rows.
CREATE INDEX revocation_by_organization ON revocation (organization, sequence, expires_at_ms) WHERE lifted = 0;
CREATE INDEX revocation_by_expiry ON revocation (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE TRIGGER revocation_added AFTER INSERT ON revocation WHEN new.lifted = 0 BEGIN
  UPDATE meta SET revocations = revocations + 1, token_revocations = token_revocations + (new.kind = 'token');
END;
CREATE TRIGGER revocation_removed AFTER DELETE ON revocation WHEN old.lifted = 0 BEGIN
  UPDATE meta SET revocations = revocations - 1, token_revocations = token_revocations - (old.kind = 'token');
END;
CREATE TRIGGER revocation_is_not_edited BEFORE UPDATE ON revocation BEGIN
  SELECT raise(ABORT, 'a revocation is replaced, not edited');
END;

CREATE TABLE stream_position (
  stream   TEXT PRIMARY KEY,
  position TEXT NOT NULL -- read and applied up to here
) STRICT;

CREATE TABLE audit (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  time         TEXT NOT NULL, -- ISO 8601, UTC
  request_id   TEXT NOT NULL,
  caller       TEXT,
  organization TEXT,
  address      TEXT NOT NULL,
  method       TEXT NOT NULL,
  route        TEXT NOT NULL,
  target       TEXT,
  status       INTEGER NOT NULL,
  before       TEXT, -- JSON, secrets masked
  after        TEXT  -- JSON, secrets masked
) STRICT;
CREATE INDEX audit_by_organization ON audit (organization, sequence);
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = new.sequence) BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
`;
