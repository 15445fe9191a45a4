// WSO2's revocation events, as its key managers post them to `/internal/data/v1/notify` and its event hub sends them, to revocations.
// Pure: nothing is looked up. An organization in the body is not believed, and the token of an event leaves here as a hash only.

import { isJsonObject } from './json-object.ts';
import type { Revocation, RevocationKind } from './revocation.ts';
import { issuedBefore, type RevocationMargins, sweepTime } from './revocation-times.ts';

/** Longest identifier that an event may name; WSO2's columns end at 512. */
const MAX_VALUE_CHARACTERS = 2048;
/** Longest token that a request may carry is far shorter. */
const MAX_TOKEN_CHARACTERS = 131_072;
/** Events in a batch; more would be a write that others wait for. */
const MAX_BATCH = 1000;

type Json = Readonly<Record<string, unknown>>;

/** What an event is read with. */
export interface RevocationEventContext {
  readonly organization: string;
  readonly createdBy: string;
  /** The type of key managers that it is about, of the header X-WSO2-KEY-MANAGER; null: not narrowed. */
  readonly keyManagerType: string | null;
  readonly nowMs: number;
  readonly margins: RevocationMargins;
  /** Of a JWT's signing input or of an opaque token, hex SHA-256. */
  readonly tokenHash: (token: string) => string;
  /** A stable id of these texts: an event that is sent again is the same entry. */
  readonly idOf: (parts: readonly string[]) => string;
}

/** What an event turned out to be. */
export type ReadRevocationEvent =
  | { readonly kind: 'revocations'; readonly entries: readonly Revocation[] }
  /** Nothing that revokes; WSO2 takes it all the same. */
  | { readonly kind: 'other' }
  /** An event that should revoke and does not say what. */
  | { readonly kind: 'incomplete'; readonly field: string };

/** What an event names. */
type Named =
  | { readonly kind: RevocationKind; readonly value: string; readonly until: unknown }
  | { readonly kind: RevocationKind; readonly value: string; readonly before: unknown };

/** The revocations of one event, or of a batch of them. */
export function readRevocationEvent(body: Json, context: RevocationEventContext): ReadRevocationEvent {
  if (body['type'] !== 'token_revocation_batch') return readEvent(body, context);
  const events = body['tokenRevocationEventList'];
  if (!Array.isArray(events) || events.length > MAX_BATCH)
    return { kind: 'incomplete', field: 'tokenRevocationEventList' };
  const entries: Revocation[] = [];
  for (const [index, event] of events.entries()) {
    const read = isJsonObject(event) ? readEvent({ ...event, type: 'token_revocation' }, context) : undefined;
    if (read?.kind !== 'revocations')
      return {
        kind: 'incomplete',
        field: `tokenRevocationEventList[${index}]${read?.kind === 'incomplete' ? `.${read.field}` : ''}`,
      };
    entries.push(...read.entries);
  }
  return { kind: 'revocations', entries };
}

function readEvent(body: Json, context: RevocationEventContext): ReadRevocationEvent {
  const named = namedBy(body, context);
  if (typeof named === 'string') return { kind: 'incomplete', field: named };
  if (named.length === 0) return { kind: 'other' };
  const eventId = text(body['eventId'], MAX_VALUE_CHARACTERS);
  return { kind: 'revocations', entries: named.map((one) => entryOf(one, eventId, context)) };
}

/** What the event names, or the field that does not say it. */
function namedBy(body: Json, { tokenHash }: RevocationEventContext): readonly Named[] | string {
  switch (body['type']) {
    case 'token_revocation': {
      const token = text(body['accessToken'], MAX_TOKEN_CHARACTERS);
      if (token === undefined) return 'accessToken';
      const until = body['expiryTime'];
      const { tokenType } = body;
      const saysJwt = typeof tokenType === 'string' && tokenType.toUpperCase() === 'JWT';
      // Some senders give the whole JWT. Whatever is not said to be of a JWT is an opaque token, as in WSO2, and so only its hash goes on.
      const isJti = saysJwt && token.length <= MAX_VALUE_CHARACTERS && !looksLikeJwt(token);
      return [isJti ? { kind: 'jti', value: token, until } : { kind: 'token', value: tokenHash(token), until }];
    }
    case 'consumer_app_revocation_event': {
      const value = text(body['consumerKey'], MAX_VALUE_CHARACTERS);
      return value === undefined ? 'consumerKey' : [{ kind: 'consumer_key', value, before: body['revocationTime'] }];
    }
    case 'subject_entity_revocation_event': {
      const value = text(body['entityId'], MAX_VALUE_CHARACTERS);
      if (value === undefined) return 'entityId';
      const kind = SUBJECT_KINDS.get(body['entityType']);
      return kind === undefined ? 'entityType' : [{ kind, value, before: body['revocationTime'] }];
    }
    default:
      return [];
  }
}

/** WSO2 `entityType`. */
const SUBJECT_KINDS: ReadonlyMap<unknown, RevocationKind> = new Map([
  ['CLIENT_ID', 'consumer_key'],
  ['USER_ID', 'subject'],
]);

function entryOf(named: Named, eventId: string | undefined, context: RevocationEventContext): Revocation {
  const { organization, createdBy, keyManagerType, nowMs, margins, idOf } = context;
  const { kind, value } = named;
  const single = 'until' in named;
  // With the time: a sender that gives each event one id must not have its later ones taken for the first.
  const time = single ? '' : String(named.before ?? '');
  return {
    id: idOf([organization, eventId ?? `at ${nowMs}`, kind, value, keyManagerType ?? '', time]),
    kind,
    value,
    organization,
    keyManagerId: null,
    keyManagerType,
    issuedBeforeMs: single ? null : issuedBefore(numberOf(named.before), nowMs),
    expiresAtMs: single ? sweepTime(numberOf(named.until), nowMs, margins) : null,
    createdAtMs: nowMs,
    createdBy,
    lifted: false,
  };
}

function text(value: unknown, maxCharacters: number): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= maxCharacters ? value : undefined;
}

/** WSO2's own events have numbers, those of its message broker texts. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
}

function looksLikeJwt(token: string): boolean {
  return /^e[wy][\w-]*\.[\w-]+\.[\w-]*$/.test(token);
}
