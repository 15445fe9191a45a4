// A real rate limit service on loopback (envoy.service.ratelimit.v3), which keeps what it was asked and says "over the limit" of whatever
// a test names. It knows nothing of Gatehouse.

import { fileURLToPath } from 'node:url';
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** One descriptor: its entries in order. */
export type Descriptor = readonly (readonly [key: string, value: string])[];

/** What it was asked about one request. */
export interface AskedLimits {
  readonly domain: string;
  readonly descriptors: readonly Descriptor[];
}

/** A running service. */
export interface RateLimitService {
  readonly port: number;
  /** In order of arrival. */
  readonly asked: readonly AskedLimits[];
  /** Descriptors that are over their limit from now on. */
  limit(isOver: (descriptor: Descriptor) => boolean): void;
  close(): Promise<void>;
}

interface Request {
  readonly domain: string;
  readonly descriptors: readonly { readonly entries: readonly { readonly key: string; readonly value: string }[] }[];
}

/** Starts it on any free port. */
export async function startRateLimitService(): Promise<RateLimitService> {
  const definition = loadSync('envoy/service/ratelimit/v3/rls.proto', {
    includeDirs: [fileURLToPath(new URL('proto/', import.meta.url))],
    keepCase: true,
    defaults: true,
  });
  const asked: AskedLimits[] = [];
  let isOver: (descriptor: Descriptor) => boolean = () => false;
  const server = new Server();
  server.addService(serviceOf(loadPackageDefinition(definition)), {
    ShouldRateLimit: (
      { request }: { readonly request: Request },
      respond: (error: null, reply: { readonly overall_code: 'OK' | 'OVER_LIMIT' }) => void,
    ) => {
      const descriptors = request.descriptors.map(({ entries }) =>
        entries.map(({ key, value }) => [key, value] as const),
      );
      asked.push({ domain: request.domain, descriptors });
      respond(null, { overall_code: descriptors.some(isOver) ? 'OVER_LIMIT' : 'OK' });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    asked,
    limit: (over) => {
      isOver = over;
    },
    close: async () => server.forceShutdown(),
  };
}

function serviceOf(root: GrpcObject) {
  const at = (parent: GrpcObject, name: string) => parent[name] as GrpcObject;
  const v3 = at(at(at(at(root, 'envoy'), 'service'), 'ratelimit'), 'v3');
  return (v3['RateLimitService'] as ServiceClientConstructor).service;
}
