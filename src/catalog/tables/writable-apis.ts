// Writes APIs to their tables, inside a transaction that the caller holds. Names are already resolved to ids here.

import type { Database, Statement } from 'better-sqlite3';
import type { Api } from '../../domain/api.ts';
import { contextsOf, hostsOf } from '../../domain/router.ts';

/** An API that already answers on a host and context, by name and version. */
export interface RouteOwner {
  readonly host: string;
  readonly context: string;
  readonly owner: string;
}

/** The `api`, `api_route`, `resource`, `api_key_manager` and `api_key_manager_audience` tables, for writing. */
export class WritableApis {
  readonly #put: Statement;
  readonly #clear: readonly Statement<[string]>[];
  readonly #clearRoutes: Statement<[string]>;
  readonly #route: Statement<[string, string, string]>;
  readonly #owner: Statement<[string, string], string>;
  readonly #resource: Statement;
  readonly #allow: Statement;
  readonly #audience: Statement<[string, string, string]>;
  readonly #disallow: readonly Statement<[string]>[];
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#put = db.prepare(`
      INSERT INTO api (id, organization, name, version, context, default_version_context, hosts, lifecycle, type, security_scheme,
        audiences, all_key_managers, subscription_validation, endpoints, authorization_header, encoded_slash, matrix_parameters,
        number, provider, policy, extra, revision)
      VALUES (@id, @organization, @name, @version, @context, @defaultVersionContext, @hosts, @lifecycle, @type, @securityScheme,
        @audiences, @allKeyManagers, @subscriptionValidation, @endpoints, @authorizationHeader, @encodedSlash, @matrixParameters,
        @number, @provider, @policy, @extra, @revision)
      ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, name = excluded.name, version = excluded.version,
        context = excluded.context, number = excluded.number, provider = excluded.provider, policy = excluded.policy,
        extra = excluded.extra, revision = excluded.revision,
        default_version_context = excluded.default_version_context, hosts = excluded.hosts,
        lifecycle = excluded.lifecycle, type = excluded.type, security_scheme = excluded.security_scheme,
        audiences = excluded.audiences, all_key_managers = excluded.all_key_managers,
        subscription_validation = excluded.subscription_validation, endpoints = excluded.endpoints,
        authorization_header = excluded.authorization_header, encoded_slash = excluded.encoded_slash,
        matrix_parameters = excluded.matrix_parameters`);
    this.#clear = ['resource', 'api_key_manager', 'api_key_manager_audience'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE api_id = ?`),
    );
    this.#clearRoutes = db.prepare('DELETE FROM api_route WHERE api_id = ?');
    this.#route = db.prepare('INSERT INTO api_route VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.#owner = db
      .prepare<[string, string], string>(
        `SELECT a.name || ':' || a.version FROM api_route r JOIN api a ON a.id = r.api_id
         WHERE r.host = ? AND r.context = ?`,
      )
      .pluck();
    this.#resource = db.prepare('INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#allow = db.prepare('INSERT INTO api_key_manager VALUES (?, ?, ?)');
    this.#audience = db.prepare('INSERT INTO api_key_manager_audience VALUES (?, ?, ?)');
    this.#disallow = ['api_key_manager', 'api_key_manager_audience'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE key_manager_id = ?`),
    );
    this.#delete = db.prepare('DELETE FROM api WHERE id = ?');
  }

  /** Gives up the API's routes, so that several APIs can trade theirs in one transaction. */
  releaseRoutes(id: string): void {
    this.#clearRoutes.run(id);
  }

  /** Writes the whole API, or names the routes that another one has; the caller then rolls back. */
  put(api: Api): readonly RouteOwner[] {
    this.#put.run({
      ...api,
      hosts: JSON.stringify(api.hosts),
      securityScheme: JSON.stringify(api.securityScheme),
      audiences: JSON.stringify(api.audiences),
      allKeyManagers: api.keyManagers === 'all' ? 1 : 0,
      subscriptionValidation: api.subscriptionValidation ? 1 : 0,
      endpoints: JSON.stringify(api.endpoints),
      encodedSlash: api.path.encodedSlash,
      matrixParameters: api.path.matrixParameters,
      extra: JSON.stringify(api.extra),
    });
    for (const statement of this.#clear) statement.run(api.id);
    for (const [position, { verb, template, authType, scopes, policy }] of api.resources.entries())
      this.#resource.run(api.id, position, verb, template, authType, JSON.stringify(scopes), policy);
    const allowed = api.keyManagers === 'all' ? [] : new Set(api.keyManagers);
    let position = 0;
    for (const keyManagerId of allowed) this.#allow.run(api.id, position++, keyManagerId);
    for (const [keyManagerId, audiences] of Object.entries(api.audiencesByKeyManager))
      this.#audience.run(api.id, keyManagerId, JSON.stringify(audiences));
    this.releaseRoutes(api.id);
    return this.#claimRoutes(api);
  }

  /** Deletes the API with everything that hangs on it, subscriptions too. */
  delete(id: string): void {
    this.#delete.run(id);
  }

  /** Takes a key manager off every API's list, with the audiences that the API expects of it. */
  disallow(keyManagerId: string): void {
    for (const statement of this.#disallow) statement.run(keyManagerId);
  }

  #claimRoutes(api: Api): RouteOwner[] {
    const taken: RouteOwner[] = [];
    for (const host of hostsOf(api)) {
      for (const context of new Set(contextsOf(api))) {
        if (this.#route.run(host, context, api.id).changes === 0)
          taken.push({ host, context, owner: this.#owner.get(host, context) ?? 'another API' });
      }
    }
    return taken;
  }
}
