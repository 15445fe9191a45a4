// The keys that sign what is told to upstreams, private halves sealed.

/** The fourth schema. */
export const signingKeys = `
CREATE TABLE signing_key (
  id                 TEXT PRIMARY KEY, -- RFC 7638 thumbprint
  algorithm          TEXT NOT NULL,
  sealed             TEXT NOT NULL,
  created_at_ms      INTEGER NOT NULL,
  retired_at_ms      INTEGER, -- NULL for the one that signs
  published_until_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX signing_key_that_signs ON signing_key ((1)) WHERE retired_at_ms IS NULL;
`;
