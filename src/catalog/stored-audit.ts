// The audit's table: rows are added and never changed; the schema's triggers see to that.

import type { Database, Statement } from 'better-sqlite3';
import type { AuditEntry, KeptAuditEntry } from '../domain/audit.ts';
import type { Page, Paged } from './paged.ts';

interface AuditRow {
  readonly sequence: number;
  readonly time: string;
  readonly requestId: string;
  readonly caller: string | null;
  readonly organization: string | null;
  readonly address: string;
  readonly method: string;
  readonly route: string;
  readonly target: string | null;
  readonly status: number;
  readonly before: string | null;
  readonly after: string | null;
}

/** The `audit` table. */
export class StoredAudit {
  readonly #append: Statement;
  readonly #count: Statement<{ organization: string | null }, number>;
  readonly #page: Statement<Page & { readonly organization: string | null }, AuditRow>;

  constructor(db: Database) {
    this.#append = db.prepare(`
      INSERT INTO audit (time, request_id, caller, organization, address, method, route, target, status, before, after)
      VALUES (@time, @requestId, @caller, @organization, @address, @method, @route, @target, @status, @before, @after)`);
    const ofOrganization = '(@organization IS NULL OR organization = @organization)';
    this.#count = db
      .prepare<{ organization: string | null }, number>(`SELECT count(*) FROM audit WHERE ${ofOrganization}`)
      .pluck();
    this.#page = db.prepare(`
      SELECT sequence, time, request_id AS requestId, caller, organization, address, method, route, target, status,
        before, after
      FROM audit WHERE ${ofOrganization} ORDER BY sequence DESC LIMIT @limit OFFSET @offset`);
  }

  /** Adds an entry, inside a transaction that the caller holds. */
  append({ caller, organization, target, before, after, ...entry }: AuditEntry): void {
    this.#append.run({
      ...entry,
      caller: caller ?? null,
      organization: organization ?? null,
      target: target ?? null,
      before: before === undefined ? null : JSON.stringify(before),
      after: after === undefined ? null : JSON.stringify(after),
    });
  }

  /** The newest entries first; of one organization, or of all and of attempts without one where it is null. */
  page(organization: string | null, { offset, limit }: Page): Paged<KeptAuditEntry> {
    const list = this.#page.all({ organization, offset, limit }).map(toEntry);
    return { total: this.#count.get({ organization }) ?? 0, list };
  }
}

function toEntry({ caller, organization, target, before, after, ...row }: AuditRow): KeptAuditEntry {
  return {
    ...row,
    caller: caller ?? undefined,
    organization: organization ?? undefined,
    target: target ?? undefined,
    ...(before === null ? {} : { before: JSON.parse(before) as unknown }),
    ...(after === null ? {} : { after: JSON.parse(after) as unknown }),
  };
}
