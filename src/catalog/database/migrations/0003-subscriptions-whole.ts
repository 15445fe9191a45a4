// Everything of WSO2's model of subscriptions, the log of changes that followers read, and where a follower stands. Triggers keep the
// log, so that no write can forget it.

/** Tables with an entity in each row, by the kind that the log knows them by. */
const ENTITY_TABLES = {
  key_manager: 'key_manager',
  policy: 'policy',
  scope: 'scope',
  api: 'api',
  application: 'application',
  key_mapping: 'application_key_mapping',
  subscription: 'subscription',
  deny_policy: 'deny_policy',
} as const;

/** Tables with parts of an entity, the kind it is of and the column that names it. */
const PART_TABLES = [
  ['key_manager_issuer', 'key_manager', 'key_manager_id'],
  ['key_manager_secret', 'key_manager', 'key_manager_id'],
  ['resource', 'api', 'api_id'],
  ['api_key_manager', 'api', 'api_id'],
  ['api_key_manager_audience', 'api', 'api_id'],
] as const;

/** Rows of one transaction share the revision that its end gives to meta. */
const REVISION = '(SELECT revision + 1 FROM meta)';

function entityTriggers(kind: string, table: string): string {
  const log = (row: 'new' | 'old', gone: 0 | 1) => `
    INSERT INTO change_log VALUES ('${kind}', ${row}.id, ${REVISION}, ${gone})
    ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, gone = excluded.gone;`;
  return `
INSERT INTO change_log SELECT '${kind}', id, (SELECT revision FROM meta), 0 FROM ${table};
CREATE TRIGGER ${table}_insert_logged AFTER INSERT ON ${table} BEGIN ${log('new', 0)} END;
CREATE TRIGGER ${table}_update_logged AFTER UPDATE ON ${table} BEGIN ${log('new', 0)} END;
CREATE TRIGGER ${table}_delete_logged AFTER DELETE ON ${table} BEGIN ${log('old', 1)} END;`;
}

function partTriggers([table, kind, column]: (typeof PART_TABLES)[number]): string {
  const trigger = (event: string, row: 'new' | 'old') => `
CREATE TRIGGER ${table}_${event}_logged AFTER ${event.toUpperCase()} ON ${table} BEGIN
  UPDATE change_log SET revision = ${REVISION} WHERE kind = '${kind}' AND id = ${row}.${column} AND gone = 0;
END;`;
  return trigger('insert', 'new') + trigger('update', 'new') + trigger('delete', 'old');
}

