// The closed vocabulary of what can go wrong with a request, and how errors of Node.js, OpenSSL and undici are told in it. Their
// messages, which may quote what a server sent, go nowhere.

/** Every problem code; `status_<n>` is the caller's to add where it wanted another status. */
export const OUTBOUND_PROBLEMS = [
  'timeout',
  'too_large',
  'too_many_flights',
  'url_refused',
  'address_refused',
  'redirect_refused',
  'encoding_refused',
  'proxy_host_refused',
  'proxy_failed',
  'not_utf8',
  'not_http',
  'name_not_found',
  'name_lookup_failed',
  'econnrefused',
  'connection_failed',
  'connection_closed',
  'certificate_expired',
  'certificate_name_mismatch',
  'certificate_untrusted',
  'tls_failed',
  'tls_settings_invalid',
  'closed',
  'internal_error',
] as const;

/** One of {@link OUTBOUND_PROBLEMS}. */
export type OutboundProblem = (typeof OUTBOUND_PROBLEMS)[number];

/** An error whose problem is known where it is made. */
export class OutboundError extends Error {
  readonly problem: OutboundProblem;

  constructor(problem: OutboundProblem) {
    super(problem);
    this.problem = problem;
  }
}

const PROBLEM_OF_CODE: Readonly<Record<string, OutboundProblem>> = {
  ECONNREFUSED: 'econnrefused',
  ECONNRESET: 'connection_closed',
  EPIPE: 'connection_closed',
  UND_ERR_SOCKET: 'connection_closed',
  UND_ERR_CLOSED: 'closed',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'not_http',
  UND_ERR_PRX_CONN: 'proxy_failed',
  UND_ERR_PRX_TLS: 'proxy_failed',
  // The only requests that undici gives up by itself are those whose proxy would not open a tunnel.
  UND_ERR_ABORTED: 'proxy_failed',
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'certificate_expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate_name_mismatch',
  HOSTNAME_MISMATCH: 'certificate_name_mismatch',
};

/** Codes that come in families (X.509 verification, OpenSSL, sockets), the first that fits. */
const PROBLEM_OF_FAMILY: readonly (readonly [RegExp, OutboundProblem])[] = [
  [/TIMEOUT|TIMEDOUT/, 'timeout'],
  [/CERT|CRL|ISSUER|SIGNATURE|INVALID_CA|INVALID_PURPOSE/, 'certificate_untrusted'],
  [/SSL|TLS|^EPROTO$/, 'tls_failed'],
  [/^E[A-Z]+$/, 'connection_failed'],
];

/** The problem that an error tells of. */
export function problemOf(error: unknown): OutboundProblem {
  if (error instanceof OutboundError) return error.problem;
  if (!(error instanceof Error)) return 'internal_error';
  // All addresses of a name were tried, each with an error of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return problemOf(error.errors[0]);
  if (error.name === 'TimeoutError') return 'timeout';
  if (error.name === 'HTTPParserError') return 'not_http';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = PROBLEM_OF_CODE[code];
  if (known !== undefined) return known;
  const family = PROBLEM_OF_FAMILY.find(([pattern]) => pattern.test(code))?.[1];
  return family ?? (error.cause === undefined ? 'internal_error' : problemOf(error.cause));
}
