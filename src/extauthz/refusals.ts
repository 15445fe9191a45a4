// What a client is told when its request does not pass: WSO2's JSON body, or a short text for gRPC, and the headers that HTTP
// asks for. Only the row of the reason speaks; evidence enters as `Allow` and as the scopes of the challenge, never the body.

import { VERBS } from '../domain/api.ts';
import type { Deny, Fault } from '../domain/decision.ts';
import { REASONS, type Reason, type ReasonRow, reasonRow } from '../domain/reason.ts';
import { challenge, checkRealm } from './challenge.ts';
import type { Header, HttpRefusal, RefusalCode } from './check-response.ts';

const NO_STORE: Header = ['cache-control', 'no-store'];
const JSON_TYPE: Header = ['content-type', 'application/json'];
/** Seconds; by then a cool-down of a key set is over or a time-out has passed. */
const RETRY_SOON: Header = ['retry-after', '1'];

/** google.rpc.Code by HTTP status; PERMISSION_DENIED for the rest. */
const RPC_CODES: Readonly<Record<number, RefusalCode>> = { 400: 3, 401: 16, 404: 5, 405: 12, 414: 3, 503: 14 };
const PERMISSION_DENIED = 7;

/** Stands in a description for the template of the resource. */
const RESOURCE = '{resource}';

/** The parts of a refusal that depend on the reason alone. */
interface Prepared {
  readonly row: ReasonRow;
  readonly code: RefusalCode;
  /** WSO2 names the resource's template in the description of a missing scope. */
  readonly jsonFor: (template: string) => string;
  readonly text: string;
  readonly listsVerbs: boolean;
}

/** Makes refusals for one realm. */
export class Refusals {
  readonly #realm: string;
  readonly #prepared: ReadonlyMap<Reason, Prepared>;

  constructor(realm: string) {
    this.#realm = checkRealm(realm);
    this.#prepared = new Map((Object.keys(REASONS) as Reason[]).map((reason) => [reason, prepare(reason)]));
  }

  /** The refusal of a decision, for a client that sent this media type. */
  of(decision: Deny | Fault, contentType: string | undefined): Omit<HttpRefusal, 'metadata'> {
    const prepared = this.#prepared.get(decision.reason) ?? prepare(decision.reason);
    const { row } = prepared;
    const headers: Header[] = [NO_STORE];
    const bearer = challenge(row.challenge, this.#realm, textList(decision.evidence['required']));
    if (bearer !== undefined) headers.push(['www-authenticate', bearer]);
    if (prepared.listsVerbs) headers.push(['allow', allowedVerbs(decision.evidence['allow'])]);
    if (decision.outcome === 'fault') headers.push(RETRY_SOON);
    const answer = { status: prepared.code, httpStatus: row.status, headers };
    // Envoy turns the refusal of a gRPC call into trailers and must keep its own content type for that.
    if (isGrpc(contentType)) return { ...answer, body: prepared.text };
    headers.push(JSON_TYPE);
    return { ...answer, body: prepared.jsonFor(decision.known.resource?.template ?? '') };
  }
}

function prepare(reason: Reason): Prepared {
  const row = reasonRow(reason);
  const { code, message, description } = row;
  const json = JSON.stringify({ code, message, description });
  const [before, after] = json.split(RESOURCE);
  return {
    row,
    code: RPC_CODES[row.status] ?? PERMISSION_DENIED,
    jsonFor: after === undefined ? () => json : (template) => before + JSON.stringify(template).slice(1, -1) + after,
    text: `${code} ${message}`,
    listsVerbs: row.status === 405 || reason === 'options_answered',
  };
}

/** RFC 9110 §15.5.6: a 405 always has `Allow`; where no resource was found yet, it lists what is ever passed on. */
function allowedVerbs(verbs: unknown): string {
  const known = textList(verbs).filter((verb) => VERBS.some((known) => known === verb));
  return (known.length > 0 ? known : VERBS).join(', ');
}

function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** As Envoy tells gRPC requests: `application/grpc`, alone or followed by `+`. */
function isGrpc(contentType: string | undefined): boolean {
  return contentType === 'application/grpc' || contentType?.startsWith('application/grpc+') === true;
}
