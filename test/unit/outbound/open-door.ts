// A door to the outside for tests: as open as a test needs it, and closed when the test is over.

import type { OutboundReply, OutboundRequest } from '../../../src/domain/outbound.ts';
import { type OutboundDoor, type OutboundDoorOptions, openOutboundDoor } from '../../../src/outbound/outbound-door.ts';
import { keyManager } from '../tokens/token-sample.ts';

export const OPEN_DOOR: OutboundDoorOptions = {
  allowHttp: true,
  allowLoopback: true,
  caFile: null,
  proxyHosts: [],
  nameServers: [],
  lookupTimeoutMs: 10_000,
  maxConnections: 64,
  maxFlights: 512,
  environment: {},
};

/** A door with these changes to an open one. */
export function openDoor(changes: Partial<OutboundDoorOptions> = {}): OutboundDoor {
  return openOutboundDoor({ ...OPEN_DOOR, ...changes });
}

/** One GET through the door. */
export function get(door: OutboundDoor, url: string, changes: Partial<OutboundRequest> = {}): Promise<OutboundReply> {
  const request: OutboundRequest = {
    keyManager: keyManager(),
    method: 'GET',
    url,
    headers: {},
    maxBytes: 524_288,
    timeoutMs: 20_000,
  };
  return door.send({ ...request, ...changes });
}

/** What came of it: the text of a reply with status 200, the status of any other, or the problem. */
export async function outcomeOf(reply: Promise<OutboundReply>): Promise<string | number> {
  const settled = await reply;
  if ('problem' in settled) return settled.problem;
  return settled.status === 200 ? settled.text : settled.status;
}
