// Finds and deletes what an organization has and a desired document has not.

import type { Database } from 'better-sqlite3';
import type { CatalogSection, DesiredFacts } from '../../domain/catalog-facts.ts';
import type { EntityKind } from '../../domain/change.ts';
import { EntityWriter } from '../entities/entity-writer.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import type { ApplySession } from './apply-session.ts';

/** An entity that is to go, as people know it. */
export interface Other {
  readonly kind: EntityKind;
  readonly id: string;
  readonly label: string;
}

interface Row {
  readonly id: string;
  /** JSON: the names by which a document tells it. */
  readonly names: string;
  readonly label: string;
}

/** What each kind is told by; children before parents, so that each is told before it goes with its parent. */
const SELECTS: Readonly<Partial<Record<EntityKind, string>>> = {
  subscription: `SELECT s.id, json_array(a.name, a.owner, p.name, p.version) AS names,
      'applications[' || a.name || '].subscriptions[' || p.name || ':' || p.version || ']' AS label
    FROM subscription s JOIN application a ON a.id = s.application_id JOIN api p ON p.id = s.api_id WHERE a.organization = ?`,
  key_mapping: `SELECT m.id, json_array(a.name, a.owner, m.key_manager_id, m.key_type) AS names,
      'applications[' || a.name || '].keys[' || k.name || ' ' || m.key_type || ']' AS label
    FROM application_key_mapping m JOIN application a ON a.id = m.application_id
    JOIN key_manager k ON k.id = m.key_manager_id WHERE a.organization = ?`,
  application: `SELECT id, json_array(name, owner) AS names, 'applications[' || name || ']' AS label
    FROM application WHERE organization = ?`,
  api: `SELECT id, json_array(name, version) AS names, 'apis[' || name || ':' || version || ']' AS label
    FROM api WHERE organization = ?`,
  key_manager: `SELECT id, json_array(name) AS names, 'keyManagers[' || name || ']' AS label
    FROM key_manager WHERE organization = ?`,
  policy: `SELECT id, json_array(kind, name) AS names, 'policies[' || kind || ' ' || name || ']' AS label
    FROM policy WHERE organization = ?`,
  scope: `SELECT id, json_array(name) AS names, 'scopes[' || name || ']' AS label FROM scope WHERE organization = ?`,
  deny_policy: `SELECT id, json_array(type, value, invert) AS names, 'denyPolicies[' || type || ' ' || value || ']' AS label
    FROM deny_policy WHERE organization = ?`,
};

/** The list of a document that has each kind. */
const SECTION_OF: Readonly<Partial<Record<EntityKind, CatalogSection>>> = {
  subscription: 'applications',
  key_mapping: 'applications',
  application: 'applications',
  api: 'apis',
  key_manager: 'keyManagers',
  policy: 'policies',
  scope: 'scopes',
  deny_policy: 'denyPolicies',
};

/** What is to go, of the kinds in the lists that the document has. */
export function othersOf(db: Database, tables: WriterTables, facts: DesiredFacts): readonly Other[] {
  const wanted = namesIn(facts, tables);
  return Object.entries(SELECTS).flatMap(([kind, select]) => {
    const section = SECTION_OF[kind as EntityKind];
    if (section === undefined || !facts.sections.includes(section)) return [];
    const rows = db.prepare<[string], Row>(select).all(facts.organization);
    return rows
      .filter(({ names }) => wanted.get(kind)?.has(names) !== true)
      .map(({ id, label }) => ({ kind: kind as EntityKind, id, label }));
  });
}

/** How many of a kind the organization has. */
export function presentOf(db: Database, kind: EntityKind, organization: string): number {
  const select = SELECTS[kind];
  if (select === undefined) return 0;
  return db.prepare<[string], number>(`SELECT count(*) FROM (${select})`).pluck().get(organization) ?? 0;
}

/** Deletes them and notes each. */
export function pruneOthers(db: Database, others: readonly Other[], session: ApplySession): void {
  const writer = new EntityWriter({ db, tables: session.tables, log: session.log });
  for (const { kind, id, label } of others) {
    writer.delete(kind, id);
    session.deleted(label);
  }
}

/** The names that the document has, as the statements above put them. */
function namesIn(facts: DesiredFacts, { keyManagers }: WriterTables): ReadonlyMap<string, ReadonlySet<string>> {
  const { organization, applications, apis, policies, scopes, denyPolicies } = facts;
  const told = (...names: readonly unknown[]) => JSON.stringify(names);
  return new Map([
    ['key_manager', new Set(facts.keyManagers.map(({ dto }) => told(dto.name)))],
    ['policy', new Set(policies.map(({ kind, name }) => told(kind, name)))],
    ['scope', new Set(scopes.map(({ name }) => told(name)))],
    ['deny_policy', new Set(denyPolicies.map(({ type, value, invert }) => told(type, value, invert ? 1 : 0)))],
    ['api', new Set(apis.map(({ name, version }) => told(name, version)))],
    ['application', new Set(applications.map(({ name, owner }) => told(name, owner)))],
    [
      'key_mapping',
      new Set(
        applications.flatMap(({ name, owner, keys }) =>
          keys.map((key) => told(name, owner, keyManagers.resolveReference(organization, key.keyManager), key.keyType)),
        ),
      ),
    ],
    [
      'subscription',
      new Set(
        applications.flatMap(({ name, owner, subscriptions }) =>
          subscriptions.map(({ api, version }) => told(name, owner, api, version)),
        ),
      ),
    ],
  ]);
}
