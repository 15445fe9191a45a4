// The six requests that show what Gatehouse does, as data: what is sent and what must come back. How they are sent is not said here.

import type { KeyManagerServer } from '../test/rig/key-manager-server.ts';
import { CLIENTS } from './demo-key-managers.ts';

/** One HTTP request of a case. */
export interface DemoCall {
  /** `api` goes through Envoy, `admin` to Gatehouse's people's side. */
  readonly side: 'api' | 'admin';
  readonly method: string;
  readonly url: string;
  readonly token: string | undefined;
  readonly json: unknown;
  readonly expectedStatus: number;
  /** A header for the upstream that must have come of it. */
  readonly expectedHeader?: readonly [name: string, value: string];
}

/** A sentence of what Gatehouse does, and the requests that show it. */
export interface DemoCase {
  readonly title: string;
  readonly calls: readonly DemoCall[];
}

/** Where things are, for the requests. */
export interface DemoPlaces {
  /** False: Gatehouse is asked directly, and nothing passes to an upstream. */
  readonly throughEnvoy: boolean;
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly adminToken: string;
  readonly partner: KeyManagerServer;
  readonly staff: KeyManagerServer;
  readonly newcomer: KeyManagerServer;
}

/** The six, with live tokens. */
export function demoCases(places: DemoPlaces): readonly DemoCase[] {
  const { throughEnvoy, apiUrl, adminUrl, adminToken, partner, staff, newcomer } = places;
  const passes = throughEnvoy ? '200' : 'allowed';
  const call = (expectedStatus: number, method: string, path: string, token?: string): DemoCall => {
    return { side: 'api', method, url: `${apiUrl}${path}`, token, json: undefined, expectedStatus };
  };
  const menu = '/pizza/1.0.0/menu';
  const list = call(200, 'GET', '/orders/1.0.0/list', newcomer.tokenFor(CLIENTS.newcomer));
  const addNewcomer: DemoCall = {
    ...{ side: 'admin', method: 'POST', url: `${adminUrl}/api/am/admin/v4/key-managers`, token: adminToken },
    json: {
      name: 'NewKM',
      type: 'CustomKeyManager',
      issuer: newcomer.issuer,
      certificates: { type: 'JWKS', value: `${newcomer.url}/jwks` },
    },
    expectedStatus: 201,
  };
  return [
    {
      title: throughEnvoy
        ? '200, and the upstream is told who calls (x-gatehouse-...)'
        : 'allowed, with headers that would tell an upstream who calls (x-gatehouse-...)',
      calls: [
        {
          ...call(200, 'GET', menu, partner.tokenFor(CLIENTS.subscribed, [])),
          expectedHeader: ['x-gatehouse-consumer-key', CLIENTS.subscribed],
        },
      ],
    },
    { title: '401 without a token', calls: [call(401, 'GET', menu)] },
    {
      title: '401 with a good token of a key manager that the pizza API does not allow (StaffKM)',
      calls: [call(401, 'GET', menu, staff.tokenFor(CLIENTS.staff))],
    },
    {
      title: '403 for a client whose application has no subscription',
      calls: [call(403, 'GET', menu, partner.tokenFor(CLIENTS.notSubscribed))],
    },
    {
      title: '403 for a token without the scope order:write',
      calls: [call(403, 'POST', '/pizza/1.0.0/orders', partner.tokenFor(CLIENTS.subscribed, []))],
    },
    {
      title: `401, then a third key manager is added, then ${passes} with the same token: no restart`,
      calls: [{ ...list, expectedStatus: 401 }, addNewcomer, list],
    },
  ];
}
