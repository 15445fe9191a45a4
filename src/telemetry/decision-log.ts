// One record for each decision: every denial and fault, and a share of the allows. Never a token, never a query string.

import type { RecordedStep } from '../authorize/ports.ts';
import type { Decision } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import { reasonRow } from '../domain/reason.ts';
import type { ToldDecision } from '../domain/told-decision.ts';
import { isoTimes } from './iso-times.ts';
import { CENSORED, SECRET_NAMES } from './logger.ts';

/** Longest text of the request or the evidence that a record repeats. */
const MAX_TEXT_CHARACTERS = 512;
/** Longest list of the evidence that a record repeats. */
const MAX_LIST_ITEMS = 32;

/** The record as it is logged; absent members are unknown. */
export interface DecisionRecord {
  /** When the check arrived, ISO 8601 in UTC; the log line's own `time` is when it was written. */
  readonly received_at: string;
  readonly decision_id: string;
  readonly request_id: string | undefined;
  readonly outcome: Decision['outcome'];
  readonly reason: Decision['reason'];
  /** What happened and where to look, for the operator. */
  readonly explanation: string | undefined;
  readonly wso2_code: string | undefined;
  readonly http_status: number;
  readonly api: { readonly name: string; readonly version: string; readonly organization: string } | undefined;
  /** Verb and URI template of the matched resource. */
  readonly resource: string | undefined;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly key_manager: string | undefined;
  readonly token_hash: string | undefined;
  readonly consumer_key: string | undefined;
  readonly application: string | undefined;
  readonly key_type: string | undefined;
  readonly evidence: Evidence | undefined;
  readonly duration_us: number;
  readonly config_revision: number | undefined;
  /** Every check with what it found, where steps are recorded. */
  readonly steps: readonly RecordedStep[] | undefined;
}

/** The record of one decision that was made with this revision of the catalog. */
export function decisionRecord(
  entry: ToldDecision,
  configRevision: number | undefined,
  steps?: readonly RecordedStep[],
  timeOf: (ms: number) => string = isoTimes(),
): DecisionRecord {
  const { decision } = entry;
  const { known } = decision;
  const row = decision.outcome === 'allow' ? undefined : reasonRow(decision.reason);
  const query = entry.path.search(/[?#]/);
  return {
    received_at: timeOf(entry.startedAtMs),
    decision_id: entry.decisionId,
    request_id: entry.requestId?.slice(0, MAX_TEXT_CHARACTERS),
    outcome: decision.outcome,
    reason: decision.reason,
    explanation: row?.operator,
    wso2_code: row?.code,
    http_status: row?.status ?? 200,
    api: known.api && { name: known.api.name, version: known.api.version, organization: known.api.organization },
    resource: known.resource && `${known.resource.verb} ${known.resource.template}`,
    method: entry.method.slice(0, MAX_TEXT_CHARACTERS),
    host: entry.host.slice(0, MAX_TEXT_CHARACTERS),
    path: (query < 0 ? entry.path : entry.path.slice(0, query)).slice(0, MAX_TEXT_CHARACTERS),
    key_manager: known.keyManager?.name,
    token_hash: known.tokenHash,
    consumer_key: known.token?.consumerKey?.slice(0, MAX_TEXT_CHARACTERS),
    application: known.application?.name,
    key_type: known.keyType,
    evidence: decision.outcome === 'allow' ? undefined : clip(decision.evidence),
    duration_us: Math.round(entry.durationUs),
    config_revision: configRevision,
    steps: steps?.map((step) => (step.evidence === undefined ? step : { ...step, evidence: clip(step.evidence) })),
  };
}

/** True for this share of all ids, the same ones in every process: records of one request are kept or left together. */
export function isSampled(decisionId: string, share: number): boolean {
  let hash = 0x811c9dc5; // FNV-1a, 32 bit
  for (let index = 0; index < decisionId.length; index += 1)
    hash = Math.imul(hash ^ decisionId.charCodeAt(index), 0x01000193) >>> 0;
  return hash / 0x1_0000_0000 < share;
}

/** Passes the records that are to be kept to `write`: all but the allows outside the share. The revision is asked for only then. */
export function decisionLog(
  allowSampling: number,
  configRevision: () => number | undefined,
  write: (record: DecisionRecord) => void,
): (entry: ToldDecision, steps?: readonly RecordedStep[]) => void {
  const timeOf = isoTimes();
  return (entry, steps) => {
    if (entry.decision.outcome === 'allow' && !isSampled(entry.decisionId, allowSampling)) return;
    write(decisionRecord(entry, configRevision(), steps, timeOf));
  };
}

/** No evidence is secret; what has the name of a secret is not believed to be none. */
const CENSORED_NAMES = new Set(SECRET_NAMES);

function clip(evidence: Evidence): Evidence {
  const kept: Record<string, Evidence[string]> = {};
  for (const name of Object.keys(evidence)) kept[name] = CENSORED_NAMES.has(name) ? CENSORED : clipped(evidence[name]);
  return kept;
}

function clipped(value: Evidence[string]): Evidence[string] {
  if (typeof value === 'string') return value.slice(0, MAX_TEXT_CHARACTERS);
  if (!Array.isArray(value) || isShort(value)) return value;
  return value.slice(0, MAX_LIST_ITEMS).map((item) => String(item).slice(0, MAX_TEXT_CHARACTERS));
}

function isShort(list: readonly unknown[]): boolean {
  if (list.length > MAX_LIST_ITEMS) return false;
  for (const item of list) if (typeof item !== 'string' || item.length > MAX_TEXT_CHARACTERS) return false;
  return true;
}
