// HTTP/2 and gRPC through a real Envoy: judged as HTTP/1.1 is, and answered as a gRPC client expects.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReceivedRequest } from '../rig/echo-upstream.ts';
import { addressOf } from '../rig/envoy-config.ts';
import { type Http2Headers, type Http2Reply, http2Request } from '../rig/http2-request.ts';
import { type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    editCatalog: ({ apis }) => {
      const more = { version: '1', keyManagers: ['PartnerKM'], subscriptionValidation: false };
      apis.push(
        {
          ...{ name: 'MenuService', context: '/pizza.Menu', isDefaultVersion: true, ...more },
          operations: [
            { verb: 'POST', target: '/List' },
            { verb: 'POST', target: '/Change', scopes: ['menu:write'] },
          ],
        },
        {
          ...{ name: 'Hosted', context: '/hosted', hosts: ['api.hosted.example'], ...more },
          operations: [{ verb: 'GET', target: '/*' }],
        },
      );
    },
    editEnvoy: ({ root, routes, cluster }, { upstream }) => {
      // gRPC goes to the part of the upstream that speaks HTTP/2.
      const endpoint = { endpoint: { address: addressOf(upstream.http2Port) } };
      const http2 = { explicit_http_config: { http2_protocol_options: {} } };
      (root['static_resources'] as { clusters: object[] }).clusters.push({
        ...cluster('upstream'),
        name: 'grpc',
        load_assignment: { cluster_name: 'grpc', endpoints: [{ lb_endpoints: [endpoint] }] },
        typed_extension_protocol_options: {
          [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, ...http2 },
        },
      });
      routes.unshift({ match: { prefix: '/', grpc: {} }, route: { cluster: 'grpc' } });
    },
  });
});
afterAll(() => stack?.stop());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function ask(method: string, path: string, headers: Http2Headers = {}): Promise<Http2Reply> {
  const pseudo = { ':method': method, ':path': path, ':scheme': 'http', ':authority': 'api.example' };
  return http2Request(stack.envoy.port, { ...pseudo, ...headers });
}

describe('over HTTP/2', () => {
  test.each([
    ['an allowed request', 'GET', MENU, () => stack.token()],
    ['no token', 'GET', MENU, () => undefined],
    ['a spent token', 'GET', MENU, () => stack.token('shop', { exp: 1_600_000_000 })],
    ['no subscription', 'GET', MENU, () => stack.token('visitor')],
    ['a missing scope', 'POST', '/pizza/1.0.0/orders', () => stack.token()],
    ['a wrong verb', 'PATCH', MENU, () => stack.token()],
    ['an undeclared OPTIONS', 'OPTIONS', MENU, () => undefined],
    ['an unknown method', 'PROPFIND', MENU, () => stack.token()],
    ['HEAD without a token', 'HEAD', MENU, () => undefined],
    ['an ambiguous path', 'GET', `${MENU};v=1`, () => stack.token()],
    ['an unknown path', 'GET', '/nothing/here', () => stack.token()],
  ])('%s ends as over HTTP/1.1', async (_what, method, path, mint) => {
    const token = mint();
    const two = await ask(method, path, token === undefined ? {} : bearer(token));
    const headers = token === undefined ? [] : [['authorization', `Bearer ${token}`] as const];
    const one = await stack.send({ method, path, headers });
    expect(two.status).toBe(one.status);
    for (const name of ['www-authenticate', 'allow', 'cache-control', 'content-type'])
      expect(two.headers[name]).toBe(one.header(name));
    if (two.status === 200 && method === 'GET') expect(seenBy(two.body)).toEqual(seenBy(one.body));
    else expect(two.body).toBe(one.body);
  });

  test('two credentials are 400, the same one twice too', async () => {
    const good = `Bearer ${stack.token()}`;
    const before = stack.upstream.received.length;
    for (const authorization of [
      [good, good],
      [good, 'Basic dTpw'],
      ['Basic dTpw', good],
    ]) {
      const reply = await ask('GET', MENU, { authorization });
      expect(reply.status).toBe(400);
      expect(reply.headers['www-authenticate']).toContain('error="invalid_request"');
    }
    expect(stack.upstream.received.length).toBe(before);
  });

  test('cookie crumbs arrive as one header, and forged identity not at all', async () => {
    const crumbs = { cookie: ['a=1', 'b=2'], 'x-gatehouse-subject': ['root', 'admin'], x_jwt_assertion: 'root' };
    const seen = seenBy((await ask('GET', MENU, { ...bearer(stack.token()), ...crumbs })).body);
    expect(valuesOf(seen, 'cookie')).toEqual(['a=1; b=2']);
    expect(valuesOf(seen, 'x-gatehouse-subject')).toEqual(['shop']);
    expect(valuesOf(seen, 'x_jwt_assertion')).toEqual([]);
  });

  test.each([
    ['the host of the API', 'api.hosted.example', undefined, 200],
    ['it with port, capitals and dot', 'API.hosted.example.:8443', undefined, 200],
    ['another host', 'api.elsewhere.example', undefined, 404],
    ['another host, and the right one in a host header', 'api.elsewhere.example', 'api.hosted.example', 404],
  ])(':authority with %s', async (_what, authority, host, status) => {
    const names = { ':authority': authority, ...(host !== undefined && { host }) };
    expect((await ask('GET', '/hosted/1/x', { ...bearer(stack.token()), ...names })).status).toBe(status);
  });
});

