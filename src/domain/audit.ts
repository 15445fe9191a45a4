// What is remembered of every write and every refused attempt on the admin side, as plain facts. Never a credential, never a body.

/** Who attempts what. It travels with a write into its transaction, so that no write is without its entry. */
export interface AuditContext {
  readonly requestId: string;
  /** Undefined where no caller was proved. */
  readonly caller: string | undefined;
  readonly organization: string | undefined;
  readonly address: string;
  readonly method: string;
  /** The route's pattern, or `unknown`. */
  readonly route: string;
}

/** One attempt and how it ended. */
export interface AuditEntry extends AuditContext {
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** The entity's id, where there is one. */
  readonly target: string | undefined;
  /** HTTP status of the answer; of a committed write, which is noted before its answer, always a 2xx. */
  readonly status: number;
  /** The entity before and after a committed write, secrets masked; absent where there was none. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** An entry as it is kept. */
export interface KeptAuditEntry extends AuditEntry {
  /** Rises with every entry of the catalog. */
  readonly sequence: number;
}
