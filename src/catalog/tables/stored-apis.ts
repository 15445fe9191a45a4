// Reads APIs from their tables. Prepared once per connection; a writer's and a reader's connection both use it.

import type { Database, Statement } from 'better-sqlite3';
import type { Api, KeyType, Lifecycle, PathLeniency, Resource, Verb } from '../../domain/api.ts';

interface ApiRow {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly version: string;
  readonly context: string;
  readonly default_version_context: string | null;
  readonly hosts: string;
  readonly lifecycle: string;
  readonly type: string;
  readonly security_scheme: string;
  readonly audiences: string;
  readonly all_key_managers: number;
  readonly subscription_validation: number;
  readonly endpoints: string;
  readonly authorization_header: string;
  readonly encoded_slash: string;
  readonly matrix_parameters: string;
  readonly number: number;
  readonly provider: string;
  readonly policy: string;
  readonly extra: string;
  readonly revision: number;
}

interface ResourceRow {
  readonly api_id: string;
  readonly verb: string;
  readonly template: string;
  readonly auth_type: string;
  readonly scopes: string;
  readonly policy: string;
}

interface AllowedRow {
  readonly api_id: string;
  readonly key_manager_id: string;
}

interface AudienceRow extends AllowedRow {
  readonly audiences: string;
}

/** What hangs on an API's row. */
interface Parts {
  readonly resources: readonly ResourceRow[];
  readonly allowed: readonly AllowedRow[];
  readonly audiences: readonly AudienceRow[];
}

/** The `api`, `resource`, `api_key_manager` and `api_key_manager_audience` tables, for reading. */
export class StoredApis {
  readonly #all: Statement<[], ApiRow>;
  readonly #ofOrganization: Statement<[string], ApiRow>;
  readonly #one: Statement<[string], ApiRow>;
  readonly #id: Statement<[string, string, string], string>;
  readonly #organization: Statement<[string], string>;
  readonly #allResources: Statement<[], ResourceRow>;
  readonly #resources: Statement<[string], ResourceRow>;
  readonly #allAllowed: Statement<[], AllowedRow>;
  readonly #allowed: Statement<[string], AllowedRow>;
  readonly #allAudiences: Statement<[], AudienceRow>;
  readonly #audiences: Statement<[string], AudienceRow>;

  constructor(db: Database) {
    this.#all = db.prepare('SELECT * FROM api');
    this.#ofOrganization = db.prepare('SELECT * FROM api WHERE organization = ? ORDER BY name, version');
    this.#one = db.prepare('SELECT * FROM api WHERE id = ?');
    this.#id = db
      .prepare<[string, string, string], string>(
        'SELECT id FROM api WHERE organization = ? AND name = ? AND version = ?',
      )
      .pluck();
    this.#organization = db.prepare<[string], string>('SELECT organization FROM api WHERE id = ?').pluck();
    this.#allResources = db.prepare('SELECT * FROM resource ORDER BY api_id, position');
    this.#resources = db.prepare('SELECT * FROM resource WHERE api_id = ? ORDER BY position');
    this.#allAllowed = db.prepare('SELECT * FROM api_key_manager ORDER BY api_id, position');
    this.#allowed = db.prepare('SELECT * FROM api_key_manager WHERE api_id = ? ORDER BY position');
    this.#allAudiences = db.prepare('SELECT * FROM api_key_manager_audience');
    this.#audiences = db.prepare('SELECT * FROM api_key_manager_audience WHERE api_id = ?');
  }

  /** Every API of every organization. */
  all(): Api[] {
    const resources = Map.groupBy(this.#allResources.iterate(), (row) => row.api_id);
    const allowed = Map.groupBy(this.#allAllowed.iterate(), (row) => row.api_id);
    const audiences = Map.groupBy(this.#allAudiences.iterate(), (row) => row.api_id);
    return this.#all.all().map((row) =>
      toApi(row, {
        resources: resources.get(row.id) ?? [],
        allowed: allowed.get(row.id) ?? [],
        audiences: audiences.get(row.id) ?? [],
      }),
    );
  }

  /** The APIs of one organization, by name and version. */
  ofOrganization(organization: string): Api[] {
    return this.#ofOrganization.all(organization).map((row) => this.#complete(row));
  }

  /** The API of this id. */
  find(id: string): Api | undefined {
    const row = this.#one.get(id);
    return row === undefined ? undefined : this.#complete(row);
  }

  /** The id of an API known by name. */
  idOf(organization: string, name: string, version: string): string | undefined {
    return this.#id.get(organization, name, version);
  }

  /** The organization of the API of this id. */
  organizationOf(id: string): string | undefined {
    return this.#organization.get(id);
  }

  #complete(row: ApiRow): Api {
    const { id } = row;
    return toApi(row, {
      resources: this.#resources.all(id),
      allowed: this.#allowed.all(id),
      audiences: this.#audiences.all(id),
    });
  }
}

function toApi(row: ApiRow, { resources, allowed, audiences }: Parts): Api {
  return {
    id: row.id,
    organization: row.organization,
    name: row.name,
    version: row.version,
    context: row.context,
    defaultVersionContext: row.default_version_context,
    hosts: list(row.hosts),
    lifecycle: row.lifecycle as Lifecycle,
    type: row.type,
    securityScheme: list(row.security_scheme),
    audiences: list(row.audiences),
    audiencesByKeyManager: Object.fromEntries(audiences.map((one) => [one.key_manager_id, list(one.audiences)])),
    keyManagers: row.all_key_managers === 1 ? 'all' : allowed.map((one) => one.key_manager_id),
    subscriptionValidation: row.subscription_validation === 1,
    endpoints: list(row.endpoints) as KeyType[],
    authorizationHeader: row.authorization_header,
    path: {
      encodedSlash: row.encoded_slash as PathLeniency,
      matrixParameters: row.matrix_parameters as PathLeniency,
    },
    resources: resources.map(toResource),
    number: row.number,
    provider: row.provider,
    policy: row.policy,
    extra: JSON.parse(row.extra) as Api['extra'],
    revision: row.revision,
  };
}

function toResource(row: ResourceRow): Resource {
  return {
    verb: row.verb as Verb,
    template: row.template,
    // Anything but a plain 'None' asks for a token.
    authType: row.auth_type === 'None' ? 'None' : 'Any',
    scopes: list(row.scopes),
    policy: row.policy,
  };
}

function list(json: string): string[] {
  return JSON.parse(json) as string[];
}
