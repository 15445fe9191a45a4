// The facts about an allowed caller that may be told to the upstream. Settings choose the header for each.

/** Names of the facts, as settings write them. */
export const IDENTITY_FACTS = [
  'organization',
  'api',
  'apiVersion',
  'keyManager',
  'subject',
  'consumerKey',
  'application',
  'applicationId',
  'applicationOwner',
  'applicationPolicy',
  'subscriptionPolicy',
  'keyType',
  'scopes',
] as const;

/** One fact of {@link IDENTITY_FACTS}. */
export type IdentityFact = (typeof IDENTITY_FACTS)[number];
