// Reads and writes key managers in their tables. Writes happen inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { KeyManagerWrite } from '../../domain/catalog-facts.ts';
import type { TravellingKeyManager } from '../../domain/change.ts';
import type { LiteralRule } from '../../domain/key-manager.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../domain/key-manager-dto.ts';
import { rulesExclude } from '../../domain/key-manager-index.ts';

interface KeyManagerRow {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly sequence: number;
  readonly enabled: number;
  readonly vouches: number;
  readonly rules: string;
  readonly dto: string;
  readonly version: number;
}

/** The `key_manager` and `key_manager_issuer` tables. */
export class StoredKeyManagers {
  readonly #all: Statement<[], KeyManagerRow>;
  readonly #ofOrganization: Statement<[string], KeyManagerRow>;
  readonly #one: Statement<[string], KeyManagerRow>;
  readonly #id: Statement<[string, string], string>;
  readonly #name: Statement<[string], string>;
  readonly #issuers: Statement<[string], string>;
  readonly #sharers: Statement<[string, string], KeyManagerRow & { issuer: string }>;
  readonly #withoutIssuer: Statement<[string, string], KeyManagerRow & { issuer: null }>;
  readonly #sequence: Statement<[], number>;
  readonly #put: Statement;
  readonly #clearIssuers: Statement<[string]>;
  readonly #issuer: Statement<[string, string, string]>;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#all = db.prepare('SELECT * FROM key_manager ORDER BY sequence');
    this.#ofOrganization = db.prepare('SELECT * FROM key_manager WHERE organization = ? ORDER BY sequence');
    this.#one = db.prepare('SELECT * FROM key_manager WHERE id = ?');
    this.#id = db
      .prepare<[string, string], string>('SELECT id FROM key_manager WHERE organization = ? AND name = ?')
      .pluck();
    this.#name = db.prepare<[string], string>('SELECT name FROM key_manager WHERE id = ?').pluck();
    this.#issuers = db
      .prepare<[string], string>('SELECT issuer FROM key_manager_issuer WHERE key_manager_id = ?')
      .pluck();
    this.#sharers = db.prepare(`
      SELECT k.*, mine.issuer AS issuer FROM key_manager_issuer mine
      JOIN key_manager_issuer other ON other.issuer = mine.issuer
      JOIN key_manager k ON k.id = other.key_manager_id
      WHERE mine.key_manager_id = ? AND k.id <> ? AND k.enabled = 1 AND k.vouches = 1
        AND (mine.organization IN (other.organization, '${GLOBAL_ORGANIZATION}')
          OR other.organization = '${GLOBAL_ORGANIZATION}') ORDER BY k.sequence`);
    this.#withoutIssuer = db.prepare(`
      SELECT k.*, NULL AS issuer FROM key_manager k
      WHERE (? IN (k.organization, '${GLOBAL_ORGANIZATION}') OR k.organization = '${GLOBAL_ORGANIZATION}')
        AND k.id <> ? AND k.enabled = 1 AND k.vouches = 1
        AND NOT EXISTS (SELECT 1 FROM key_manager_issuer i WHERE i.key_manager_id = k.id) ORDER BY k.sequence`);
    this.#sequence = db
      .prepare<[], number>('UPDATE meta SET next_sequence = next_sequence + 1 RETURNING next_sequence - 1')
      .pluck();
    this.#put = db.prepare(`
      INSERT INTO key_manager (id, organization, name, sequence, enabled, vouches, rules, dto, version)
      VALUES (@id, @organization, @name, @sequence, @enabled, @vouches, @rules, @dto, @version)
      ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, name = excluded.name, sequence = excluded.sequence,
        enabled = excluded.enabled, vouches = excluded.vouches, rules = excluded.rules, dto = excluded.dto,
        version = excluded.version`);
    this.#clearIssuers = db.prepare('DELETE FROM key_manager_issuer WHERE key_manager_id = ?');
    this.#issuer = db.prepare('INSERT INTO key_manager_issuer VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.#delete = db.prepare('DELETE FROM key_manager WHERE id = ?');
  }

  /** Every key manager, in order of creation. */
  all(): StoredKeyManager[] {
    return this.#all.all().map(toStored);
  }

  /** Those of one organization, in order of creation. */
  ofOrganization(organization: string): StoredKeyManager[] {
    return this.#ofOrganization.all(organization).map(toStored);
  }

  /** The key manager of this id. */
  find(id: string): StoredKeyManager | undefined {
    const row = this.#one.get(id);
    return row === undefined ? undefined : toStored(row);
  }

  /** The id of a key manager of exactly this organization, known by name. */
  idOf(organization: string, name: string): string | undefined {
    return this.#id.get(organization, name);
  }

  /** The id of the key manager that an API or key of the organization means by a name: its own, else the Global one. */
  resolve(organization: string, name: string): string | undefined {
    return this.idOf(organization, name) ?? this.idOf(GLOBAL_ORGANIZATION, name);
  }

  /** The same by a name or an id, as WSO2 takes both. */
  resolveReference(organization: string, reference: string): string | undefined {
    const named = this.resolve(organization, reference);
    if (named !== undefined) return named;
    const owner = this.#one.get(reference)?.organization;
    return owner === organization || owner === GLOBAL_ORGANIZATION ? reference : undefined;
  }

  /** The name of the key manager of this id. */
  nameOf(id: string): string | undefined {
    return this.#name.get(id);
  }

  /** What was written for a key manager beside its DTO. */
  described(id: string): { readonly issuers: readonly string[]; readonly jwtRules: readonly LiteralRule[] } {
    return { issuers: this.#issuers.all(id), jwtRules: rulesOf(this.#one.get(id)) };
  }

  /** Writes a new key manager, or anew the one of this id, and returns it as stored. Its secrets are not written here. */
  put(write: KeyManagerWrite, existingId: string | undefined): StoredKeyManager {
    const known = existingId === undefined ? undefined : this.find(existingId);
    const id = known?.id ?? crypto.randomUUID();
    const sequence = known?.sequence ?? this.nextSequence();
    const { organization, enabled } = write;
    const dto: KeyManagerDto = { ...write.dto, id, enabled, global: organization === GLOBAL_ORGANIZATION };
    const version = (known?.version ?? 0) + 1;
    this.#putRow({ ...write, id, sequence, version, dto });
    return { id, organization, sequence, version, dto, secrets: {} };
  }

  /** The next place in the order of creation; never handed out twice. */
  nextSequence(): number {
    return this.#sequence.get() ?? 0;
  }

  /** Writes a key manager as its source has it. */
  putWhole(keyManager: Omit<TravellingKeyManager, 'sealedSecrets'>): void {
    this.#putRow(keyManager);
  }

  /**
   * Another enabled key manager that could claim a token of this one, with the issuer they share: null where both are without and
   * their rules find the tokens. The Global key manager stands beside those of every organization.
   */
  rivalOf(id: string): { readonly name: string; readonly issuer: string | null } | undefined {
    const own = this.#one.get(id);
    if (own === undefined || own.enabled === 0 || own.vouches === 0) return undefined;
    const rules = rulesOf(own);
    if (this.#issuers.get(id) !== undefined)
      return this.#sharers.all(id, id).find((other) => !rulesExclude(rules, rulesOf(other)));
    // Without issuer and rules it claims no token at all.
    if (rules.length === 0) return undefined;
    return this.#withoutIssuer.all(own.organization, id).find((other) => {
      const others = rulesOf(other);
      return others.length > 0 && !rulesExclude(rules, others);
    });
  }

  /** Deletes the key manager with its issuers, secrets and kept key sets; nothing may refer to it any more. */
  delete(id: string): void {
    this.#delete.run(id);
  }

  #putRow(row: Omit<TravellingKeyManager, 'sealedSecrets'>): void {
    const { id, organization, sequence, enabled, jwtRules, dto, version } = row;
    this.#put.run({
      id,
      organization,
      name: dto.name,
      sequence,
      enabled: enabled ? 1 : 0,
      vouches: dto.tokenType === 'EXCHANGED' ? 0 : 1,
      rules: JSON.stringify(jwtRules),
      dto: JSON.stringify(dto),
      version,
    });
    this.#clearIssuers.run(id);
    for (const issuer of row.issuers) this.#issuer.run(organization, issuer, id);
  }
}

function toStored(row: KeyManagerRow): StoredKeyManager {
  const { id, organization, sequence, version } = row;
  return { id, organization, sequence, version, dto: JSON.parse(row.dto) as KeyManagerDto, secrets: {} };
}

function rulesOf(row: KeyManagerRow | undefined): LiteralRule[] {
  return row === undefined ? [] : (JSON.parse(row.rules) as LiteralRule[]);
}
