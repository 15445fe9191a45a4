// A hub's side of its fleet: snapshots, the feed of changes, how far each follower is. For callers with the right `sync`, which reads
// everything of all organizations and so is the super tenant's alone. Secrets in it stay sealed.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { forwardedRevocations, positionDocument } from '../../documents/fleet-documents.ts';
import { readParsed } from '../../documents/reading/read-document.ts';
import type { SourcePosition } from '../../domain/change.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { endingWhenStalled } from '../http/ending-when-stalled.ts';
import {
  invalidBody,
  invalidQuery,
  refusedWrite,
  refuseWith,
  TOO_MANY_READERS,
  type Wso2Error,
} from '../http/wso2-error.ts';
import type { FleetStore, Hub } from './fleet-store.ts';
import { isFollower } from './refuse-on-followers.ts';

const NDJSON = 'application/x-ndjson; charset=utf-8';
/** Snapshots under way; each keeps a read open, and with it the room of what is written meanwhile. */
const MAX_SNAPSHOTS = 8;
/** Feeds that are open. */
const MAX_FEEDS = 1024;
const MAX_POLL_SECONDS = 60;
/** A follower that polls, or that has taken a copy, is back well within this. */
const KEPT_MS = 5_000;

/** Registers the routes. */
export function fleetRoutes(app: FastifyInstance, fleet: FleetStore, callers: RouteCallers): void {
  const stopping = new AbortController();
  const open = { snapshots: 0, feeds: 0 };
  // Feeds have no end of their own, and the server waits for all answers.
  app.addHook('preClose', async () => stopping.abort());

  app.get('/sync/snapshot', async (request, reply) => {
    const hub = hubOf(reply);
    if (hub === undefined) return reply;
    return stream(reply, 'snapshots', MAX_SNAPSHOTS, (signal) => {
      const leave = hub.connect(followerOf(request), undefined, KEPT_MS);
      signal.addEventListener('abort', leave, { once: true });
      return hub.snapshot(signal);
    });
  });

  app.get('/sync/changes', async (request, reply) => {
    const hub = hubOf(reply);
    if (hub === undefined) return reply;
    const query = feedQuery(request.query);
    if (query === undefined)
      return refuseWith(
        reply,
        invalidQuery([{ field: 'after', message: 'and epoch name a position; wait is up to 60' }]),
      );
    const { position, pollMs } = query;
    return stream(reply, 'feeds', MAX_FEEDS, (signal) => {
      const leave = hub.connect(followerOf(request), position, pollMs === undefined ? 0 : KEPT_MS);
      signal.addEventListener('abort', leave, { once: true });
      return hub.follow(position, { signal, ...(pollMs === undefined ? {} : { pollMs }) });
    });
  });

  app.post('/sync/position', async (request, reply) => {
    const hub = hubOf(reply);
    if (hub === undefined) return reply;
    const read = readParsed(request.body, positionDocument);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    hub.acknowledge(followerOf(request), read.value);
    return reply.code(204).send();
  });

  app.post('/sync/revocations', async (request, reply) => {
    const hub = hubOf(reply);
    if (hub === undefined) return reply;
    const read = readParsed(request.body, forwardedRevocations);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    const written = await hub.takeRevocations(read.value.revocations, callers.auditOf(request));
    return written.kind === 'refused' ? refuseWith(reply, refusedWrite(written)) : reply.code(204).send();
  });

  app.get('/sync/digest', async () => fleet.digest());
  app.get('/sync/status', async () => fleet.status());
  app.post('/sync/confirm', async (_request, reply) =>
    fleet.confirm() ? reply.code(204).send() : refuseWith(reply, NOTHING_HELD_BACK),
  );

  /** The hub's side; undefined after the answer that this is a follower. */
  function hubOf(reply: FastifyReply): Hub | undefined {
    if (fleet.hub === undefined) refuseWith(reply, isFollower(fleet.sourceUrl));
    return fleet.hub;
  }

  function stream(
    reply: FastifyReply,
    kind: keyof typeof open,
    most: number,
    read: (signal: AbortSignal) => AsyncIterable<string>,
  ) {
    if (open[kind] >= most) return refuseWith(reply, TOO_MANY_READERS);
    open[kind] += 1;
    const signal = untilGone(reply, stopping.signal);
    signal.addEventListener('abort', () => (open[kind] -= 1), { once: true });
    // The server waits for connections that are kept, too.
    const { socket } = reply.raw;
    reply.raw.once('finish', () => stopping.signal.aborted && socket?.end());
    // One part at a time: the next is made when the one before has left.
    const parts = endingWhenStalled(read(signal), () => reply.raw.destroy());
    return reply.type(NDJSON).send(Readable.from(parts, { highWaterMark: 1 }));
  }

  /** One name for each process: the credential's, and what the process calls itself. */
  function followerOf(request: FastifyRequest): string {
    const said = [request.headers['x-gatehouse-follower']].flat()[0] ?? '';
    const name = said.replace(/[^\w.-]/g, '').slice(0, 64);
    return `${callers.callerOf(request).name}/${name === '' ? request.ip : name}`;
  }
}

const NOTHING_HELD_BACK: Wso2Error = {
  status: 409,
  code: 409,
  message: 'Conflict',
  description: 'Nothing is held back; GET /sync/status tells how the copy stands',
};

/** Comes when the answer has left or nobody waits for it any more. */
function untilGone(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}

function feedQuery(
  query: unknown,
): { readonly position: SourcePosition; readonly pollMs: number | undefined } | undefined {
  const { epoch, after, wait } = (query ?? {}) as Readonly<Record<string, unknown>>;
  const whole = (value: unknown) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined);
  const [sequence, seconds] = [whole(after), wait === undefined ? undefined : whole(wait)];
  if (typeof epoch !== 'string' || epoch === '' || epoch.length > 128 || sequence === undefined) return undefined;
  if (wait !== undefined && (seconds === undefined || seconds > MAX_POLL_SECONDS)) return undefined;
  return { position: { epoch, sequence }, pollMs: seconds === undefined ? undefined : seconds * 1000 };
}
