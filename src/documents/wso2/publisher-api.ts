// An API as it is written through WSO2's Publisher API v4: its names, limits and defaults, and a few of ours beside them. Names that
// WSO2 does not have are refused; what WSO2 has and nothing here uses is kept as it came.

import { z } from 'zod';
import { KEY_TYPES, LIFECYCLES, UNLIMITED_POLICY } from '../../domain/api.ts';
import {
  audiencesByKeyManager,
  authType,
  hosts,
  keyManagers,
  list,
  MAX_OPERATIONS,
  pathLeniency,
  refuseUnreachable,
  scopes,
  securityScheme,
  target,
  verb,
  withoutColon,
} from './api-parts.ts';
import { authorizationHeader, name, text } from './document-parts.ts';
import { ignored, kept, nullable, orDefault } from './wso2-members.ts';

/** WSO2's members of an operation that nothing here uses. */
const KEPT_OF_OPERATION = [
  'usedProductIds',
  'amznResourceName',
  'amznResourceTimeout',
  'amznResourceContentEncode',
  'payloadSchema',
  'sandBoxEndpointId',
  'productionEndpointId',
  'uriMapping',
  'operationPolicies',
  'description',
  'schemaDefinition',
  'backendOperationMapping',
  'apiOperationMapping',
] as const;

/** WSO2's members of an API that nothing here uses. */
const KEPT_OF_API = [
  'displayName',
  'description',
  'wsdlInfo',
  'wsdlUrl',
  'responseCachingEnabled',
  'cacheTimeout',
  'enableSchemaValidation',
  'enableSubscriberVerification',
  'subtypeConfiguration',
  'egress',
  'audience',
  'transport',
  'tags',
  'policies',
  'organizationPolicies',
  'apiKeyHeader',
  'maxTps',
  'visibility',
  'visibleRoles',
  'visibleTenants',
  'visibleOrganizations',
  'mediationPolicies',
  'apiPolicies',
  'subscriptionAvailability',
  'subscriptionAvailableTenants',
  'additionalProperties',
  'additionalPropertiesMap',
  'monetization',
  'accessControl',
  'accessControlRoles',
  'businessInformation',
  'corsConfiguration',
  'websubSubscriptionConfiguration',
  'endpointConfig',
  'primaryProductionEndpointId',
  'primarySandboxEndpointId',
  'endpointImplementationType',
  'scopes',
  'threatProtectionPolicies',
  'categories',
  'serviceInfo',
  'advertiseInfo',
  'gatewayVendor',
  'gatewayType',
  'asyncTransportProtocols',
  'initiatedFromGateway',
  'metadata',
] as const;

/** `readOnly` in WSO2, or the server's to say. */
const IGNORED_OF_API = [
  'id',
  'provider',
  'hasThumbnail',
  'isRevision',
  'revisionedApiId',
  'revisionId',
  'workflowStatus',
  'createdTime',
  'lastUpdatedTime',
  'lastUpdatedTimestamp',
] as const;

const policyName = nullable(text(256)).transform((given) => given ?? '');

const operation = z.strictObject({
  ...kept(KEPT_OF_OPERATION),
  ...ignored(['id']),
  target,
  verb,
  authType,
  throttlingPolicy: policyName.transform((given) => given || UNLIMITED_POLICY),
  scopes: orDefault(scopes, []),
});

/** WSO2 takes a context with and without its slash. */
const context = z
  .string()
  .max(1024)
  .transform((given) => (given.startsWith('/') ? given : `/${given}`));

/** A Publisher API DTO. */
export const publisherApi = z
  .strictObject({
    ...kept(KEPT_OF_API),
    ...ignored(IGNORED_OF_API),
    name: withoutColon,
    context,
    version: withoutColon,
    isDefaultVersion: orDefault(z.boolean(), false),
    lifeCycleStatus: nullable(z.string().toUpperCase().pipe(z.enum(LIFECYCLES))),
    type: orDefault(name(64), 'HTTP'),
    securityScheme: orDefault(securityScheme, ['oauth2']),
    audiences: orDefault(list(name(1024)), []),
    keyManagers,
    authorizationHeader: nullable(authorizationHeader),
    apiThrottlingPolicy: policyName,
    operations: orDefault(z.array(operation).max(MAX_OPERATIONS), []),
    // Ours.
    hosts: orDefault(hosts, []),
    audiencesByKeyManager: orDefault(audiencesByKeyManager, {}),
    subscriptionValidation: orDefault(z.boolean(), true),
    path: orDefault(pathLeniency, { encodedSlash: 'reject', matrixParameters: 'reject' }),
    endpoints: nullable(list(z.string().toUpperCase().pipe(z.enum(KEY_TYPES)))),
  })
  .superRefine(refuseUnreachable);

/** The DTO as read. */
export type PublisherApi = z.output<typeof publisherApi>;

/** Members that are kept as they came, as far as they were given. */
export function keptMembers(api: PublisherApi): Readonly<Record<string, unknown>> {
  const members = KEPT_OF_API.flatMap((member) => (api[member] === undefined ? [] : [[member, api[member]]]));
  const operations = api.operations.map((given) => {
    const more = KEPT_OF_OPERATION.flatMap((member) => (given[member] === undefined ? [] : [[member, given[member]]]));
    return { verb: given.verb, target: given.target, authType: given.authType, ...Object.fromEntries(more) };
  });
  return { ...Object.fromEntries(members), operations };
}
