// The facts about an allowed caller that may be told to the upstream. Settings choose the header for each.

/** Names of the facts, as settings write them. */
export const IDENTITY_FACTS = [
  'organization',
  'api',
  'apiVersion',
  'apiContext',
  'apiPolicy',
  'resourcePolicy',
  'keyManager',
  'subject',
  'consumerKey',
  'application',
  'applicationId',
  'applicationOwner',
  'applicationPolicy',
  'applicationAttributes',
  'subscriptionId',
  'subscriptionPolicy',
  'keyType',
  'scopes',
] as const;

/** A claim that the key manager's claim mapping hands on, by its local name. */
export type ClaimFact = `claim:${string}`;

/** An attribute of the application, by its name. */
export type AttributeFact = `attribute:${string}`;

/** One fact of {@link IDENTITY_FACTS}, a claim or an attribute. */
export type IdentityFact = (typeof IDENTITY_FACTS)[number] | ClaimFact | AttributeFact;

const CLAIM = 'claim:';
const ATTRIBUTE = 'attribute:';

/** The local name of the claim that a fact is; undefined for every other fact. */
export function claimOfFact(fact: string): string | undefined {
  return fact.startsWith(CLAIM) && fact.length > CLAIM.length ? fact.slice(CLAIM.length) : undefined;
}

/** The name of the application's attribute that a fact is; undefined for every other fact. */
export function attributeOfFact(fact: string): string | undefined {
  return fact.startsWith(ATTRIBUTE) && fact.length > ATTRIBUTE.length ? fact.slice(ATTRIBUTE.length) : undefined;
}

/** True for the name of a fact as settings may write it. */
export function isIdentityFact(fact: unknown): fact is IdentityFact {
  if (typeof fact !== 'string') return false;
  return (
    claimOfFact(fact) !== undefined || attributeOfFact(fact) !== undefined || IDENTITY_FACTS.some((one) => one === fact)
  );
}
