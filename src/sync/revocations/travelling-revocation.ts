// A revocation as it travels between installations: with its key manager's organization and name, since ids may differ. Reads only
// what is whole; one bad row does not spoil the others.

import { REVOCATION_KINDS, type Revocation, type RevocationKind } from '../../domain/revocation.ts';
import type { KeyManagerName, KeyManagerNames } from './feed-ports.ts';

/** Text of one entry at most; sealed, it stays below what the stream takes. */
const MAX_TEXT_BYTES = 40_000;
const FORMAT = 1;
const MAX_ID_LENGTH = 256;
const MAX_TEXT_LENGTH = 8_192;

/** A revocation and, where it names a key manager, that one's name. */
export interface TravellingRevocation {
  readonly revocation: Revocation;
  readonly keyManager: KeyManagerName | null;
}

/** As few texts as hold them all, but for those that nobody could read: they would hold up all others for ever. */
export function writeEntries(revocations: readonly Revocation[], names: KeyManagerNames): readonly string[] {
  const texts: string[] = [];
  let rows: string[] = [];
  let bytes = 0;
  const flush = () => {
    if (rows.length > 0) texts.push(`{"f":${FORMAT},"r":[${rows.join(',')}]}`);
    rows = [];
    bytes = 0;
  };
  for (const revocation of revocations) {
    const id = keyManagerOf(revocation);
    const keyManager = id === null ? null : (names.nameOf(id) ?? null);
    if (readRow({ revocation, keyManager }) === undefined) continue;
    const row = JSON.stringify({ revocation, keyManager } satisfies TravellingRevocation);
    const size = Buffer.byteLength(row);
    if (bytes + size > MAX_TEXT_BYTES) flush();
    rows.push(row);
    bytes += size;
  }
  flush();
  return texts;
}

/** The rows of an entry that are whole; undefined where the entry itself cannot be read. */
export function readEntry(text: string): readonly TravellingRevocation[] | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(entry) || entry['f'] !== FORMAT || !Array.isArray(entry['r'])) return undefined;
  return entry['r'].flatMap((row: unknown) => {
    const read = isRecord(row) ? readRow(row) : undefined;
    return read === undefined ? [] : [read];
  });
}

/** The revocation with the ids of this installation; undefined while its key manager is not known here. */
export function arrive(travelling: TravellingRevocation, names: KeyManagerNames): Revocation | undefined {
  const { revocation, keyManager } = travelling;
  const id = keyManagerOf(revocation);
  if (id === null) return revocation;
  // The name first: ids that an operator chose may mean another key manager elsewhere. The id where the name was changed.
  const here = (keyManager && names.idOf(keyManager)) ?? (names.nameOf(id) === undefined ? undefined : id);
  if (here === undefined) return undefined;
  return revocation.kind === 'key_manager'
    ? { ...revocation, value: here, keyManagerId: revocation.keyManagerId === null ? null : here }
    : { ...revocation, keyManagerId: here };
}

function keyManagerOf({ kind, value, keyManagerId }: Revocation): string | null {
  return kind === 'key_manager' ? value : keyManagerId;
}

function readRow({ revocation: row, keyManager }: Record<string, unknown>): TravellingRevocation | undefined {
  if (!isRecord(row) || (keyManager !== null && !isName(keyManager))) return undefined;
  const { id, kind, value, organization, keyManagerId, keyManagerType, createdBy, lifted } = row;
  const { issuedBeforeMs, expiresAtMs, createdAtMs } = row;
  const whole =
    isText(id, MAX_ID_LENGTH) &&
    isKind(kind) &&
    isText(value, MAX_TEXT_LENGTH) &&
    isText(organization, MAX_ID_LENGTH) &&
    (keyManagerId === null || isText(keyManagerId, MAX_ID_LENGTH)) &&
    (keyManagerType === null || isText(keyManagerType, MAX_ID_LENGTH)) &&
    (issuedBeforeMs === null || isTime(issuedBeforeMs)) &&
    (expiresAtMs === null || isTime(expiresAtMs)) &&
    isTime(createdAtMs) &&
    isText(createdBy, MAX_TEXT_LENGTH) &&
    typeof lifted === 'boolean';
  if (!whole) return undefined;
  const times = { issuedBeforeMs, expiresAtMs, createdAtMs };
  return {
    revocation: { id, kind, value, organization, keyManagerId, keyManagerType, ...times, createdBy, lifted },
    keyManager,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is KeyManagerName {
  return isRecord(value) && isText(value['organization'], MAX_ID_LENGTH) && isText(value['name'], MAX_ID_LENGTH);
}

function isKind(value: unknown): value is RevocationKind {
  return REVOCATION_KINDS.some((kind) => kind === value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength;
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
