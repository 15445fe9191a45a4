// What the checks of a diagnosis have in common: how one is told, and what a problem code of the outbound side means to a person.

import type { DiagnosisCheck } from '../../admin/key-managers/diagnosis.ts';

/** The kinds of things that are looked at. */
export type CheckName =
  | 'enabled'
  | 'discovery'
  | 'issuer'
  | 'discovered_endpoints'
  | 'tls'
  | 'key_set'
  | 'key'
  | 'clock'
  | 'introspection'
  | 'token';

/** All is well. */
export function ok(check: CheckName, detail: string): DiagnosisCheck {
  return { check, outcome: 'ok', detail, fix: null };
}

/** Works, and may not be meant. */
export function warning(check: CheckName, detail: string, fix: string): DiagnosisCheck {
  return { check, outcome: 'warning', detail, fix };
}

/** Does not work. */
export function failed(check: CheckName, detail: string, fix: string): DiagnosisCheck {
  return { check, outcome: 'failed', detail, fix };
}

/** There is nothing to look at. */
export function notApplicable(check: CheckName, detail: string): DiagnosisCheck {
  return { check, outcome: 'not_applicable', detail, fix: null };
}

const FIXES: Readonly<Record<string, string>> = {
  timeout: 'see that the server is up and that the network lets this machine reach it',
  too_many_flights: 'try again when fewer requests are under way',
  url_refused: 'give an https:// URL, or see outbound.allowHttp and outbound.allowLoopback',
  address_refused:
    'give a name that leads to a public or private address; link-local and metadata addresses are never dialled',
  redirect_refused: 'give the URL that the redirect leads to; redirects are not followed',
  proxy_host_refused: 'add the host to outbound.proxyHosts or to NO_PROXY',
  proxy_failed: 'see that the proxy of HTTPS_PROXY is up and lets this machine through',
  name_not_found: 'correct the host name, or see outbound.nameServers',
  name_lookup_failed: 'see that the name servers answer, or set outbound.nameServers',
  econnrefused: 'see that the server is up and listens on this port',
  certificate_expired: 'renew the certificate of the server, or correct the clock of this machine',
  certificate_name_mismatch: 'use a name that the certificate has, or set additionalProperties.tls.serverName',
  certificate_untrusted:
    'set additionalProperties.tls.ca or outbound.caFile to the authority that signed the certificate',
  tls_settings_invalid: 'correct additionalProperties.tls: PEM certificates and the key that belongs to clientCert',
  authorization_file: 'see that the file of additionalProperties.jwks.authorizationFile can be read',
};

/** What to do about a problem of the outbound side. */
export function fixOf(problem: string): string {
  return Object.hasOwn(FIXES, problem)
    ? (FIXES[problem] ?? '')
    : problem.startsWith('status_')
      ? 'correct the URL; the server answers, but not with what was asked for'
      : 'see that the server is up and speaks HTTP there';
}

/** A text of somebody else's, fit for one line of a terminal or a log. */
export function shown(text: string, maxCharacters = 200): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, maxCharacters);
}

/** A URL without what may be confidential in it. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'the URL' : shown(`${parsed.origin}${parsed.pathname}`);
}
