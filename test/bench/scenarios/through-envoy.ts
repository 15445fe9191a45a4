// S12: through the real Envoy at a fixed rate: what a check adds to a request, against no filter at all, against a floor in Gatehouse's
// place, and against Envoy's own jwt_authn and RBAC, which know neither subscriptions nor more than one organization's rules.

import { envoyBin } from '../../e2e/stack.ts';
import type { EnvoyConfig, Message } from '../../rig/envoy-config.ts';
import { startEnvoy } from '../../rig/envoy-process.ts';
import { http2Request } from '../../rig/http2-request.ts';
import { browserHeaders, type Call, HOST } from '../call.ts';
import { CLIENT, type Installation, ORDER_PATH, ORDER_SCOPE, orderCall, startInstallation } from '../installation.ts';
import type { CheckServer, Lab } from '../lab.ts';
import type { Contestant, Scenario } from '../scenario.ts';
import { forged } from '../token-batches.ts';
import { verifiedAnswer } from '../verified-answer.ts';

const PER_SECOND = 500;
const EXT_AUTHZ = 'envoy.filters.http.ext_authz';
const JWT_AUTHN = 'envoy.filters.http.jwt_authn';
const typeUrl = (filter: string, message: string) =>
  `type.googleapis.com/envoy.extensions.filters.http.${filter}.v3.${message}`;

/** One hot token through four Envoys. */
export const throughEnvoy: Scenario = {
  id: 'S12',
  title: 'through Envoy',
  what: `one RS256 token at ${PER_SECOND} requests a second through Envoy, which answers itself what may pass; CPU and memory are Envoy's and the server's together, on one core`,
  rates: { kind: 'fixed', perSecond: PER_SECOND },
  contestants: async (lab) => {
    const installation = await startInstallation(lab);
    const { gatehouse, token } = installation;
    const genuine = token();
    const floor = await lab.floor(await verifiedAnswer(gatehouse.port, orderCall(genuine), 'allowed'));
    const native = nativeFilters(installation);
    const contestants = [
      await envoyContestant(lab, 'without a filter', genuine, undefined, () => []),
      await envoyContestant(lab, 'floor', genuine, floor, (extAuthz) => [extAuthz]),
      await envoyContestant(lab, 'gatehouse', genuine, gatehouse, (extAuthz) => [extAuthz]),
      await envoyContestant(lab, 'jwt_authn and RBAC', genuine, undefined, () => native),
    ];
    const letsForgedPass = ['without a filter', 'floor'];
    for (const { name, port } of contestants) {
      const { status } = await http2Request(port, requestHeaders(forged(genuine, 0)));
      if ((status === 200) !== letsForgedPass.includes(name))
        throw new Error(`${name} answered a forged token with ${status}`);
    }
    return contestants;
  },
};

/** An Envoy with the shipped file, but for the filters in ext_authz's place and an upstream that is Envoy itself. */
async function envoyContestant(
  lab: Lab,
  name: string,
  token: string,
  server: CheckServer | undefined,
  filters: (extAuthz: Message) => readonly Message[],
): Promise<Contestant> {
  const edit = ({ hcm, routes, cluster }: EnvoyConfig) => {
    hcm['http_filters'] = (hcm['http_filters'] as Message[]).flatMap((filter) =>
      filter['name'] === EXT_AUTHZ ? filters(filter) : [filter],
    );
    // No second hop and no log, whose noise would be the larger part of what is measured; a floor has no health service.
    hcm['access_log'] = [];
    routes.splice(0, routes.length, { match: { prefix: '/' }, direct_response: { status: 200 } });
    delete cluster('gatehouse')['health_checks'];
  };
  // Where no check is asked for, nobody needs to listen.
  const envoy = await startEnvoy({
    bin: await envoyBin(),
    gatehouse: [server?.port ?? 1],
    upstreamPort: 1,
    deadlines: 'shipped',
    edit,
  });
  lab.defer(() => envoy.stop());
  await lab.pinToServerCore(envoy.pid);
  const calls: readonly Call[] = [{ headers: requestHeaders(token), expected: [200] }];
  return { name, port: envoy.port, pids: [envoy.pid, ...(server?.pids ?? [])], calls: () => calls };
}

function requestHeaders(token: string): Call['headers'] {
  return { ':method': 'GET', ':path': ORDER_PATH, ':authority': HOST, ':scheme': 'http', ...browserHeaders(token) };
}

/** The same key and the same two facts of the token, client and scope; with the cache of known tokens that jwt_authn has. */
function nativeFilters({ keyManagers }: Installation): readonly Message[] {
  const [server] = keyManagers;
  if (server === undefined) throw new Error('no key manager');
  const provider = {
    issuer: server.issuer,
    local_jwks: { inline_string: JSON.stringify({ keys: server.keys.map(({ publicJwk }) => publicJwk) }) },
    payload_in_metadata: 'claims',
    jwt_cache_config: { jwt_cache_size: 1000 },
  };
  const claim = (name: string, exact: string) => ({
    metadata: { filter: JWT_AUTHN, path: [{ key: 'claims' }, { key: name }], value: { string_match: { exact } } },
  });
  const principals = [{ and_ids: { ids: [claim('azp', CLIENT.shop), claim('scope', ORDER_SCOPE)] } }];
  const rules = { action: 'ALLOW', policies: { shop: { permissions: [{ any: true }], principals } } };
  return [
    {
      name: JWT_AUTHN,
      typed_config: {
        '@type': typeUrl('jwt_authn', 'JwtAuthentication'),
        providers: { partner: provider },
        rules: [{ match: { prefix: '/' }, requires: { provider_name: 'partner' } }],
      },
    },
    { name: 'envoy.filters.http.rbac', typed_config: { '@type': typeUrl('rbac', 'RBAC'), rules } },
  ];
}
