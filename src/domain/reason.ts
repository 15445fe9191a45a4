// The one table of reasons: what each means to the caller (HTTP, WSO2 code, RFC 6750 challenge) and to the operator.
// `docs/reasons.md` is tested against it. Callers never learn more than the row says; operators get the evidence too.

/** How one reason is told. */
export interface ReasonRow {
  readonly outcome: 'deny' | 'fault';
  /** HTTP status of the denied response. */
  readonly status: number;
  /** WSO2 error code; a string on the wire, as there. */
  readonly code: string;
  readonly message: string;
  readonly description: string;
  /** RFC 6750 §3: `bearer` is a bare challenge, an error code is named in it, null sends no WWW-Authenticate. */
  readonly challenge: 'bearer' | 'invalid_request' | 'invalid_token' | 'insufficient_scope' | null;
  /** One sentence for the operator: what happened and where to look. */
  readonly operator: string;
}

const INVALID = 'Make sure you have provided the correct security credentials';
const invalidToken = (operator: string) =>
  ({
    outcome: 'deny',
    status: 401,
    code: '900901',
    message: 'Invalid Credentials',
    description: `Invalid Credentials. ${INVALID}`,
    challenge: 'invalid_token',
    operator,
  }) as const satisfies ReasonRow;
const missing = (operator: string) =>
  ({
    outcome: 'deny',
    status: 401,
    code: '900902',
    message: 'Missing Credentials',
    description:
      "Missing Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN'",
    challenge: 'bearer',
    operator,
  }) as const satisfies ReasonRow;
const badRequest = (operator: string) =>
  ({
    outcome: 'deny',
    status: 400,
    code: '400',
    message: 'Bad Request',
    description: 'The request is ambiguous or malformed and was not processed.',
    challenge: null,
    operator,
  }) as const satisfies ReasonRow;
const notFound = (operator: string) =>
  ({
    outcome: 'deny',
    status: 404,
    code: '404',
    message: 'Not Found',
    description: 'The requested resource is not available.',
    challenge: null,
    operator,
  }) as const satisfies ReasonRow;
const notAllowed = (operator: string) =>
  ({
    outcome: 'deny',
    status: 405,
    code: '405',
    message: 'Method Not Allowed',
    description: 'Method not allowed for given API resource',
    challenge: null,
    operator,
  }) as const satisfies ReasonRow;
const forbidden = (operator: string) =>
  ({
    outcome: 'deny',
    status: 403,
    code: '900908',
    message: 'Resource forbidden',
    description: 'User is NOT authorized to access the Resource. API Subscription validation failed.',
    challenge: null,
    operator,
  }) as const satisfies ReasonRow;
const unanswered = (operator: string) =>
  ({
    outcome: 'fault',
    status: 503,
    code: '900900',
    message: 'Unclassified Authentication Failure',
    description: 'The request could not be judged. Try again later.',
    challenge: null,
    operator,
  }) as const satisfies ReasonRow;

