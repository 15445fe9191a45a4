// Which requests go through a proxy: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl reads them. Behind a proxy no address can be
// checked, so the host's name must be on a list.

import { OutboundError } from '../problem/outbound-problem.ts';
import { hostOf } from './url-problem.ts';

/** The part of the environment that matters. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Decides for each URL. */
export interface ProxyPlan {
  /** The proxy's URL, may hold a password; undefined for a direct connection. Throws an {@link OutboundError} for a host that is not on the list. */
  proxyFor(url: URL): string | undefined;
  /** What the operator should know at a start; undefined where there is no proxy. */
  readonly notice: string | undefined;
}

/** Reads the environment once. Throws, in a sentence, for a proxy URL that is none. */
export function proxyPlan(environment: ProxyEnvironment, allowedHosts: readonly string[]): ProxyPlan {
  const proxies: Readonly<Record<string, string | undefined>> = {
    'https:': proxyUrl(environment, 'HTTPS_PROXY'),
    // In capitals it could be a request header `Proxy` of a CGI program (httpoxy), which this is not; curl takes only lower case.
    'http:': proxyUrl(environment, 'HTTP_PROXY'),
  };
  const direct = listOf(environment['no_proxy'] ?? environment['NO_PROXY'] ?? '');
  const allowed = allowedHosts.map((host) => host.toLowerCase());
  const used = Object.values(proxies).find((proxy) => proxy !== undefined);
  return {
    notice:
      used === undefined
        ? undefined
        : `requests go through the proxy ${new URL(used).host}, which resolves names itself: only hosts of outbound.proxyHosts (${allowed.join(', ') || 'none yet'}) and of NO_PROXY are reached`,
    proxyFor(url) {
      const proxy = proxies[url.protocol];
      if (proxy === undefined) return undefined;
      const host = hostOf(url);
      const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
      if (direct.some((entry) => entry === '*' || isOf(host, port, entry))) return undefined;
      if (!allowed.some((entry) => isOf(host, port, entry))) throw new OutboundError('proxy_host_refused');
      return proxy;
    },
  };
}

function proxyUrl(environment: ProxyEnvironment, name: string): string | undefined {
  const value = environment[name.toLowerCase()] || environment[name];
  if (value === undefined || value === '') return undefined;
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`${name} is not the URL of an HTTP proxy; write http://host:port`);
  return url.href;
}

function listOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
}

/** `host`, `host:port`, or `.domain` and `*.domain` for what is below a domain. */
function isOf(host: string, port: string, entry: string): boolean {
  const [, named = '', wantedPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  return name.startsWith('.') ? host.endsWith(name) : host === name;
}
