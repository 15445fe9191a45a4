// `?wait=fleet` on a write: it is answered when the fleet has it, or after a while with who does not. The write itself is done either
// way, so its own answer stays as it is and the headers tell of the fleet.

import type { FastifyInstance } from 'fastify';
import type { FleetStore } from './fleet-store.ts';

/** Longer than a change takes to the farthest follower that is well. */
const LONGEST_WAIT_MS = 5_000;

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
      'x-gatehouse-fleet-acknowledged': acknowledged.join(', '),
      'x-gatehouse-fleet-lagging': lagging.join(', '),
      'x-gatehouse-fleet-absent': absent.join(', '),
    });
  });
}
