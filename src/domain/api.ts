// What an API is, as plain facts: where it lives on the wire, which key managers it accepts, what its resources ask for.
// Nothing here decides; `authorize` does.

/** WSO2's default organization: the super tenant. */
export const DEFAULT_ORGANIZATION = 'carbon.super';

/** WSO2's organization of the Global key manager, which every organization may list. */
export const GLOBAL_ORGANIZATION = 'WSO2/System';

/** WSO2's policy of whatever names no other: no limit. */
export const UNLIMITED_POLICY = 'Unlimited';

/** WSO2 API lifecycle states. */
export const LIFECYCLES = ['CREATED', 'PUBLISHED', 'PROTOTYPED', 'DEPRECATED', 'BLOCKED', 'RETIRED'] as const;
/** One WSO2 API lifecycle state. */
export type Lifecycle = (typeof LIFECYCLES)[number];

/** WSO2 key types; also the names of the two environments that an API may be deployed to. */
export const KEY_TYPES = ['PRODUCTION', 'SANDBOX'] as const;
/** PRODUCTION or SANDBOX (WSO2 `keyType`). */
export type KeyType = (typeof KEY_TYPES)[number];

/** What to do with a path element that gateways and upstreams read differently: refuse the request, or keep it as opaque text of its segment. */
export type PathLeniency = 'reject' | 'opaque';

/** HTTP verbs a resource may be declared for. TRACE and CONNECT are never resources. */
export const VERBS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;
/** One verb of {@link VERBS}. */
export type Verb = (typeof VERBS)[number];

/** Member of an API's `extra`, true where its source does not say which key managers it accepts: its list is empty then. */
export const KEY_MANAGERS_UNKNOWN = 'keyManagersUnknown';

/** One operation of an API (WSO2 URLMapping): a verb on a URI template. */
export interface Resource {
  readonly verb: Verb;
  /** URI template below the API's context: `/menu`, `/orders/{id}`, `/files/*`. */
  readonly template: string;
  /** WSO2 authScheme: `None` needs no token; every other value is read as `Any`. */
  readonly authType: 'None' | 'Any';
  /**
   * Any one of these suffices; empty means none is needed. One that names several, a space between (the `scope` of RFC 6749 §3.3),
   * asks for all of them: several scopes in one OpenAPI requirement. Who compares it as one name finds it in no token.
   */
  readonly scopes: readonly string[];
  /** WSO2 `throttlingPolicy` of the operation; handed on, not counted here. */
  readonly policy: string;
}

/** One version of an API. */
export interface Api {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly version: string;
  /** The context as matched on the wire, version included: `/pizza/1.0.0`. */
  readonly context: string;
  /** The context without version that also reaches this API when it is the default version, else null. */
  readonly defaultVersionContext: string | null;
  /** Lower-case host names (`*.example.com` for a whole subdomain level); empty means every host. */
  readonly hosts: readonly string[];
  readonly lifecycle: Lifecycle;
  /** WSO2 API type: HTTP, WS, SSE, GRAPHQL, … */
  readonly type: string;
  /** WSO2 securityScheme: `oauth2`, `api_key`, `basic_auth`, `mutualssl`, each optionally with its `…_mandatory` twin. */
  readonly securityScheme: readonly string[];
  /** A token must name one of these in `aud` unless the list is empty or has `all` (WSO2 `audiences`). */
  readonly audiences: readonly string[];
  /** Ids of the key managers whose tokens the API accepts, or every one of the organization and the Global one. */
  readonly keyManagers: 'all' | readonly string[];
  /** Audiences to expect of a key manager's tokens, by its id, in the place of `audiences`. */
  readonly audiencesByKeyManager: Readonly<Record<string, readonly string[]>>;
  /** False: any token of an allowed key manager will do, no subscription is asked for (WSO2 isSubscriptionValidationDisabled). */
  readonly subscriptionValidation: boolean;
  /** The kinds of upstream the API has; both or none decide nothing about the key type. */
  readonly endpoints: readonly KeyType[];
  /** Lower-case name of the header that carries the credential (WSO2 authorizationHeader). */
  readonly authorizationHeader: string;
  readonly path: { readonly encodedSlash: PathLeniency; readonly matrixParameters: PathLeniency };
  readonly resources: readonly Resource[];
  /** WSO2's numeric `apiId`; never handed out twice. */
  readonly number: number;
  /** The user who publishes it. */
  readonly provider: string;
  /** WSO2 `apiThrottlingPolicy`; empty where the operations have theirs. */
  readonly policy: string;
  /** WSO2 fields that nothing here uses, kept and given back. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Rises with every write of it; the ETag. */
  readonly revision: number;
}
