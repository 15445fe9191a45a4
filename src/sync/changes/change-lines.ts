// How changes travel: lines of JSON (NDJSON) in groups. A group is a head, one line for each change, and an end with their number
// and the SHA-256 of all lines before it, so that a cut or damaged one is noticed before anything of it is used.

import { createHash, type Hash } from 'node:crypto';
import { type Change, ENTITY_KINDS, type SourcePosition } from '../../domain/change.ts';
import { isJsonObject } from '../../domain/json-object.ts';

/** Rises when what is sent means something else; a follower refuses a format that it does not know. */
export const CHANGE_FORMAT = 1;
/** A key manager or an API with all that WSO2 lets it carry stays far below. */
const MAX_LINE_BYTES = 32 * 1_048_576;

/** What comes over the feed. */
export type ChangeLine =
  | { readonly kind: 'snapshot'; readonly format: number; readonly position: SourcePosition }
  | { readonly kind: 'batch'; readonly from: SourcePosition; readonly to: SourcePosition }
  | { readonly kind: 'change'; readonly change: Change }
  /** A group is complete and undamaged. */
  | { readonly kind: 'end' }
  /** Where the hub is; says that it is there, too. */
  | { readonly kind: 'heartbeat'; readonly position: SourcePosition }
  /** The hub cannot go on from the position that was asked for. */
  | { readonly kind: 'gone' };

/** Writes a group; its hash is made on the way. */
export class GroupWriter {
  readonly #hash = createHash('sha256');
  #count = 0;

  /** The head of a snapshot. */
  snapshot(position: SourcePosition): string {
    return this.#line({ kind: 'snapshot', format: CHANGE_FORMAT, ...position });
  }

  /** The head of a batch. */
  batch(from: SourcePosition, to: SourcePosition): string {
    return this.#line({ kind: 'batch', format: CHANGE_FORMAT, from, to });
  }

  /** Lines of changes. */
  changes(changes: readonly Change[]): string {
    this.#count += changes.length;
    return changes.map(({ kind, id, entity }) => this.#line({ kind, id, entity })).join('');
  }

  /** The last line. */
  end(): string {
    return `${JSON.stringify({ kind: 'end', count: this.#count, sha256: this.#hash.digest('hex') })}\n`;
  }

  #line(value: object): string {
    const line = `${JSON.stringify(value)}\n`;
    this.#hash.update(line);
    return line;
  }
}

/** A heartbeat. */
export function heartbeatText({ epoch, sequence }: SourcePosition): string {
  return `${JSON.stringify({ kind: 'heartbeat', epoch, sequence })}\n`;
}

/** Says that a position is gone. */
export const GONE_TEXT = `${JSON.stringify({ kind: 'gone' })}\n`;

/** What was read is not what the hub wrote, or was not written for this version. */
export class DamagedChanges extends Error {}

/** Reads lines. Ends with the bytes; throws {@link DamagedChanges} for what is not in order, and what the bytes throw. */
export async function* readChangeLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ChangeLine> {
  let group: { readonly hash: Hash; count: number } | undefined;
  for await (const line of linesOf(bytes)) {
    const value = parsed(line);
    const { kind } = value;
    if (kind === 'heartbeat' || kind === 'gone') {
      if (group !== undefined) throw new DamagedChanges('a group is not complete');
      yield kind === 'gone' ? { kind } : { kind, position: positionOf(value) };
    } else if (kind === 'snapshot' || kind === 'batch') {
      if (group !== undefined) throw new DamagedChanges('a group is not complete');
      if (value['format'] !== CHANGE_FORMAT) throw new DamagedChanges('the format is not known to this version');
      group = { hash: createHash('sha256').update(line).update('\n'), count: 0 };
      yield kind === 'snapshot'
        ? { kind, format: CHANGE_FORMAT, position: positionOf(value) }
        : { kind, from: positionOf(value['from']), to: positionOf(value['to']) };
    } else if (group === undefined) throw new DamagedChanges('a change stands outside of a group');
    else if (kind === 'end') {
      if (value['count'] !== group.count || value['sha256'] !== group.hash.digest('hex'))
        throw new DamagedChanges('a group is not what its hash says');
      group = undefined;
      yield { kind };
    } else {
      group.hash.update(line).update('\n');
      group.count += 1;
      yield { kind: 'change', change: changeOf(value) };
    }
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let from = 0;
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, from)) {
      rest.push(piece.subarray(from, at));
      yield Buffer.concat(rest).toString('utf8');
      rest = [];
      length = 0;
      from = at + 1;
    }
    if (from === piece.length) continue;
    rest.push(piece.subarray(from));
    length += piece.length - from;
    if (length > MAX_LINE_BYTES) throw new DamagedChanges('a line is too long');
  }
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new DamagedChanges('a line is not JSON');
  }
  if (!isJsonObject(value)) throw new DamagedChanges('a line is not a JSON object');
  return value;
}

function positionOf(value: unknown): SourcePosition {
  const { epoch, sequence } = isJsonObject(value) ? value : {};
  if (typeof epoch !== 'string' || epoch === '' || typeof sequence !== 'number' || !Number.isSafeInteger(sequence))
    throw new DamagedChanges('a position is missing');
  return { epoch, sequence };
}

/** The parts by which it is told from others; its entity is what the hub's own catalog held, as the hash proves. */
function changeOf({ kind, id, entity }: Readonly<Record<string, unknown>>): Change {
  if (!ENTITY_KINDS.some((one) => one === kind)) throw new DamagedChanges('a kind is not known to this version');
  if (typeof id !== 'string' || !(entity === null || isJsonObject(entity)))
    throw new DamagedChanges('a change is not complete');
  return { kind, id, entity } as unknown as Change;
}
