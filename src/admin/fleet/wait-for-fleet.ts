// `?wait=fleet` on a write: it is answered when the fleet has it, or after a while with who does not. The write itself is done either
// way, so its own answer stays as it is and the headers tell of the fleet.

import type { FastifyInstance } from 'fastify';
import type { FleetStore } from './fleet-store.ts';

/** Longer than a change takes to the farthest follower that is well. */
const LONGEST_WAIT_MS = 5_000;

/** All three headers stay within the 16 KiB that HTTP clients take. */
const MAX_NAMES = 32;
const MAX_NAME_CHARACTERS = 128;

/** Puts it behind every route that is registered afterwards. */
export function waitForFleet(app: FastifyInstance, { hub }: Pick<FleetStore, 'hub'>): void {
  if (hub === undefined) return;
  app.addHook('onSend', async (request, reply) => {
    const { wait } = (request.query ?? {}) as Readonly<Record<string, unknown>>;
    if (wait !== 'fleet' || request.method === 'GET' || reply.statusCode >= 300) return;
    const { complete, sequence, acknowledged, lagging, absent } = await hub.waitForFleet(LONGEST_WAIT_MS);
    reply.headers({
      'x-gatehouse-fleet': complete ? 'complete' : 'lagging',
      'x-gatehouse-fleet-sequence': sequence,
      'x-gatehouse-fleet-acknowledged': listed(acknowledged),
      'x-gatehouse-fleet-lagging': listed(lagging),
      'x-gatehouse-fleet-absent': listed(absent),
    });
  });
}

/** Names as a header can hold them (RFC 9110 §5.5): a write that is done must not fail for how a credential is called. */
function listed(names: readonly string[]): string {
  const told = names
    .slice(0, MAX_NAMES)
    .map((name) => name.replace(/[^\x21-\x7e]|,/g, '?').slice(0, MAX_NAME_CHARACTERS));
  const more = names.length - told.length;
  return [...told, ...(more > 0 ? [`+${more}`] : [])].join(', ');
}
