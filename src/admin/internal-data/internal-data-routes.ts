// WSO2's internal data API, as far as key managers and gateways use it for revocations: events in, what is revoked out. Both in
// WSO2's own form, for senders and readers that know nothing of this program.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { isJsonObject } from '../../domain/json-object.ts';
import type { Revocation } from '../../domain/revocation.ts';
import { readRevocationEvent } from '../../domain/revocation-event.ts';
import type { RevocationMargins } from '../../domain/revocation-times.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { INTERNAL_DATA } from '../access/route-rights.ts';
import { invalidEvent, refusedWrite, refuseWith } from '../http/wso2-error.ts';
import type { RevocationStore } from '../operation/revocation-store.ts';

/** The end of the year 9999. WSO2's form has no word for "all tokens" and none for "until lifted". */
const FOREVER_MS = 253_402_300_799_000;

/** What the routes need. */
export interface InternalDataOptions {
  readonly revocations: RevocationStore;
  readonly margins: () => RevocationMargins;
  /** Of a JWT's signing input or of an opaque token, hex SHA-256. */
  readonly tokenHash: (token: string) => string;
  readonly log: { warn(fields: object, message: string): void };
}

/** Registers `notify` and `revokedjwt`. */
export function internalDataRoutes(app: FastifyInstance, options: InternalDataOptions, callers: RouteCallers): void {
  const { revocations, margins, tokenHash, log } = options;

  app.post(`${INTERNAL_DATA}/notify`, async (request, reply) => {
    const { organization, name } = callers.callerOf(request);
    const body = isJsonObject(request.body) ? request.body : {};
    const wanted = [request.headers['x-wso2-key-manager']].flat()[0];
    const keyManagerType = await typeNamed(organization, wanted);
    const read = readRevocationEvent(body, {
      organization,
      createdBy: name,
      keyManagerType,
      nowMs: Date.now(),
      margins: margins(),
      tokenHash,
      idOf: (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32),
    });
    const said = { request_id: request.id, type: nameText(body['type']), key_manager_type: nameText(wanted) };
    if (read.kind === 'incomplete') return refuseWith(reply, invalidEvent(read.field));
    if (read.kind === 'other') log.warn(said, 'an event that revokes nothing was taken');
    else {
      if (wanted !== undefined && keyManagerType === null)
        log.warn(said, 'no key manager is of the type of an event; it holds for all of the organization');
      const written = await revocations.write(read.entries, callers.auditOf(request));
      if (written.kind === 'refused') return refuseWith(reply, refusedWrite(written));
    }
    return reply.code(200).send();
  });

  app.get(`${INTERNAL_DATA}/revokedjwt`, async (request, reply) => {
    const all = revocations.all(callers.callerOf(request).organization);
    return reply.type('application/json; charset=utf-8').send(Readable.from(revokedJwts(all)));
  });

  /** The type in use that a sender means. A name that nobody has must not narrow an event to nothing. */
  async function typeNamed(organization: string, wanted: string | undefined): Promise<string | null> {
    if (wanted === undefined) return null;
    const types = await revocations.typesInUse(organization);
    return types.find((type) => type.toLowerCase() === wanted.toLowerCase()) ?? null;
  }
}

/** The answer, written as it is read: it may be of a million entries, and decisions are made on the same thread. */
async function* revokedJwts(all: AsyncIterable<readonly Revocation[]>): AsyncGenerator<string> {
  const subjects: string[] = [];
  const clients: string[] = [];
  let comma = '';
  yield '{"revokedJWTList":[';
  for await (const part of all) {
    const tokens: string[] = [];
    for (const { kind, value, expiresAtMs, issuedBeforeMs, organization } of part) {
      const revoked = { revocation_time: issuedBeforeMs ?? FOREVER_MS, organization };
      // An entry that is for one key manager is listed without saying so, which that form cannot: readers refuse too much, never too little.
      if (kind === 'jti') tokens.push(JSON.stringify({ jwt_signature: value, expiry_time: expiresAtMs ?? FOREVER_MS }));
      if (kind === 'subject') subjects.push(JSON.stringify({ entity_id: value, entity_type: 'USER_ID', ...revoked }));
      if (kind === 'consumer_key')
        clients.push(JSON.stringify({ consumer_key: value, type: 'consumer_app_revocation_event', ...revoked }));
    }
    if (tokens.length === 0) continue;
    yield comma + tokens.join();
    comma = ',';
  }
  yield `],"revokedJWTSubjectEntityList":[${subjects.join()}],"revokedJWTConsumerKeyList":[${clients.join()}]}`;
}

/** A name as WSO2's are, for the log; of anything else only that it is there. */
function nameText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' && /^(?:WSO2)?[A-Za-z_-]{1,45}(?:-\d)?$/.test(value) ? value : '(no name of WSO2)';
}
