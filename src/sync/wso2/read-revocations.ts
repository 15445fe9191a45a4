// Revocations from WSO2's `/revokedjwt` and from its `tokenRevocation` events: one entry each, with the same id from wherever it comes
// and however often.

import { isJsonObject } from '../../domain/json-object.ts';
import type { Revocation } from '../../domain/revocation.ts';
import { type ReadRevocationEvent, readRevocationEvent } from '../../domain/revocation-event.ts';
import type { RevocationMargins } from '../../domain/revocation-times.ts';
import { type Json, Row, type UnusableRow } from './row.ts';
import { stableId } from './stable-id.ts';

/** What revocations are read with. */
export interface RevocationReading {
  readonly nowMs: number;
  readonly margins: RevocationMargins;
  /** Of a JWT's signing input or of an opaque token, hex SHA-256. */
  readonly tokenHash: (token: string) => string;
}

/** Who made them, for the audit. */
const CREATED_BY = 'wso2-control-plane';

/**
 * The entries of `/revokedjwt`. It does not say whose single tokens are: they are revoked in each of `organizations`. Rows that cannot be
 * used are counted by `unusable`; a list that is none makes all of it unusable.
 */
export function readRevokedList(
  json: unknown,
  organizations: readonly string[],
  reading: RevocationReading,
  unusable: (wrong: string) => void,
): readonly Revocation[] | UnusableRow {
  const whole = new Row(json);
  const found: Revocation[] = [];
  const take = (event: Json, organization: string) => {
    const read = entriesOf(event, organization, reading);
    if (read.kind === 'revocations') found.push(...read.entries);
    else unusable(read.kind === 'incomplete' ? read.field : 'type');
  };
  for (const item of listOf(whole, 'revokedJWTList')) {
    const event = {
      type: 'token_revocation',
      tokenType: 'JWT',
      accessToken: item['jwt_signature'],
      expiryTime: item['expiry_time'],
    };
    for (const organization of organizations) take(event, organization);
  }
  for (const item of listOf(whole, 'revokedJWTConsumerKeyList'))
    for (const organization of named(item, organizations))
      take({ ...CLIENT, consumerKey: item['consumer_key'], revocationTime: item['revocation_time'] }, organization);
  for (const item of listOf(whole, 'revokedJWTSubjectEntityList')) {
    const { entity_id: entityId, entity_type: entityType, revocation_time: revocationTime } = item;
    for (const organization of named(item, organizations))
      take({ ...SUBJECT, entityId, entityType, revocationTime }, organization);
  }
  return whole.done(found);
}

/** The entries of a `tokenRevocation` event; `batch` says that the list must be read anew. */
export function readTokenRevocation(
  event: Json,
  organizations: readonly string[],
  reading: RevocationReading,
): ReadRevocationEvent | { readonly kind: 'batch' } {
  const { type, revokedToken, expiryTime } = event;
  if (type === 'token_revocation_batch') return { kind: 'batch' };
  if (typeof type === 'string' && (type.startsWith('API_KEY') || type === 'InternalKey' || type === 'API Key'))
    return { kind: 'other' };
  const body =
    type === CLIENT.type || type === SUBJECT.type
      ? { type, ...described(revokedToken) }
      : { type: 'token_revocation', accessToken: revokedToken, tokenType: type, expiryTime };
  const entries: Revocation[] = [];
  for (const organization of organizations) {
    const read = entriesOf(body, organization, reading);
    if (read.kind !== 'revocations') return read;
    entries.push(...read.entries);
  }
  return { kind: 'revocations', entries };
}

const CLIENT = { type: 'consumer_app_revocation_event' };
const SUBJECT = { type: 'subject_entity_revocation_event' };

function entriesOf(
  event: Json,
  organization: string,
  { nowMs, margins, tokenHash }: RevocationReading,
): ReadRevocationEvent {
  const read = readRevocationEvent(event, {
    organization,
    createdBy: CREATED_BY,
    keyManagerType: null,
    nowMs,
    margins,
    tokenHash,
    idOf: (parts) => stableId(...parts),
  });
  if (read.kind !== 'revocations') return read;
  const entries = read.entries.map((entry) => {
    const { kind, value, issuedBeforeMs } = entry;
    return { ...entry, id: stableId('revocation', organization, kind, value, String(issuedBeforeMs)) };
  });
  return { kind: 'revocations', entries };
}

function named(item: Json, organizations: readonly string[]): readonly string[] {
  const organization = item['organization'];
  return typeof organization === 'string' && organization !== '' ? [organization] : organizations;
}

/** `revokedToken` of events about clients and subjects: base64 of a JSON object in either of two spellings. */
function described(revokedToken: unknown): Json {
  if (typeof revokedToken !== 'string') return {};
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(revokedToken, 'base64').toString());
  } catch {
    return {};
  }
  if (!isJsonObject(read)) return {};
  return {
    consumerKey: read['consumerKey'] ?? read['consumer_key'],
    entityId: read['entityId'] ?? read['entity_id'],
    entityType: read['entityType'] ?? read['entity_type'],
    revocationTime: read['revocationTime'] ?? read['revocation_time'],
  };
}

function listOf(whole: Row, name: string): readonly Json[] {
  const value = whole.raw(name);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item) => (isJsonObject(item) ? item : {}));
  whole.refuse(name);
  return [];
}
