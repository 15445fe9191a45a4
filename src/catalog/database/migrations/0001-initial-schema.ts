// The catalog's first schema. A released migration is never edited; a change is the next numbered file.

/** Lists and documents that are only ever read whole are JSON text; whatever is looked up or must be unique is a column. */
export const initialSchema = `
PRAGMA application_id = 0x67617465; -- 'gate': tells a catalog from any other SQLite file

CREATE TABLE meta (
  id                 INTEGER PRIMARY KEY CHECK (id = 1),
  revision           INTEGER NOT NULL, -- rises with every write transaction
  structure_revision INTEGER NOT NULL, -- rises with those that change an API or a key manager
  next_sequence      INTEGER NOT NULL, -- of key managers; never handed out twice
  clean              INTEGER NOT NULL, -- 0 while open: the last stop was no clean one if it is found so
  catalog_digest     TEXT              -- of the catalog document applied last
) STRICT;
INSERT INTO meta VALUES (1, 0, 0, 1, 1, NULL);

CREATE TABLE structure_change (
  revision INTEGER NOT NULL,
  kind     TEXT NOT NULL CHECK (kind IN ('api', 'key_manager')),
  id       TEXT NOT NULL,
  PRIMARY KEY (revision, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_manager (
  id           TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  name         TEXT NOT NULL,
  sequence     INTEGER NOT NULL UNIQUE,
  enabled      INTEGER NOT NULL,
  vouches      INTEGER NOT NULL, -- 0 for tokenType EXCHANGED
  rules        TEXT NOT NULL,    -- JSON: its JWT token handling rules as literals
  dto          TEXT NOT NULL,    -- JSON: WSO2's KeyManager
  UNIQUE (organization, name)
) STRICT;

CREATE TABLE key_manager_issuer (
  organization   TEXT NOT NULL,
  issuer         TEXT NOT NULL,
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id) ON DELETE CASCADE,
  PRIMARY KEY (organization, issuer, key_manager_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_manager_issuer_by_key_manager ON key_manager_issuer (key_manager_id);

CREATE TABLE api (
  id                      TEXT PRIMARY KEY,
  organization            TEXT NOT NULL,
  name                    TEXT NOT NULL,
  version                 TEXT NOT NULL,
  context                 TEXT NOT NULL,
  default_version_context TEXT,
  hosts                   TEXT NOT NULL, -- JSON
  lifecycle               TEXT NOT NULL,
  type                    TEXT NOT NULL,
  security_scheme         TEXT NOT NULL, -- JSON
  audiences               TEXT NOT NULL, -- JSON
  all_key_managers        INTEGER NOT NULL,
  subscription_validation INTEGER NOT NULL,
  endpoints               TEXT NOT NULL, -- JSON
  authorization_header    TEXT NOT NULL,
  encoded_slash           TEXT NOT NULL,
  matrix_parameters       TEXT NOT NULL,
  UNIQUE (organization, name, version)
) STRICT;

-- One row for each host and context that reaches an API, so that no two APIs can claim one; '*' stands for every host.
CREATE TABLE api_route (
  host    TEXT NOT NULL,
  context TEXT NOT NULL,
  api_id  TEXT NOT NULL REFERENCES api (id) ON DELETE CASCADE,
  PRIMARY KEY (host, context)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_route_by_api ON api_route (api_id);

CREATE TABLE resource (
  api_id    TEXT NOT NULL REFERENCES api (id) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  verb      TEXT NOT NULL,
  template  TEXT NOT NULL,
  auth_type TEXT NOT NULL,
  scopes    TEXT NOT NULL, -- JSON
  PRIMARY KEY (api_id, position),
  UNIQUE (api_id, verb, template)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key_manager (
  api_id         TEXT NOT NULL REFERENCES api (id) ON DELETE CASCADE,
  position       INTEGER NOT NULL,
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id),
  PRIMARY KEY (api_id, position),
  UNIQUE (api_id, key_manager_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_manager_by_key_manager ON api_key_manager (key_manager_id);

CREATE TABLE application (
  id           TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  name         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  policy       TEXT NOT NULL,
  UNIQUE (organization, name)
) STRICT;

CREATE TABLE application_key_mapping (
  application_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
  key_type       TEXT NOT NULL CHECK (key_type IN ('PRODUCTION', 'SANDBOX')),
  key_manager_id TEXT NOT NULL REFERENCES key_manager (id),
  consumer_key   TEXT NOT NULL,
  PRIMARY KEY (application_id, key_type, key_manager_id),
  UNIQUE (consumer_key, key_manager_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX application_key_mapping_by_key_manager ON application_key_mapping (key_manager_id);

CREATE TABLE subscription (
  id             TEXT PRIMARY KEY,
  application_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
  api_id         TEXT NOT NULL REFERENCES api (id) ON DELETE CASCADE,
  policy         TEXT NOT NULL,
  state          TEXT NOT NULL,
  UNIQUE (application_id, api_id)
) STRICT;
CREATE INDEX subscription_by_api ON subscription (api_id);

-- What the catalog document said when it was applied last: a digest for each field of each entry, to tell a change
-- in the document from one made by an admin since. Digests, so that no secret is kept here after its row is gone.
CREATE TABLE catalog_document (
  entry  TEXT PRIMARY KEY, -- JSON: kind and names
  fields TEXT NOT NULL     -- JSON: field to digest
) STRICT, WITHOUT ROWID;

CREATE TABLE key_set (
  key_manager_id TEXT PRIMARY KEY REFERENCES key_manager (id) ON DELETE CASCADE,
  url            TEXT NOT NULL,
  jwks           TEXT NOT NULL,
  fetched_at_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE admin_credential (
  name         TEXT PRIMARY KEY,
  sha256       TEXT NOT NULL,
  organization TEXT NOT NULL,
  rights       TEXT NOT NULL -- JSON
) STRICT;
`;
