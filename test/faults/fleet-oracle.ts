// What a fleet must have decided, told afterwards from the recorded history of its writes: for each fact its values in order, when each
// was acknowledged and where, and when which member was cut off. Knows nothing of how members tell each other.

/** When every member has what was acknowledged, in milliseconds, counted from when it and the one that was written to could be reached. */
export interface Bounds {
  readonly fromHub: number;
  /** A member that could not be reached tries again, later and later. */
  readonly fromFollower: number;
}

/** A value that a fact got. */
export interface RecordedWrite {
  readonly fact: string;
  readonly value: string;
  readonly sentAt: number;
  /** When it was answered, or found to have been made although nothing was answered. */
  readonly ackedAt: number;
  /** The member that took it; 0 is the hub. */
  readonly member: number;
}

/** A decision that a member told. */
export interface Observation {
  readonly member: number;
  /** All of them must let the request pass. */
  readonly facts: readonly string[];
  readonly sentAt: number;
  readonly answeredAt: number;
  /** `allow`, or the reason. */
  readonly outcome: string;
}

/** Members that could not be reached, or could not reach the hub, for a time. */
export interface Disturbance {
  readonly members: readonly number[];
  readonly from: number;
  /** When they were seen to be in step again. */
  to: number;
}

/** Values that let a request pass; all others do not. */
const PERMISSIVE = new Set(['UNBLOCKED', 'PUBLISHED', 'open', 'enabled', 'complete']);

/** One history. */
export class FleetOracle {
  readonly #bounds: Bounds;
  readonly #writes = new Map<string, RecordedWrite[]>();
  readonly #disturbances: Disturbance[] = [];
  readonly #observations: Observation[] = [];
  /** When a member must know a write. */
  readonly #due = new Map<RecordedWrite, Map<number, number>>();
  #count = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** What a fact was before the history begins. */
  begin(fact: string, value: string): void {
    this.#writes.set(fact, [{ fact, value, sentAt: 0, ackedAt: 0, member: 0 }]);
  }

  /** In the order in which they were made, for each fact. */
  wrote(write: RecordedWrite): void {
    const before = this.#writes.get(write.fact);
    if (before === undefined) throw new Error(`${write.fact} has no beginning`);
    before.push(write);
    this.#count += 1;
  }

  observed(observation: Observation): void {
    this.#observations.push(observation);
  }

  /** Its end is open until it is told. */
  disturb(members: readonly number[], from: number): Disturbance {
    const disturbance = { members, from, to: Number.POSITIVE_INFINITY };
    this.#disturbances.push(disturbance);
    return disturbance;
  }

  /** Whether any member was cut off between two moments. */
  isDisturbed(from: number, to: number): boolean {
    return this.#disturbances.some((one) => one.from < to && one.to > from);
  }

  /** Acknowledged writes. */
  get writes(): number {
    return this.#count;
  }

  /** The last value of a fact. */
  now(fact: string): string {
    return this.#writes.get(fact)?.at(-1)?.value ?? '';
  }

  /** Every fact of a kind (`kind:…`) with its last value. */
  all(kind: string): ReadonlyMap<string, string> {
    const found = [...this.#writes.keys()].filter((fact) => fact.startsWith(`${kind}:`));
    return new Map(found.map((fact) => [fact.slice(kind.length + 1), this.now(fact)]));
  }

  /** What a request gets that depends on these facts, with all of them known. */
  expected(facts: readonly string[]): 'allow' | 'deny' {
    return facts.every((fact) => PERMISSIVE.has(this.now(fact))) ? 'allow' : 'deny';
  }

  /** Judges every decision. Faults (no verdict) are neither. */
  judge(isFault: (outcome: string) => boolean) {
    const wrong = { allows: [] as string[], denials: [] as string[] };
    const counts = { allows: 0, denials: 0, faults: 0, certain: 0 };
    for (const observation of this.#observations) {
      const { facts, outcome, member, sentAt } = observation;
      if (isFault(outcome)) {
        counts.faults += 1;
        continue;
      }
      counts[outcome === 'allow' ? 'allows' : 'denials'] += 1;
      const possible = facts.map((fact) => this.#possible(fact, observation));
      const denying = facts.filter((_, at) => possible[at]?.every((value) => !PERMISSIVE.has(value)));
      const mustAllow = possible.every((values) => values.every((value) => PERMISSIVE.has(value)));
      if (denying.length > 0 || mustAllow) counts.certain += 1;
      const told = `member ${member} at ${Math.round(sentAt)}: ${outcome}, ${denying.join(' ') || facts.join(' ')}`;
      if (outcome === 'allow' && denying.length > 0) wrong.allows.push(`${told}; ${this.#story(denying[0] ?? '')}`);
      if (outcome !== 'allow' && mustAllow)
        wrong.denials.push(`${told}; ${facts.map((f) => this.#story(f)).join(' ')}`);
    }
    return { wrong, counts };
  }

  /** What a member may hold a fact for, while it decides: the last value that it must know, and all that were written since. */
  #possible(fact: string, { member, sentAt, answeredAt }: Observation): readonly string[] {
    const writes = this.#writes.get(fact) ?? [];
    const known = writes.findLastIndex((write) => this.#dueAt(write, member) <= sentAt);
    return writes.slice(Math.max(known, 0)).flatMap((write) => (write.sentAt <= answeredAt ? [write.value] : []));
  }

  #dueAt(write: RecordedWrite, member: number): number {
    if (write.ackedAt === 0 || write.member === member) return write.ackedAt;
    const known = this.#due.get(write)?.get(member);
    if (known !== undefined) return known;
    const bound = write.member === 0 ? this.#bounds.fromHub : this.#bounds.fromFollower;
    const touches = this.#disturbances
      .filter(({ members }) => members.includes(member) || members.includes(write.member))
      .sort((a, b) => a.from - b.from);
    let from = write.ackedAt;
    for (const { from: start, to } of touches) if (start < from + bound && to > from) from = to;
    const due = from + bound;
    const byMember = this.#due.get(write) ?? new Map<number, number>();
    this.#due.set(write, byMember.set(member, due));
    return due;
  }

  #story(fact: string): string {
    const last = this.#writes.get(fact)?.slice(-4) ?? [];
    return `${fact} ${last.map(({ value, ackedAt, member }) => `${value}@${Math.round(ackedAt)} by ${member}`).join(', ')}`;
  }
}
