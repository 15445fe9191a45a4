// WSO2's throttling policies, scopes and deny policies as plain facts. Quotas are handed on, not counted here; denials are.

/** What a policy is for. */
export const POLICY_KINDS = ['API', 'APPLICATION', 'SUBSCRIPTION'] as const;
/** One of {@link POLICY_KINDS}. */
export type PolicyKind = (typeof POLICY_KINDS)[number];

/** A throttling policy (WSO2 ApiPolicy, ApplicationPolicy, SubscriptionPolicy). */
export interface Policy {
  readonly id: string;
  readonly number: number;
  readonly organization: string;
  readonly kind: PolicyKind;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** WSO2's limits (`quotaType`, `rateLimitCount`, `rateLimitTimeUnit`, …), as they came: for rate limiters behind Envoy. */
  readonly limits: Readonly<Record<string, unknown>>;
  readonly version: number;
}

/** A scope that resources may ask for, with the roles that its issuer gives it to. Never checked here: the issuer did. */
export interface Scope {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly roles: readonly string[];
  readonly version: number;
}

/** What a deny policy may name (WSO2 BlockingCondition `conditionType`). */
export const DENY_POLICY_TYPES = ['API', 'APPLICATION', 'USER', 'IP', 'IPRANGE', 'SUBSCRIPTION'] as const;
/** One of {@link DENY_POLICY_TYPES}. */
export type DenyPolicyType = (typeof DENY_POLICY_TYPES)[number];

/** WSO2 deny policy: whoever it names is refused (900805) while it is on. */
export interface DenyPolicy {
  /** WSO2 `conditionId`. */
  readonly id: string;
  readonly number: number;
  readonly organization: string;
  readonly type: DenyPolicyType;
  /**
   * API: its context. APPLICATION: `owner:name`. USER: a subject, or `subject@organization`. IP: an address. IPRANGE: two
   * addresses with a hyphen between. SUBSCRIPTION: `context:version:owner-name:keyType`, or a subscription's id.
   */
  readonly value: string;
  /** IP and IPRANGE: everybody but these. */
  readonly invert: boolean;
  readonly enabled: boolean;
  readonly version: number;
}
