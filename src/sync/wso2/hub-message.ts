// A message of WSO2's event hub taken apart: its topic says which form it has. Says nothing about what the event means.

import { isJsonObject } from '../../domain/json-object.ts';
import type { Json } from './row.ts';

/** The topics that matter here. */
export const TOPICS = ['notification', 'keyManager', 'tokenRevocation', 'throttleData'] as const;
/** One of {@link TOPICS}. */
export type Topic = (typeof TOPICS)[number];

/** An event: of `notification` with its type and what it carries, of the others as it came. */
export interface HubEvent {
  readonly topic: Topic;
  /** WSO2 `eventType`, `action` or `type`; '' where there is none. */
  readonly type: string;
  /** WSO2 `timeStamp`: when it happened, by the control plane's clock, milliseconds since the epoch; null where it is not said. */
  readonly timeMs: number | null;
  /** WSO2 `tenantDomain` or `organization`; null where it is not said. */
  readonly organization: string | null;
  readonly event: Json;
}

/** More is no event. */
const MAX_BYTES = 4_194_304;

/** The event, or what is wrong with the message in a short code that holds nothing of it. */
export function readHubMessage(topic: Topic, body: Buffer): HubEvent | { readonly poison: string } {
  if (body.length > MAX_BYTES) return { poison: 'too_large' };
  const message = parsed(body.toString());
  const inner = isJsonObject(message) ? message['event'] : undefined;
  const payload = isJsonObject(inner) ? inner['payloadData'] : undefined;
  if (!isJsonObject(payload)) return { poison: 'no_payload' };
  if (topic !== 'notification') {
    const type = textOf(payload[topic === 'keyManager' ? 'action' : 'type']) ?? '';
    return { topic, type, timeMs: null, organization: organizationOf(payload), event: payload };
  }
  const encoded = textOf(payload['event']);
  const event = encoded === undefined ? undefined : parsed(Buffer.from(encoded, 'base64').toString());
  if (!isJsonObject(event)) return { poison: 'no_event' };
  const type = textOf(payload['eventType']) ?? textOf(event['type']);
  if (type === undefined) return { poison: 'no_type' };
  const timeMs = timeOf(event['timeStamp']) ?? timeOf(payload['timestamp']) ?? timeOf(payload['timeStamp']);
  return { topic, type, timeMs, organization: organizationOf(event), event };
}

function organizationOf(event: Json): string | null {
  return textOf(event['organization']) ?? textOf(event['tenantDomain']) ?? null;
}

function timeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
