// Loads the gRPC services from `proto/`, which lies beside `src/` in development and beside `dist/` when built. Schema-driven
// decoding is for clients, health and tests; the Check server works on bytes.

import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';

/** The folder of the wire contract. */
export const PROTO_DIRECTORY = fileURLToPath(new URL('../../proto', import.meta.url));

/** Full name of Envoy's service; also its name for health checks. */
export const AUTHORIZATION_SERVICE = 'envoy.service.auth.v3.Authorization';

const HEALTH_SERVICE = 'grpc.health.v1.Health';

/** The services that are served and called, with fields in their proto spelling. Throws at boot if `proto/` is not there. */
export function loadServices(): { readonly authorization: ServiceDefinition; readonly health: ServiceDefinition } {
  const definitions = loadSync(['envoy/service/auth/v3/external_auth.proto', 'grpc/health/v1/health.proto'], {
    includeDirs: [PROTO_DIRECTORY],
    keepCase: true,
    longs: Number,
    oneofs: true,
  });
  const service = (name: string): ServiceDefinition => {
    const definition = definitions[name];
    if (definition === undefined || 'format' in definition)
      throw new Error(`proto/ does not define the service ${name}`);
    return definition as ServiceDefinition;
  };
  return { authorization: service(AUTHORIZATION_SERVICE), health: service(HEALTH_SERVICE) };
}

/** A method that must be there. Throws at boot if it is not. */
export function methodOf(service: ServiceDefinition, name: string): MethodDefinition<object, object> {
  const method = service[name];
  if (method === undefined) throw new Error(`proto/ does not define the method ${name}`);
  return method;
}
