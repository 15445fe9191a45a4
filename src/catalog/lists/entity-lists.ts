// Pages of every kind of entity, filtered, for the admin side. Statements are put together of fixed pieces only; whatever a caller gives
// is bound.

import type { Database, Statement } from 'better-sqlite3';
import type { KeyType, Lifecycle } from '../../domain/api.ts';
import type { EntityByKind } from '../../domain/change.ts';
import type { DenyPolicyType, PolicyKind } from '../../domain/policy.ts';
import type { ApplicationState, SubscriptionState } from '../../domain/subscriber.ts';
import { EntityTables } from '../tables/entity-tables.ts';
import type { Page, Paged } from '../tables/paged.ts';

/** A user and the groups of the user. */
export interface ManagedBy {
  readonly user: string;
  readonly groups: readonly string[];
}

/** What a list may be narrowed by, by kind: equality, but for `…Contains` (ignoring ASCII case) and what is explained. */
export interface EntityFilters {
  readonly api: {
    readonly name?: string;
    readonly nameContains?: string;
    readonly version?: string;
    readonly context?: string;
    readonly contextContains?: string;
    readonly provider?: string;
    readonly lifecycle?: Lifecycle;
    readonly lifecycles?: readonly Lifecycle[];
    /** Roles: an API that WSO2's `visibility` keeps to others is left out. */
    readonly visibleTo?: readonly string[];
    readonly number?: number;
  };
  readonly application: {
    readonly name?: string;
    readonly nameContains?: string;
    readonly owner?: string;
    readonly state?: ApplicationState;
    readonly number?: number;
    /** A user who may manage it: as its owner, or by a group. */
    readonly managedBy?: ManagedBy;
  };
  readonly key_mapping: {
    readonly applicationId?: string;
    readonly keyManagerId?: string;
    readonly consumerKey?: string;
    readonly keyType?: KeyType;
  };
  readonly subscription: {
    readonly applicationId?: string;
    readonly apiId?: string;
    readonly state?: SubscriptionState;
    readonly number?: number;
    /** Whose application it is of. */
    readonly ofManagedBy?: ManagedBy;
  };
  readonly policy: { readonly kind?: PolicyKind; readonly name?: string };
  readonly scope: { readonly name?: string; readonly nameContains?: string };
  readonly deny_policy: { readonly type?: DenyPolicyType; readonly value?: string };
}

/** Kinds that are listed this way. */
export type ListedKind = keyof EntityFilters;

/** Totals are counted up to here, or to the end of the page: a million rows must not hold up decisions for a number. */
const COUNTED = 10_000;
/** The same where each row's organization has to be looked up. */
const COUNTED_JOINED = 1000;

/** The rows of an organization, in an order that an index has. */
const ROWS: Readonly<Record<ListedKind, { readonly from: string; readonly order: string }>> = {
  api: { from: 'api t WHERE t.organization = ?', order: 't.name, t.version' },
  application: { from: 'application t WHERE t.organization = ?', order: 't.name, t.owner' },
  key_mapping: {
    from: 'application_key_mapping t JOIN application a ON a.id = t.application_id WHERE a.organization = ?',
    order: 't.application_id, t.key_type, t.key_manager_id',
  },
  subscription: {
    from: 'subscription t JOIN application a ON a.id = t.application_id WHERE a.organization = ?',
    order: 't.rowid',
  },
  policy: { from: 'policy t WHERE t.organization = ?', order: 't.kind, t.name' },
  scope: { from: 'scope t WHERE t.organization = ?', order: 't.name' },
  deny_policy: { from: 'deny_policy t WHERE t.organization = ?', order: 't.type, t.value' },
};

const managed = (application: string) =>
  `(${application}.owner = ? OR EXISTS (SELECT 1 FROM json_each(${application}.groups) WHERE value IN (SELECT value FROM json_each(?))))`;

/** Keys and subscriptions of one parent are of its organization, which is looked up once. */
const PARENTS: readonly (readonly [string, string])[] = [
  ['applicationId', 'application'],
  ['apiId', 'api'],
];