/** Every reason, by the part of the checklist that gives it. */
export const REASONS = {
  // The request itself
  method_not_supported: notAllowed('CONNECT, TRACE and unknown methods are never passed on.'),
  host_missing: badRequest('The request names no host; an API is found by host and path.'),
  path_ambiguous: badRequest(
    'The path can be read in two ways (dot or empty segment, backslash, escape of an unreserved character, double escape, control byte, `#`, or an encoded slash or `;` that the API does not allow); fix the client, or see the API’s `path` settings.',
  ),
  path_too_long: {
    ...badRequest('The path is longer than the limit.'),
    status: 414,
    code: '414',
    message: 'URI Too Long',
  },
  // The API and the resource
  api_reference_unknown: notFound(
    'A context extension or route metadata names an API that the catalog does not have; fix the Envoy route or add the API.',
  ),
  api_not_found: notFound('No API has this host and path.'),
  api_not_published: notFound('The API is in lifecycle state CREATED or RETIRED.'),
  api_blocked: {
    outcome: 'deny',
    status: 503,
    code: '700700',
    message: 'API blocked',
    description: 'This API has been blocked temporarily. Please try again later or contact the system administrators.',
    challenge: null,
    operator: 'The API is in lifecycle state BLOCKED.',
  },
  resource_not_found: notFound('The API has no resource with this path.'),
  verb_not_allowed: notAllowed('The path is a resource of the API, but not for this verb; `Allow` lists the verbs.'),
  options_answered: {
    outcome: 'deny',
    status: 200,
    code: '200',
    message: 'OK',
    description: 'Allowed methods are listed in the Allow header.',
    challenge: null,
    operator: 'An OPTIONS request that the API does not declare was answered here and not passed on.',
  },
  api_type_unsupported: forbidden(
    'The scopes of this API type depend on the body (GraphQL), which is not inspected; only operations without scopes can be served.',
  ),
  security_scheme_unsupported: forbidden(
    'The API does not accept OAuth2 tokens, or demands a security scheme that is not checked here.',
  ),
  // The credential
  credential_missing: missing('The request has no credential in the API’s credential header.'),
  credential_scheme_unsupported: missing('The credential is not a bearer token.'),
  multiple_credentials: {
    outcome: 'deny',
    status: 400,
    code: '900901',
    message: 'Invalid Credentials',
    description: `Invalid Credentials. ${INVALID}`,
    challenge: 'invalid_request',
    operator: 'More than one credential, or a comma inside one: which of them counts would be a guess.',
  },
  token_malformed: invalidToken('The credential is not a well-formed bearer token (RFC 6750 §2.1, RFC 7515 §5.2).'),
  token_too_large: invalidToken('The credential is larger than the limit.'),
  jose_header_refused: invalidToken(
    'The JWT asks for an extension that is never accepted (`crit`, `b64: false`, `zip`), or has duplicate members.',
  ),
  opaque_token_unsupported: invalidToken(
    'The token is not a JWT (or its key manager does not self-validate JWTs), and no introspection is configured for it.',
  ),
  opaque_token_not_claimed: invalidToken(
    'The token is not a JWT, and no key manager of the API claims it: give one of them a REFERENCE token handling rule that fits.',
  ),
  // Which key manager
  issuer_missing: invalidToken('The JWT has no string `iss`, and a key manager is found by its issuer.'),
  issuer_unknown: invalidToken(
    'No key manager of the API’s organization has this issuer; compare character by character.',
  ),
  key_manager_disabled: invalidToken('The key manager with this issuer is disabled.'),
  key_manager_not_allowed: invalidToken('The key manager with this issuer is not in the API’s list of key managers.'),
  key_managers_unknown: invalidToken(
    'Nothing says which key managers the API accepts: its control plane does not; name it in the overlay file, or let Publisher be asked.',
  ),
  token_not_claimed: invalidToken(
    'The token handling rules of the key manager with this issuer do not claim this token.',
  ),
  ambiguous_key_manager: invalidToken(
    'More than one key manager claims this token; their token handling rules must tell them apart.',
  ),
  // The proof
  algorithm_not_allowed: invalidToken('The key manager does not accept this `alg`.'),
  key_not_found: invalidToken('The key manager’s current key set has no usable key for this token.'),
  signature_invalid: invalidToken('No key of the key manager verifies the signature.'),
  token_unverifiable: invalidToken(
    'A token that only its vendor can verify (Microsoft Graph and other first-party APIs); ask for one of your own API.',
  ),
  tenant_not_allowed: invalidToken('The token’s tenant claim is not the tenant that its issuer belongs to.'),
  token_inactive: invalidToken('The key manager says that the token is not active: unknown, expired or revoked there.'),
  token_revoked: invalidToken('The token, or what it rests on, was revoked; the evidence says by which entry.'),
  token_type_refused: invalidToken('The token is an ID, refresh, logout or other token, not an access token.'),
  claims_malformed: invalidToken('A claim is missing that the key manager’s profile requires, or has the wrong type.'),
  token_expired: invalidToken('The token’s `exp` has passed; compare the clocks if it should not have.'),
  token_not_yet_valid: invalidToken('The token’s `nbf` or `iat` lies in the future; compare the clocks.'),
  token_lifetime_excessive: invalidToken('The token lives longer than the key manager’s maximum lifetime.'),
  key_manager_audience_mismatch: invalidToken(
    'The token’s `aud` has none of the audiences that the key manager expects.',
  ),
  sender_constrained_unsupported: invalidToken(
    'The token is bound to a key (`cnf`) in a way that cannot be checked here; for `x5t#S256` set include_peer_certificate on the ext_authz filter, else switch sender constraint off at the key manager.',
  ),
  certificate_mismatch: invalidToken('The token is bound to another client certificate (`cnf.x5t#S256`).'),
  client_ambiguous: invalidToken('The claims that name the client differ, or one has several values.'),
  // The authorization
  audience_not_accepted: {
    outcome: 'deny',
    status: 403,
    code: '900914',
    message: 'Access Denied',
    description: 'Access Denied. The access token does not allow you to access the requested resource',
    challenge: null,
    operator: 'The token’s `aud` has none of the API’s audiences.',
  },
  audience_not_configured: {
    outcome: 'deny',
    status: 403,
    code: '900914',
    message: 'Access Denied',
    description: 'Access Denied. The access token does not allow you to access the requested resource',
    challenge: null,
    operator: 'Neither the API nor the key manager states an audience, and `requireAudience` is on.',
  },
  client_unknown: forbidden('The token names no client in the key manager’s consumer key claims.'),
  application_not_found: forbidden(
    'No application has this consumer key for this key manager; add the key to its application.',
  ),
  application_not_approved: forbidden('The application is not in state APPROVED.'),
  organization_not_allowed: forbidden(
    'The application’s organization is not among those that the key manager (`allowedOrganizations`) or the API (`visibleOrganizations`) is for.',
  ),
  subscription_not_found: forbidden('The application is not subscribed to this API.'),
  key_type_not_for_environment: {
    ...invalidToken('The key type (PRODUCTION, SANDBOX) is not that of the route’s environment.'),
    challenge: 'bearer',
  },
  key_type_without_endpoint: {
    outcome: 'deny',
    status: 403,
    code: '900901',
    message: 'Runtime Error',
    description: 'The key type offered has no endpoint in this API',
    challenge: null,
    operator: 'The API has only endpoints of the other kind (PRODUCTION, SANDBOX).',
  },
  subscription_blocked: {
    outcome: 'deny',
    status: 401,
    code: '900907',
    message: 'The requested API is temporarily blocked',
    description: 'The requested API is temporarily blocked',
    challenge: 'bearer',
    operator: 'The subscription is BLOCKED, or PROD_ONLY_BLOCKED and the key is not a sandbox key.',
  },
  subscription_inactive: {
    outcome: 'deny',
    status: 401,
    code: '900909',
    message: 'The subscription to the API is inactive',
    description: 'The subscription to the API is inactive',
    challenge: 'bearer',
    operator: 'The subscription is ON_HOLD or REJECTED.',
  },
  scope_missing: {
    outcome: 'deny',
    status: 403,
    code: '900910',
    message: 'The access token does not allow you to access the requested resource',
    description: 'User is NOT authorized to access the Resource: {resource}. Scope validation failed.',
    challenge: 'insufficient_scope',
    operator: 'The token has none of the scopes of the resource.',
  },
  denied_by_policy: {
    outcome: 'deny',
    status: 403,
    code: '900805',
    message: 'Message blocked',
    description: 'You have been blocked from accessing the resource',
    challenge: null,
    operator: 'A deny policy names the API, the caller’s address, the user, the application or the subscription.',
  },
  assertion_too_large: {
    outcome: 'deny',
    status: 403,
    code: '403',
    message: 'Forbidden',
    description: 'What the service has to be told of the caller does not fit into a request.',
    challenge: null,
    operator:
      'The backend JWT is larger than `upstream.backendJwt.maxBytes`; map fewer claims, raise it, or set `onTooLarge: skip`.',
  },
  // No verdict
  catalog_not_loaded: unanswered('The catalog has not been loaded yet, or cannot be read.'),
  copy_incomplete: unanswered(
    'No copy of the source of the catalog was ever completed here; see gatehouse sync status.',
  ),
  copy_stale: unanswered(
    'The copy of the catalog is older than sync.maxStalenessSeconds, and sync.whenStale is deny; see gatehouse sync status.',
  ),
  catalog_changing: unanswered('The catalog changed several times while this request was decided.'),
  key_set_unavailable: unanswered('The key manager’s keys were never fetched and cannot be fetched now.'),
  key_set_refreshing: unanswered(
    'The token’s key is unknown and the key set was fetched a moment ago; it is asked for again shortly.',
  ),
  introspection_unavailable: unanswered(
    'The key manager’s introspection endpoint cannot be reached, answers an error, or is left alone after failures.',
  ),
  introspection_reply_invalid: unanswered(
    'The key manager’s introspection reply is no RFC 7662 answer (JSON object with a boolean `active`, bounded in size).',
  ),
  key_manager_limit_reached: unanswered(
    'The key manager has as many first sights of tokens under way, or in the last moments, as its limits allow.',
  ),
  deadline_exceeded: unanswered('Envoy’s deadline, or the own limit, passed before a verdict was reached.'),
  internal_error: unanswered('A defect: the log has the error under the same decision id.'),
} as const satisfies Record<string, ReasonRow>;

/** A reason of the table. */
export type Reason = keyof typeof REASONS;
/** Reasons that deny. */
export type DenyReason = { [R in Reason]: (typeof REASONS)[R]['outcome'] extends 'deny' ? R : never }[Reason];
/** Reasons for which there is no verdict. */
export type FaultReason = Exclude<Reason, DenyReason>;

/** How a reason is told. */
export function reasonRow(reason: Reason): ReasonRow {
  return REASONS[reason];
}