describe('a gRPC call', () => {
  const call = (path: string, headers: Http2Headers = {}, contentType = 'application/grpc') =>
    ask('POST', path, { 'content-type': contentType, te: 'trailers', ...headers });

  test('with a token reaches the service, with its identity, and its trailers come back', async () => {
    const reply = await call('/pizza.Menu/List', bearer(stack.token()), 'application/grpc+proto');
    expect([reply.status, reply.trailers['grpc-status']]).toEqual([200, '0']);
    const seen = stack.upstream.received.at(-1);
    expect([seen?.httpVersion, seen?.url]).toEqual(['2.0', '/pizza.Menu/List']);
    expect(valuesOf(seen, 'x-gatehouse-subject')).toEqual(['shop']);
    expect(valuesOf(seen, 'authorization')).toEqual([]);
  });

  test.each([
    ['without a token', '/pizza.Menu/List', () => ({}), '16', '900902 Missing Credentials'],
    ['with a bad token', '/pizza.Menu/List', () => bearer('x.y.z'), '16', '900901 Invalid Credentials'],
    ['without the scope', '/pizza.Menu/Change', () => bearer(stack.token()), '7', /^900910 /],
    ['to an unknown method', '/pizza.Menu/Nothing', () => bearer(stack.token()), '12', /^404 /],
    ['with two credentials', '/pizza.Menu/List', () => ({ authorization: ['Bearer a', 'Bearer b'] }), '13', /^900901 /],
  ])(
    '%s is HTTP 200 without a body, and the refusal is in its gRPC status',
    async (_what, path, headers, code, message) => {
      const before = stack.upstream.received.length;
      const reply = await call(path, headers());
      expect([reply.status, reply.body, reply.trailers]).toEqual([200, '', {}]);
      expect(reply.headers['content-type']).toBe('application/grpc');
      expect(reply.headers['grpc-status']).toBe(code);
      expect(reply.headers['grpc-message']).toEqual(
        typeof message === 'string' ? message : expect.stringMatching(message),
      );
      expect(stack.upstream.received.length).toBe(before);
    },
  );

  test('keeps its challenge, which says how to go on', async () => {
    const reply = await call('/pizza.Menu/Change', bearer(stack.token()));
    expect(reply.headers['www-authenticate']).toContain('scope="menu:write"');
  });

  test.each(['application/grpc-web', 'application/grpcx', 'application/json'])(
    'is not what %s is: that gets its JSON body',
    async (contentType) => {
      const reply = await call('/pizza.Menu/List', {}, contentType);
      expect(reply.status).toBe(401);
      expect(JSON.parse(reply.body)).toMatchObject({ code: '900902' });
    },
  );
});

/** What the upstream was told, but for what is new with each request. */
function seenBy(body: string): ReceivedRequest {
  const seen = JSON.parse(body) as ReceivedRequest;
  const changing = new Set(['x-request-id', 'connection']);
  return { ...seen, headers: seen.headers.filter(([name]) => !changing.has(name)).toSorted() };
}
