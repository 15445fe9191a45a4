// For probes and scrapers: is the process alive, can it decide, what has it counted.

import type { FastifyInstance } from 'fastify';

/** Whether decisions can be made, and if not, what is missing. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence; no secrets, it is public. */
  readonly detail: string;
}

/** Registers `/healthz`, `/readyz` and `/metrics`. */
export function statusRoutes(app: FastifyInstance, readiness: () => Readiness, metrics: () => Promise<string>): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, detail } = readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', detail });
  });
  app.get('/metrics', async (_request, reply) => {
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics());
  });
}
