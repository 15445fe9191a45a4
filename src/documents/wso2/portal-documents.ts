// What developers write through WSO2's developer portal API v3: applications, the clients that they have already, subscriptions. Names
// that WSO2 does not have are refused; what WSO2 has and nothing here uses is kept as it came.

import { z } from 'zod';
import { KEY_TYPES, UNLIMITED_POLICY } from '../../domain/api.ts';
import { name, text } from './document-parts.ts';
import { ignored, kept, nullable, orDefault } from './wso2-members.ts';

/** WSO2's columns: AM_APPLICATION.NAME and DESCRIPTION, CONSUMER_KEY. */
const MAX_NAME_CHARACTERS = 100;
const MAX_DESCRIPTION_CHARACTERS = 512;
const MAX_CONSUMER_KEY_CHARACTERS = 512;
const MAX_ITEMS = 64;

/** WSO2's members of an application that nothing here uses. */
export const KEPT_OF_APPLICATION = ['tokenType', 'visibility', 'subscriptionScopes', 'hashEnabled'] as const;

const attributes = z.record(name(255), z.string().max(1024)).refine((given) => Object.keys(given).length <= MAX_ITEMS, {
  error: 'has too many members',
  params: { fix: `give at most ${MAX_ITEMS}` },
});

/** WSO2 ApplicationDTO. `owner` is the caller's to be, see the routes. */
export const applicationBody = z.strictObject({
  ...kept(KEPT_OF_APPLICATION),
  ...ignored(['applicationId', 'status', 'subscriptionCount', 'keys', 'createdTime', 'updatedTime']),
  name: name(MAX_NAME_CHARACTERS),
  throttlingPolicy: orDefault(name(256), UNLIMITED_POLICY),
  description: orDefault(z.string().max(MAX_DESCRIPTION_CHARACTERS), ''),
  attributes: orDefault(attributes, {}),
  groups: orDefault(z.array(name(256)).max(MAX_ITEMS), []),
  owner: nullable(name(256)),
});

/** An application as read. */
export type ApplicationBody = z.output<typeof applicationBody>;

const consumerKey = text(MAX_CONSUMER_KEY_CHARACTERS).min(1);

/** WSO2 ApplicationKeyMappingRequest. The secret is looked at and forgotten: nobody here logs in with it. */
export const mapKeysBody = z.strictObject({
  consumerKey,
  consumerSecret: nullable(z.string().max(4096)),
  keyType: z.enum(KEY_TYPES),
  keyManager: nullable(name(256)),
  additionalProperties: z.unknown().optional(),
});

/** WSO2's members of an application's key that nothing here uses. */
export const KEPT_OF_KEY = ['supportedGrantTypes', 'callbackUrl', 'additionalProperties'] as const;

/** WSO2 ApplicationKeyDTO, as it is written back after it was read. */
export const oauthKeyBody = z.strictObject({
  ...kept(KEPT_OF_KEY),
  ...ignored([
    'keyMappingId',
    'keyManager',
    'consumerSecret',
    'keyState',
    'mode',
    'groupId',
    'token',
    'consumerSecrets',
  ]),
  consumerKey: nullable(consumerKey),
  keyType: nullable(z.enum(KEY_TYPES)),
});

/** WSO2 SubscriptionDTO. */
export const subscriptionBody = z.strictObject({
  ...ignored([
    'subscriptionId',
    'apiInfo',
    'applicationInfo',
    'status',
    'redirectionParams',
    'requestedThrottlingPolicy',
  ]),
  apiId: name(256),
  applicationId: name(256),
  throttlingPolicy: orDefault(name(256), UNLIMITED_POLICY),
});