/** How each filter is put; the names are those of {@link EntityFilters}. */
const CONDITIONS: Readonly<Record<string, string>> = {
  name: 't.name = ?',
  nameContains: "t.name LIKE ? ESCAPE '\\'",
  version: 't.version = ?',
  context: 't.context = ?',
  provider: 't.provider = ?',
  lifecycle: 't.lifecycle = ?',
  number: 't.number = ?',
  owner: 't.owner = ?',
  state: 't.state = ?',
  managedBy: managed('t'),
  ofManagedBy: `EXISTS (SELECT 1 FROM application o WHERE o.id = t.application_id AND ${managed('o')})`,
  contextContains: "t.context LIKE ? ESCAPE '\\'",
  lifecycles: 't.lifecycle IN (SELECT value FROM json_each(?))',
  visibleTo: `(json_extract(t.extra, '$.visibility') IS NOT 'RESTRICTED' OR EXISTS (
    SELECT 1 FROM json_each(t.extra, '$.visibleRoles') WHERE value IN (SELECT value FROM json_each(?))))`,
  applicationId: 't.application_id = ?',
  keyManagerId: 't.key_manager_id = ?',
  consumerKey: 't.consumer_key = ?',
  keyType: 't.key_type = ?',
  apiId: 't.api_id = ?',
  kind: 't.kind = ?',
  type: 't.type = ?',
  value: 't.value = ?',
};

type Parameter = string | number;

/** Lists over one connection. */
export class EntityLists {
  readonly #db: Database;
  readonly #entities: EntityTables;
  readonly #statements = new Map<string, Statement<Parameter[], Parameter>>();

  constructor(db: Database) {
    this.#db = db;
    this.#entities = new EntityTables(db);
  }

  /** One page of the organization's entities. */
  page<K extends ListedKind>(
    kind: K,
    organization: string,
    filter: EntityFilters[K],
    { offset, limit }: Page,
  ): Paged<EntityByKind[K]> {
    const { order } = ROWS[kind];
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    const { from, values: owners, joins } = rowsOf(kind, organization, new Map(given));
    const where = [from, ...given.map(([name]) => CONDITIONS[name])].join(' AND ');
    const values = [...owners, ...given.flatMap(([name, value]) => valuesOf(name, value))];
    const counted = Math.max(joins ? COUNTED_JOINED : COUNTED, offset + limit + 1);
    const total = this.#pluck(`SELECT count(*) FROM (SELECT 1 FROM ${where} LIMIT ?)`).get(...values, counted);
    const ids = this.#pluck(`SELECT t.id FROM ${where} ORDER BY ${order} LIMIT ? OFFSET ?`).all(
      ...values,
      limit,
      offset,
    );
    return { total: Number(total ?? 0), list: ids.flatMap((id) => this.#entities.read(kind, String(id)) ?? []) };
  }

  /** The organization's entity of this id. */
  find<K extends ListedKind>(kind: K, organization: string, id: string): EntityByKind[K] | undefined {
    const isThere = this.#pluck(`SELECT 1 FROM ${ROWS[kind].from} AND t.id = ?`).get(organization, id);
    return isThere === undefined ? undefined : this.#entities.read(kind, id);
  }

  #pluck(sql: string): Statement<Parameter[], Parameter> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<Parameter[], Parameter>(sql).pluck();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Where the organization's rows are. */
function rowsOf(kind: ListedKind, organization: string, given: ReadonlyMap<string, unknown>) {
  const { from } = ROWS[kind];
  const joins = from.includes(' JOIN ');
  const [name, table] = PARENTS.find(([parent]) => joins && given.has(parent)) ?? [];
  if (name === undefined || table === undefined) return { from, values: [organization], joins };
  const own = from.slice(0, from.indexOf(' JOIN '));
  return {
    from: `${own} WHERE (SELECT organization FROM ${table} WHERE id = ?) = ?`,
    values: [String(given.get(name)), organization],
    joins: false,
  };
}

function valuesOf(name: string, value: unknown): readonly Parameter[] {
  if (Array.isArray(value)) return [JSON.stringify(value)];
  if (name.endsWith('Contains')) return [`%${String(value).replaceAll(/[\\%_]/g, '\\$&')}%`];
  if (!/managedBy$/i.test(name)) return [value as Parameter];
  const { user, groups } = value as ManagedBy;
  return [user, JSON.stringify(groups)];
}
