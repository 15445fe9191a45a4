// Revocations: what shall not pass any more although its key manager vouches for it. Written by who has the right `revoke`, in force
// on this host when answered. A token comes in here and only its hash goes on.

import type { FastifyInstance, FastifyReply } from 'fastify';
import { readParsed } from '../../documents/reading/read-document.ts';
import { type RevocationDocument, revocationDocument } from '../../documents/revocation-document.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { Revocation } from '../../domain/revocation.ts';
import { type RevocationMargins, sweepTime } from '../../domain/revocation-times.ts';
import type { AdminCaller } from '../access/admin-caller.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { pageOf, paginationOf } from '../http/page.ts';
import {
  invalidBody,
  invalidFields,
  invalidQuery,
  REVOCATION_NOT_FOUND,
  refusedWrite,
  refuseWith,
} from '../http/wso2-error.ts';
import type { RevocationStore } from './revocation-store.ts';

const BASE = '/revocations';

/** Keys that one `kid` may stand for; more would be a set that nobody publishes. */
const MAX_KEYS_OF_KID = 64;

/** What the routes need. */
export interface RevocationOptions {
  readonly revocations: RevocationStore;
  readonly margins: () => RevocationMargins;
  /** Of a JWT's signing input or of an opaque token, hex SHA-256. */
  readonly tokenHash: (token: string) => string;
  readonly newId: () => string;
}

interface ById {
  readonly Params: { readonly id: string };
}

/** Registers the routes. */
export function revocationRoutes(app: FastifyInstance, options: RevocationOptions, callers: RouteCallers): void {
  const { revocations } = options;

  app.get(BASE, async (request, reply) => {
    const page = pageOf(request.query);
    if (!('offset' in page)) return refuseWith(reply, invalidQuery(page));
    const { total, list } = await revocations.list(callers.callerOf(request).organization, page);
    return { count: list.length, list: list.map(bodyOf), pagination: paginationOf(page, total, BASE) };
  });

  app.post(BASE, async (request, reply) => {
    const read = readParsed(request.body, revocationDocument);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    const entries = await entriesOf(read.value, callers.callerOf(request));
    if ('problem' in entries) return refuseWith(reply, invalidFields([entries.problem]));
    const written = await revocations.write(entries, callers.auditOf(request));
    if (written.kind === 'refused') return refuseWith(reply, refusedWrite(written));
    return answer(reply.code(201).header('location', `${BASE}/${entries[0]?.id}`), entries);
  });

  app.get<ById>(`${BASE}/:id`, async (request, reply) => {
    const found = await revocations.find(callers.callerOf(request).organization, request.params.id);
    return found.length === 0 ? refuseWith(reply, REVOCATION_NOT_FOUND) : answer(reply, found);
  });

  app.delete<ById>(`${BASE}/:id`, async (request, reply) => {
    const { organization, name } = callers.callerOf(request);
    const found = await revocations.find(organization, request.params.id);
    if (found.length === 0) return refuseWith(reply, REVOCATION_NOT_FOUND);
    const lifts = found.map((entry) => ({ ...entry, lifted: true, createdAtMs: Date.now(), createdBy: name }));
    const written = await revocations.write(lifts, callers.auditOf(request));
    return written.kind === 'refused' ? refuseWith(reply, refusedWrite(written)) : reply.code(200).send();
  });

  /** The entry, and for a `kid` one for each key that it stands for: the key is refused under any name. */
  async function entriesOf(
    document: RevocationDocument,
    { organization, name }: AdminCaller,
  ): Promise<readonly Revocation[] | { readonly problem: FieldProblem }> {
    const nowMs = Date.now();
    const { kind } = document;
    const unknown = (field: string) => ({
      problem: { field, message: 'is no key manager of the organization, nor the Global one; give its id or name' },
    });
    const wanted = document.keyManager;
    const keyManager = wanted === undefined ? undefined : await revocations.findKeyManager(organization, wanted);
    if (wanted !== undefined && keyManager === undefined) return unknown('keyManager');
    let value = namedValue(document);
    if (kind === 'key_manager') {
      const target = await revocations.findKeyManager(organization, value);
      if (target === undefined) return unknown('value');
      value = target.id;
    }
    const { expiresAt } = document;
    if (expiresAt !== undefined && expiresAt <= nowMs)
      return { problem: { field: 'expiresAt', message: 'has passed; leave it out, or give a time to come' } };
    // Only single tokens die by themselves; all else stays until it is lifted, or as long as its writer says.
    const isSingle = kind === 'jti' || kind === 'token';
    const entry: Revocation = {
      id: options.newId(),
      kind,
      value,
      organization,
      keyManagerId: keyManager?.id ?? null,
      keyManagerType: null,
      issuedBeforeMs: document.issuedBefore ?? null,
      expiresAtMs: isSingle ? sweepTime(expiresAt, nowMs, options.margins()) : (expiresAt ?? null),
      createdAtMs: nowMs,
      createdBy: name,
      lifted: false,
    };
    if (kind !== 'kid') return [entry];
    const keys = await revocations.keysNamed(value, organization, entry.keyManagerId);
    return [
      entry,
      ...keys.slice(0, MAX_KEYS_OF_KID).map((thumbprint, index): Revocation => {
        return { ...entry, id: `${entry.id}.${index + 1}`, kind: 'key', value: thumbprint };
      }),
    ];
  }

  function namedValue(document: RevocationDocument): string {
    const { token, tokenHash, value } = document;
    return (token === undefined ? tokenHash : options.tokenHash(token)) ?? value ?? '';
  }
}

/** The entry; those that were made with it, of the keys of a `kid`, are beside it. */
function answer(reply: FastifyReply, [entry, ...others]: readonly Revocation[]) {
  const keys = others.map(({ value }) => value);
  return reply.send(entry && { ...bodyOf(entry), ...(entry.kind === 'kid' ? { keys } : {}) });
}

function bodyOf(entry: Revocation) {
  const { id, kind, value, keyManagerId, keyManagerType, issuedBeforeMs, expiresAtMs, createdAtMs, createdBy } = entry;
  return {
    id,
    kind,
    value,
    keyManagerId,
    keyManagerType,
    issuedBefore: instantOf(issuedBeforeMs),
    expiresAt: instantOf(expiresAtMs),
    createdAt: instantOf(createdAtMs),
    createdBy,
  };
}

function instantOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
