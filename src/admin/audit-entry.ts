// What is remembered of every write and every refused attempt on the admin side.

/** One attempt and how it ended. Never a credential, never a body. */
export interface AuditEntry {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly requestId: string;
  /** Undefined where no caller was proved. */
  readonly caller: string | undefined;
  readonly organization: string | undefined;
  readonly address: string;
  readonly method: string;
  /** The route's pattern, or `unknown`. */
  readonly route: string;
  /** The entity's id, where the path has one. */
  readonly target: string | undefined;
  readonly status: number;
}
