// The audit's table: rows are added and never changed; the schema's triggers see to that.

import type { Database, Statement } from 'better-sqlite3';
import type { AuditEntry, KeptAuditEntry } from '../../domain/audit.ts';
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

/** Texts of one page: a thousand entries of large key managers would hold up the thread that decides, and its memory. */
const MAX_PAGE_CHARACTERS = 2 * 1024 * 1024;

/** The `audit` table. */
export class StoredAudit {
  readonly #append: Statement;
  readonly #all: Reads;
  readonly #ofOrganization: Reads;

  constructor(db: Database) {
    this.#append = db.prepare(`
      INSERT INTO audit (time, request_id, caller, organization, address, method, route, target, status, before, after)
      VALUES (@time, @requestId, @caller, @organization, @address, @method, @route, @target, @status, @before, @after)`);
    this.#all = readsOf(db, '');
    this.#ofOrganization = readsOf(db, 'WHERE organization = @organization');
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

  /** The newest entries first, fewer where they are large; of one organization, or of all and of attempts without one where it is null. */
  page(organization: string | null, page: Page): Paged<KeptAuditEntry> {
    const { count, entries } = organization === null ? this.#all : this.#ofOrganization;
    const asked = { organization, ...page };
    const list: KeptAuditEntry[] = [];
    let characters = 0;
    for (const row of entries.iterate(asked)) {
      characters += (row.before?.length ?? 0) + (row.after?.length ?? 0);
      if (list.length > 0 && characters > MAX_PAGE_CHARACTERS) break;
      list.push(toEntry(row));
    }
    return { total: count.get(asked) ?? 0, list };
  }
}

type Asked = Page & { readonly organization: string | null };

interface Reads {
  readonly count: Statement<Asked, number>;
  readonly entries: Statement<Asked, AuditRow>;
}

function readsOf(db: Database, where: string): Reads {
  return {
    count: db.prepare<Asked, number>(`SELECT count(*) FROM audit ${where}`).pluck(),
    entries: db.prepare(`
      SELECT sequence, time, request_id AS requestId, caller, organization, address, method, route, target, status,
        before, after
      FROM audit ${where} ORDER BY sequence DESC LIMIT @limit OFFSET @offset`),
  };
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
