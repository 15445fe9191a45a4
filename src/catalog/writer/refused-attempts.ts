// Brings attempts that came to nothing into the audit, in batches and within bounds: the audit only grows, so nobody may fill it by
// knocking. What is left out is counted. Best effort: the log has every one of them.

import type { AuditEntry } from '../../domain/audit.ts';

/** How long entries are gathered for one write. */
const GATHER_MS = 1000;

/** Entries in a minute: of callers that nobody knows, and of known ones. */
const UNKNOWN_PER_MINUTE = 60;
const KNOWN_PER_MINUTE = 600;
const MINUTE_MS = 60_000;

/** What the entries are brought with. */
export interface RefusedAttemptsOptions {
  readonly save: (entries: readonly AuditEntry[]) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Gathers entries. */
export class RefusedAttempts {
  readonly #options: RefusedAttemptsOptions;
  #entries: AuditEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #minute = 0;
  #taken = { known: 0, unknown: 0 };
  #leftOut = 0;

  constructor(options: RefusedAttemptsOptions) {
    this.#options = options;
  }

  /** Takes an entry for the next write; beyond the bounds only its number. */
  note(entry: AuditEntry): void {
    const minute = Math.floor(this.#options.clock() / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#taken = { known: 0, unknown: 0 };
    }
    const who = entry.caller === undefined ? 'unknown' : 'known';
    if (this.#taken[who] >= (who === 'known' ? KNOWN_PER_MINUTE : UNKNOWN_PER_MINUTE)) this.#leftOut++;
    else {
      this.#taken[who]++;
      this.#entries.push(entry);
    }
    this.#timer ??= setTimeout(() => void this.flush(), this.#entries.length > 0 ? GATHER_MS : MINUTE_MS).unref();
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#entries;
    if (this.#leftOut > 0) entries.push(leftOut(this.#leftOut, this.#options.clock()));
    this.#entries = [];
    this.#leftOut = 0;
    if (entries.length > 0) await this.#options.save(entries);
  }
}

/** Stands for the attempts that are not told one by one. */
function leftOut(attempts: number, nowMs: number): AuditEntry {
  return {
    time: new Date(nowMs).toISOString(),
    requestId: '',
    caller: undefined,
    organization: undefined,
    address: '',
    method: '',
    route: 'further attempts',
    target: undefined,
    status: 429,
    after: { attempts },
  };
}
