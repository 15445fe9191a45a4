// A WSO2 control plane's HTTP side on loopback: the internal data API (lists without and with pages), Publisher's APIs and the token
// endpoint, over the data of a model. Tests can make paths slow, broken or empty. It knows nothing of Gatehouse.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelApi, Wso2Model } from './wso2-model.ts';

/** What is wrong with a path for the time being. */
export type ControlPlaneFault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'body'; readonly body: string };

/** A running control plane. */
export interface ControlPlaneServer {
  readonly url: string;
  /** Paths of requests so far, with their queries. */
  readonly requests: readonly string[];
  /** Puts a fault on paths that begin so (`/internal/data/v1/apis`), or takes it away. */
  fault(path: string, fault: ControlPlaneFault | undefined): void;
  /** Called for each request before it is answered. */
  onRequest(listener: (path: string) => void): void;
  /** Rows of a page of internal data lists; 0 for no pages, as WSO2 has it today. */
  pageSize(rows: number): void;
  stop(): Promise<void>;
}

const USER = 'gatehouse';
const CLIENT = { id: 'publisher-client', secret: 'client secret' };

/** The user of the internal data API and Publisher, and the client of the token endpoint. */
export const CONTROL_PLANE_LOGIN = { username: USER, password: 'p:ä ss', client: CLIENT };

/** Starts one over a model. */
export async function startControlPlane(model: Wso2Model): Promise<ControlPlaneServer> {
  const faults = new Map<string, ControlPlaneFault>();
  const requests: string[] = [];
  const tokens = new Set<string>();
  let listener: (path: string) => void = () => undefined;
  let pageSize = 0;
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const login = basic(USER, CONTROL_PLANE_LOGIN.password);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://control-plane');
    requests.push(`${url.pathname}${url.search}`);
    listener(url.pathname);
    const [, fault] = [...faults].find(([path]) => url.pathname.startsWith(path)) ?? [];
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'status') return send(response, fault.status, { code: fault.status, message: 'broken' });
    if (fault?.kind === 'body') return void response.setHeader('content-type', 'application/json').end(fault.body);
    if (url.pathname === '/oauth2/token') {
      if (request.headers.authorization !== basic(CLIENT.id, CLIENT.secret)) return send(response, 401, {});
      const token = `token-${tokens.size}`;
      tokens.add(`Bearer ${token}`);
      return send(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3600 });
    }
    const credential = request.headers.authorization ?? '';
    if (credential !== login && !(url.pathname.startsWith('/api/') && tokens.has(credential)))
      return send(response, 401, { code: 900901, message: 'Unauthenticated request' });
    const api = /^\/api\/am\/publisher\/v4\/apis\/([^/]+)$/.exec(url.pathname)?.[1];
    if (api !== undefined) return publisher(response, model.apis.get(decodeURIComponent(api)));
    if (request.headers['xwso2tenant'] !== model.tenant)
      return send(response, 400, { code: 400, message: 'xWSO2Tenant' });
    const list = /^\/internal\/data\/v1\/([a-z-]+)$/.exec(url.pathname)?.[1] ?? '';
    const found = document(model, list, url.searchParams);
    if (found === undefined) return send(response, 404, { code: 404, message: 'Not Found', fields: '' });
    if (!Array.isArray(found) || list === 'keymanagers') return send(response, 200, found);
    if (pageSize === 0) return send(response, 200, { count: null, list: found, pagination: null });
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const page = found.slice(offset, offset + pageSize);
    return send(response, 200, {
      count: page.length,
      list: page,
      pagination: { offset, limit: pageSize, total: found.length, next: '', previous: '' },
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: (path, fault) => void (fault === undefined ? faults.delete(path) : faults.set(path, fault)),
    onRequest: (next) => {
      listener = next;
    },
    pageSize: (rows) => {
      pageSize = rows;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function document(model: Wso2Model, list: string, query: URLSearchParams): unknown {
  switch (list) {
    case 'keymanagers':
      return [...model.keyManagers.values()];
    case 'apis':
      return apisOf(model, query);
    case 'applications':
      return [...model.applications.values()];
    case 'application-key-mappings':
      return [...model.mappings.values()];
    case 'subscriptions':
      return [...model.subscriptions.values()];
    case 'subscription-policies':
      return named(model.subscriptionPolicies, query.get('policyName'));
    case 'application-policies':
      return named(model.applicationPolicies, query.get('policyName'));
    case 'api-policies':
      return named(model.apiPolicies, query.get('policyName'));
    case 'scopes':
      return [...model.scopes.values()];
    case 'block':
      return blockOf(model);
    case 'revokedjwt':
      return {
        revokedJWTList: model.revokedJwts,
        revokedJWTSubjectEntityList: [],
        revokedJWTConsumerKeyList: model.revokedClients,
      };
    default:
      return undefined;
  }
}

function named(policies: ReadonlyMap<string, unknown>, name: string | null): unknown {
  const found = [...policies].filter(([known]) => name === null || known === name);
  return found.map(([, policy]) => policy);
}

function apisOf({ apis, tenant }: Wso2Model, query: URLSearchParams): unknown {
  const label = query.get('gatewayLabel') ?? '';
  const wanted = query.get('apiId');
  return [...apis.values()]
    .filter(
      ({ uuid, labels, status }) => labels.has(label) && status !== 'RETIRED' && (wanted === null || uuid === wanted),
    )
    .map(({ uuid, apiId, name, version, context, status, urlMappings }) => ({
      ...{
        uuid,
        apiId,
        provider: 'admin',
        name,
        version,
        context: `${context}/${version}`,
        contextTemplate: `${context}/{version}`,
      },
      ...{ policy: null, apiType: 'HTTP', status, organization: tenant, isDefaultVersion: false, revisionId: 'r1' },
      ...{ securityScheme: 'oauth2,oauth_basic_auth_api_key_mandatory', isSubscriptionValidationDisabled: false },
      ...{ isEgress: false, subtype: 'DEFAULT', apiProperties: [], urlMappings },
    }));
}

function blockOf({ blocked, tenant }: Wso2Model): unknown {
  const values = (type: string) => [...blocked.values()].filter((one) => one.type === type).map(({ value }) => value);
  const ip = [...blocked]
    .filter(([, { type }]) => type.startsWith('IP'))
    .map(([id, { type, value }]) => ({ type, tenantDomain: tenant, id, ...(JSON.parse(value) as object) }));
  return {
    api: values('API'),
    application: values('APPLICATION'),
    ip,
    user: values('USER'),
    custom: [],
    subscription: values('SUBSCRIPTION'),
  };
}

function publisher(response: ServerResponse, api: ModelApi | undefined): void {
  if (api === undefined) {
    send(response, 404, { code: 404, message: 'Not Found' });
    return;
  }
  const { uuid, name, version, context, status, keyManagers, audiences } = api;
  send(response, 200, {
    ...{
      id: uuid,
      name,
      version,
      context,
      lifeCycleStatus: status,
      keyManagers,
      audiences,
      authorizationHeader: 'Authorization',
    },
    endpointConfig: { endpoint_type: 'http', production_endpoints: { url: 'http://backend' } },
  });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
