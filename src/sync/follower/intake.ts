// Takes the lines of one connection into the copy: each group in one transaction with its position, and only when its end has proved
// that it is whole. Duplicates and what is older are let go by; a gap or another history asks for a fresh copy.

import { type Change, hasCome, leadsOn, type SourcePosition } from '../../domain/change.ts';
import type { ChangeLine } from '../changes/change-lines.ts';
import type { ChangeSink, OpensSecrets, StagedChanges } from '../changes/change-ports.ts';

/** Changes that go to the catalog's writer at once. */
const PART = 200;

/** The way from here to the hub's state is lost; only a whole copy leads there. */
export class NeedsSnapshot extends Error {}

/** What it is made with. */
export interface IntakeOptions {
  readonly sink: ChangeSink;
  /** Where the copy stands; undefined where a whole one is to come. */
  readonly position: SourcePosition | undefined;
  readonly opensSecrets: OpensSecrets;
  /** Somebody has looked at a copy that has much less. */
  readonly allowShrink: boolean;
}

type Group =
  | { readonly kind: 'staged'; readonly staged: StagedChanges; readonly to: SourcePosition }
  /** It was applied before. */
  | { readonly kind: 'known' };

/** Takes lines in; throws an error whose message is a short code for what cannot be taken. */
export class Intake {
  readonly #sink: ChangeSink;
  readonly #opensSecrets: OpensSecrets;
  readonly #wantsSnapshot: boolean;
  readonly #allowShrink: boolean;
  #position: SourcePosition | undefined;
  #group: Group | undefined;
  #part: Change[] = [];
  #taken = 0;
  #hasApplied = false;

  constructor({ allowShrink, opensSecrets, position, sink }: IntakeOptions) {
    this.#sink = sink;
    this.#position = position;
    this.#opensSecrets = opensSecrets;
    this.#wantsSnapshot = position === undefined;
    this.#allowShrink = allowShrink;
  }

  /** Where the copy stands now. */
  get position(): SourcePosition | undefined {
    return this.#position;
  }

  /** True within a group. */
  get isOpen(): boolean {
    return this.#group !== undefined;
  }

  /** True when a group was put in force. */
  get hasApplied(): boolean {
    return this.#hasApplied;
  }

  /** Changes of the group so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes the next line. How many changes were put in force by it, where it ended a group that was news. */
  async take(line: Exclude<ChangeLine, { readonly kind: 'heartbeat' | 'gone' }>): Promise<number | undefined> {
    switch (line.kind) {
      case 'snapshot':
        if (!this.#wantsSnapshot) throw new Error('not_asked_for');
        await this.#open(null, line.position);
        return undefined;
      case 'batch':
        await this.#openBatch(line.from, line.to);
        return undefined;
      case 'change':
        await this.#add(line.change);
        return undefined;
      case 'end':
        return this.#close();
    }
  }

  /** Lets go of a group that will have no end. */
  async discard(): Promise<void> {
    const group = this.#group;
    this.#group = undefined;
    this.#part = [];
    if (group?.kind === 'staged') await group.staged.discard();
  }

  async #openBatch(from: SourcePosition, to: SourcePosition): Promise<void> {
    const here = this.#position;
    if (here === undefined) throw new Error('not_asked_for');
    if (hasCome(here, to)) this.#group = { kind: 'known' };
    else if (leadsOn(here, { from, to })) await this.#open(here, to);
    else throw new NeedsSnapshot();
  }

  async #open(from: SourcePosition | null, to: SourcePosition): Promise<void> {
    const staged = await this.#sink.stage(from, to);
    if (staged === 'busy') throw new Error('catalog_busy');
    this.#taken = 0;
    this.#group = { kind: 'staged', staged, to };
  }

  async #add(change: Change): Promise<void> {
    if (change.kind === 'key_manager' && change.entity !== null && !this.#opensSecrets(change.entity))
      throw new Error('sealing_keys_differ');
    this.#taken += 1;
    if (this.#group?.kind !== 'staged') return;
    this.#part.push(change);
    if (this.#part.length >= PART) await this.#flush(this.#group.staged);
  }

  async #flush(staged: StagedChanges): Promise<void> {
    const part = this.#part;
    this.#part = [];
    if (part.length > 0 && !(await staged.add(part))) throw new Error('catalog_busy');
  }

  async #close(): Promise<number | undefined> {
    const group = this.#group;
    if (group?.kind !== 'staged') {
      this.#group = undefined;
      return undefined;
    }
    await this.#flush(group.staged);
    const result = await group.staged.commit(this.#allowShrink);
    this.#group = undefined;
    if (result === 'busy') throw new Error('catalog_busy');
    if (result === 'held_back') throw new Error('held_back');
    if (result === 'unfit') {
      // A copy that does not even fit beside the old one is the hub's or this version's fault, and no other would be better.
      if (this.#wantsSnapshot) throw new Error('unfit');
      throw new NeedsSnapshot();
    }
    this.#position = group.to;
    this.#hasApplied = true;
    return this.#taken;
  }
}
