// One more Envoy in front of a running stack: the same Gatehouse and upstream, another version or configuration.

import type { EnvoyConfig, Message } from '../rig/envoy-config.ts';
import { type EnvoyProcess, startEnvoy } from '../rig/envoy-process.ts';
import { type RawReply, type RawRequest, rawRequest } from '../rig/raw-http.ts';
import { envoyBin, type Stack } from './stack.ts';

/** What is different about it. */
export interface AnotherEnvoyOptions {
  readonly version?: string;
  /** The port of another Gatehouse than the stack's. */
  readonly gatehousePort?: number;
  readonly edit?: (config: EnvoyConfig) => void;
}

/** It and the way in. */
export interface AnotherEnvoy {
  readonly envoy: EnvoyProcess;
  /** Sends one request through it. */
  send(request: RawRequest): Promise<RawReply>;
}

/** Starts it with the shipped file; whoever starts it stops it. */
export async function startAnotherEnvoy(stack: Stack, options: AnotherEnvoyOptions = {}): Promise<AnotherEnvoy> {
  const { version, gatehousePort, edit } = options;
  const envoy = await startEnvoy({
    bin: await envoyBin(version),
    gatehouse: gatehousePort === undefined ? stack.gatehouse.endpoints : [gatehousePort],
    upstreamPort: stack.upstream.port,
    ...(edit && { edit }),
  });
  return { envoy, send: (request) => rawRequest(envoy.port, request) };
}

/** Takes away what the shipped file does about forged headers, so that only Gatehouse is left to do it. */
export function stripHardening({ hcm }: EnvoyConfig): void {
  const filters = hcm['http_filters'] as Message[];
  hcm['http_filters'] = filters.filter(({ name }) => name !== 'envoy.filters.http.header_mutation');
  if (filters.length === (hcm['http_filters'] as Message[]).length) throw new Error('there is no filter to take away');
  const protocol = hcm['common_http_protocol_options'] as Message;
  protocol['headers_with_underscores_action'] = 'ALLOW';
}
