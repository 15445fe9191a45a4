// Policies as they are written through WSO2's admin API v4, and scopes as through its Publisher API. Limits are kept as they came: rate
// limiters behind Envoy count, nothing here does.

import { z } from 'zod';
import { DENY_POLICY_TYPES } from '../../domain/policy.ts';
import { name, text } from './document-parts.ts';
import { ignored, nullable, orDefault } from './wso2-members.ts';

const MAX_NAME_CHARACTERS = 256;
const MAX_DESCRIPTION_CHARACTERS = 1024;
const MAX_ITEMS = 256;

const limits = z.strictObject({
  type: z.enum(['REQUESTCOUNTLIMIT', 'BANDWIDTHLIMIT', 'EVENTCOUNTLIMIT', 'AIAPIQUOTALIMIT']),
  requestCount: z.unknown().optional(),
  bandwidth: z.unknown().optional(),
  eventCount: z.unknown().optional(),
  aiApiQuota: z.unknown().optional(),
});

const common = {
  ...ignored(['policyId', 'isDeployed', 'type']),
  policyName: name(MAX_NAME_CHARACTERS),
  displayName: nullable(text(MAX_NAME_CHARACTERS)),
  description: orDefault(z.string().max(MAX_DESCRIPTION_CHARACTERS), ''),
  defaultLimit: nullable(limits),
};

/** WSO2 ApplicationThrottlePolicyDTO. */
export const applicationPolicyBody = z.strictObject({ ...common, burstLimit: z.unknown().optional() });

/** What policies of all kinds have in common. */
export type PolicyBody = z.output<typeof applicationPolicyBody>;

/** WSO2 SubscriptionThrottlePolicyDTO. */
export const subscriptionPolicyBody = z.strictObject({
  ...common,
  graphQLMaxComplexity: z.unknown().optional(),
  graphQLMaxDepth: z.unknown().optional(),
  monetization: z.unknown().optional(),
  rateLimitCount: z.unknown().optional(),
  rateLimitTimeUnit: z.unknown().optional(),
  subscriberCount: z.unknown().optional(),
  customAttributes: z.unknown().optional(),
  stopOnQuotaReach: z.unknown().optional(),
  billingPlan: z.unknown().optional(),
  permissions: z.unknown().optional(),
});

/** WSO2 AdvancedThrottlePolicyDTO: of APIs and their operations. */
export const advancedPolicyBody = z.strictObject({ ...common, conditionalGroups: z.unknown().optional() });

/** One address, or a range of them, as WSO2 writes a condition on addresses. */
const addresses = z.strictObject({
  fixedIp: nullable(z.string().max(64)),
  startingIp: nullable(z.string().max(64)),
  endingIp: nullable(z.string().max(64)),
  invert: orDefault(z.boolean(), false),
});

/** WSO2 BlockingConditionDTO. */
export const denyPolicyBody = z.strictObject({
  ...ignored(['conditionId']),
  conditionType: z.string().toUpperCase().pipe(z.enum(DENY_POLICY_TYPES)),
  conditionValue: z.union([name(1024), addresses]),
  conditionStatus: orDefault(z.boolean(), true),
});

/** A deny policy as read. */
export type DenyPolicyBody = z.output<typeof denyPolicyBody>;

/** WSO2 BlockingConditionStatusDTO, for PATCH. */
export const denyPolicyStatusBody = z.strictObject({ ...ignored(['conditionId']), conditionStatus: z.boolean() });

/** WSO2 ScopeDTO. */
export const scopeBody = z.strictObject({
  ...ignored(['id', 'usageCount']),
  name: name(MAX_NAME_CHARACTERS).refine((value) => !/[\s"\\]/.test(value), {
    error: 'has white space or quotes',
    params: { fix: 'remove them' },
  }),
  displayName: nullable(text(MAX_NAME_CHARACTERS)),
  description: orDefault(z.string().max(MAX_DESCRIPTION_CHARACTERS), ''),
  bindings: orDefault(z.array(name(MAX_NAME_CHARACTERS)).max(MAX_ITEMS), []),
});

/** A scope as read. */
export type ScopeBody = z.output<typeof scopeBody>;