/** The third schema. */
export const subscriptionsWhole = `
ALTER TABLE meta ADD COLUMN epoch TEXT; -- of this file's history: revisions of two epochs cannot be compared
ALTER TABLE meta ADD COLUMN next_number INTEGER NOT NULL DEFAULT 1; -- WSO2's numeric ids; never handed out twice
ALTER TABLE meta ADD COLUMN change_horizon INTEGER NOT NULL DEFAULT 0; -- the log has every deletion after this revision
ALTER TABLE meta ADD COLUMN source_epoch TEXT; -- of the source that this file follows, and how far
ALTER TABLE meta ADD COLUMN source_sequence INTEGER;
UPDATE meta SET epoch = lower(hex(randomblob(16))), change_horizon = revision;

DROP TABLE structure_change;
CREATE TABLE structure_change (
  revision INTEGER NOT NULL,
  kind     TEXT NOT NULL CHECK (kind IN ('api', 'key_manager', 'deny_policy')),
  id       TEXT NOT NULL,
  PRIMARY KEY (revision, kind, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE api ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE api ADD COLUMN policy TEXT NOT NULL DEFAULT '';
ALTER TABLE api ADD COLUMN extra TEXT NOT NULL DEFAULT '{}'; -- JSON: WSO2's fields that nothing here uses
ALTER TABLE api ADD COLUMN revision INTEGER NOT NULL DEFAULT 1; -- rises with every write of it
ALTER TABLE resource ADD COLUMN policy TEXT NOT NULL DEFAULT 'Unlimited';

-- Made anew: as in WSO2, each owner may have an application of a name.
CREATE TABLE new_application (
  id           TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  name         TEXT NOT NULL,
  owner        TEXT NOT NULL,
  policy       TEXT NOT NULL,
  number       INTEGER NOT NULL,
  description  TEXT NOT NULL,
  attributes   TEXT NOT NULL, -- JSON
  groups       TEXT NOT NULL, -- JSON
  state        TEXT NOT NULL,
  extra        TEXT NOT NULL, -- JSON
  version      INTEGER NOT NULL,
  UNIQUE (organization, name, owner)
) STRICT;
INSERT INTO new_application SELECT id, organization, name, owner, policy, 0, '', '{}', '[]', 'APPROVED', '{}', 1
  FROM application ORDER BY rowid;
DROP TABLE application;
ALTER TABLE new_application RENAME TO application;

ALTER TABLE application_key_mapping ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE application_key_mapping ADD COLUMN mode TEXT NOT NULL DEFAULT 'MAPPED' CHECK (mode IN ('CREATED', 'MAPPED'));
ALTER TABLE application_key_mapping ADD COLUMN extra TEXT NOT NULL DEFAULT '{}'; -- JSON

ALTER TABLE subscription ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

UPDATE api SET number = rowid;
UPDATE application SET number = rowid + (SELECT coalesce(max(number), 0) FROM api);
UPDATE subscription SET number = rowid + (SELECT coalesce(max(number), 0) FROM
  (SELECT max(number) AS number FROM api UNION ALL SELECT max(number) FROM application));
UPDATE meta SET next_number = 1 + (SELECT coalesce(max(number), 0) FROM (SELECT max(number) AS number FROM api
  UNION ALL SELECT max(number) FROM application UNION ALL SELECT max(number) FROM subscription));
UPDATE application_key_mapping SET id = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
  || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));
CREATE UNIQUE INDEX application_key_mapping_by_id ON application_key_mapping (id);

CREATE TABLE policy (
  id           TEXT PRIMARY KEY,
  number       INTEGER NOT NULL,
  organization TEXT NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('API', 'APPLICATION', 'SUBSCRIPTION')),
  name         TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description  TEXT NOT NULL,
  limits       TEXT NOT NULL, -- JSON
  version      INTEGER NOT NULL,
  UNIQUE (organization, kind, name)
) STRICT;

CREATE TABLE scope (
  id           TEXT PRIMARY KEY,
  organization TEXT NOT NULL,
  name         TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description  TEXT NOT NULL,
  roles        TEXT NOT NULL, -- JSON
  version      INTEGER NOT NULL,
  UNIQUE (organization, name)
) STRICT;

CREATE TABLE deny_policy (
  id           TEXT PRIMARY KEY,
  number       INTEGER NOT NULL,
  organization TEXT NOT NULL,
  type         TEXT NOT NULL CHECK (type IN ('API', 'APPLICATION', 'USER', 'IP', 'IPRANGE', 'SUBSCRIPTION')),
  value        TEXT NOT NULL,
  invert       INTEGER NOT NULL,
  enabled      INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  UNIQUE (organization, type, value, invert)
) STRICT;

-- The last change of each entity: what to send to a follower that stands at an earlier revision.
CREATE TABLE change_log (
  kind     TEXT NOT NULL,
  id       TEXT NOT NULL,
  revision INTEGER NOT NULL,
  gone     INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
${Object.entries(ENTITY_TABLES)
  .map(([kind, table]) => entityTriggers(kind, table))
  .join('\n')}
${PART_TABLES.map(partTriggers).join('\n')}

-- A revocation ends by itself everywhere: its end is no change.
INSERT INTO change_log SELECT 'revocation', id, (SELECT revision FROM meta), 0 FROM revocation;
CREATE TRIGGER revocation_insert_logged AFTER INSERT ON revocation BEGIN
  INSERT INTO change_log VALUES ('revocation', new.id, ${REVISION}, 0)
  ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision;
END;
CREATE TRIGGER revocation_delete_logged AFTER DELETE ON revocation BEGIN
  DELETE FROM change_log WHERE kind = 'revocation' AND id = old.id;
END;

-- After the rows of before, for which it is made at once.
CREATE INDEX change_log_by_revision ON change_log (revision);
CREATE INDEX change_log_of_gone ON change_log (revision) WHERE gone = 1;
`;
