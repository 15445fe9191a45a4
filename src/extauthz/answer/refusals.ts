// What a client is told when its request does not pass: WSO2's JSON body, or a short text for gRPC, and the headers that HTTP
// asks for. Only the row of the reason speaks; evidence enters as `Allow` and as the scopes of the challenge, never the body.

import { type Resource, VERBS } from '../../domain/api.ts';
import type { Deny, Fault } from '../../domain/decision.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { REASONS, type Reason, type ReasonRow, reasonRow } from '../../domain/reason.ts';
import { challenge, checkRealm } from './challenge.ts';
import { encodedRefusal, type Header, type HttpRefusal, type RefusalCode } from './check-response.ts';

const NO_STORE: Header = ['cache-control', 'no-store'];
const JSON_TYPE: Header = ['content-type', 'application/json'];
/** Seconds; by then a cool-down of a key set is over or a time-out has passed. */
const RETRY_SOON: Header = ['retry-after', '1'];

/** google.rpc.Code by HTTP status; PERMISSION_DENIED for the rest. */
const RPC_CODES: Readonly<Record<number, RefusalCode>> = { 400: 3, 401: 16, 404: 5, 405: 12, 414: 3, 503: 14 };
const PERMISSION_DENIED = 7;

/** Stands in a description for the template of the resource. */
const RESOURCE = '{resource}';

/** What all clients are told that are refused for the same. */
type Told = Pick<HttpRefusal, 'status' | 'encoded'>;

/** The parts of a refusal that depend on the reason alone, for one kind of client. */
interface Prepared {
  readonly row: ReasonRow;
  readonly headers: readonly Header[];
  readonly code: RefusalCode;
  /** WSO2 names the resource's template in the description of a missing scope. */
  readonly bodyFor: (template: string) => string;
  readonly depends: 'on nothing' | 'on the resource' | 'on the evidence';
}

/** The refusals of one reason, for one kind of client. What they say is made once: for the reason, or for each resource. */
class RefusalsOfReason {
  readonly #prepared: Prepared;
  readonly #realm: string;
  readonly #constant: Told | undefined;
  readonly #byResource = new WeakMap<Resource, { readonly required: unknown; readonly told: Told }>();

  constructor(prepared: Prepared, realm: string) {
    this.#prepared = prepared;
    this.#realm = realm;
    if (prepared.depends === 'on nothing') this.#constant = this.#told({}, undefined);
  }

  of({ evidence, known: { resource } }: Deny | Fault): Told {
    if (this.#constant !== undefined) return this.#constant;
    if (this.#prepared.depends === 'on the evidence' || resource === undefined) return this.#told(evidence, resource);
    const { required } = evidence;
    const known = this.#byResource.get(resource);
    if (known !== undefined && known.required === required) return known.told;
    const told = this.#told(evidence, resource);
    this.#byResource.set(resource, { required, told });
    return told;
  }

  #told(evidence: Evidence, resource: Resource | undefined): Told {
    const { row, code, depends, bodyFor } = this.#prepared;
    const headers = [...this.#prepared.headers];
    const bearer = challenge(row.challenge, this.#realm, textList(evidence['required']));
    if (bearer !== undefined) headers.push(['www-authenticate', bearer]);
    if (depends === 'on the evidence') headers.push(['allow', allowedVerbs(evidence['allow'])]);
    return { status: code, encoded: encodedRefusal(row.status, headers, bodyFor(resource?.template ?? '')) };
  }
}

/** Makes refusals for one realm. */
export class Refusals {
  readonly #json: Readonly<Record<Reason, RefusalsOfReason>>;
  readonly #grpc: Readonly<Record<Reason, RefusalsOfReason>>;

  constructor(realm: string) {
    checkRealm(realm);
    const all = (prepare: (reason: Reason) => Prepared) =>
      Object.fromEntries(
        Object.keys(REASONS).map((reason) => [reason, new RefusalsOfReason(prepare(reason as Reason), realm)]),
      ) as Record<Reason, RefusalsOfReason>;
    this.#json = all(forJson);
    this.#grpc = all(forGrpc);
  }

  /** The refusal of a decision, for a client that sent this media type. */
  of(decision: Deny | Fault, contentType: string | undefined): Told {
    return (isGrpc(contentType) ? this.#grpc : this.#json)[decision.reason].of(decision);
  }
}

/** Envoy turns the refusal of a gRPC call into trailers and must keep its own content type for that. */
function forGrpc(reason: Reason): Prepared {
  const row = reasonRow(reason);
  const headers = row.outcome === 'fault' ? [NO_STORE, RETRY_SOON] : [NO_STORE];
  return {
    ...{ row, headers },
    code: RPC_CODES[row.status] ?? PERMISSION_DENIED,
    bodyFor: () => `${row.code} ${row.message}`,
    depends: dependsOf(reason, row),
  };
}

function forJson(reason: Reason): Prepared {
  const prepared = forGrpc(reason);
  const { code, message, description } = prepared.row;
  const json = JSON.stringify({ code, message, description });
  const [before, after] = json.split(RESOURCE);
  return {
    ...prepared,
    headers: [...prepared.headers, JSON_TYPE],
    bodyFor: after === undefined ? () => json : (template) => before + JSON.stringify(template).slice(1, -1) + after,
  };
}

function dependsOf(reason: Reason, { status, challenge: kind, description }: ReasonRow): Prepared['depends'] {
  if (status === 405 || reason === 'options_answered') return 'on the evidence';
  return kind === 'insufficient_scope' || description.includes(RESOURCE) ? 'on the resource' : 'on nothing';
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
