// Settings of where the catalog comes from: the own one, a hub, or a WSO2 control plane.

import { z } from 'zod';
import { DEFAULT_ORGANIZATION } from '../../domain/api.ts';
import { DAY_SECONDS, filePath, form, MEBIBYTE, MINUTE_MS, shortName, whole } from './setting-parts.ts';

const httpUrl = form(
  /^https?:\/\/[^\s@?#]+$/,
  'is not an http(s) URL without credentials, query and fragment',
  'write https://host:port; user names and passwords have settings of their own',
);

/** A hub that this process follows. */
const hub = z.strictObject({
  url: httpUrl.nullable().default(null),
  credentialFile: filePath.nullable().default(null),
  caFile: filePath.nullable().default(null),
  stream: z.boolean().default(true),
  pollSeconds: whole(1, 60, 10),
});

/** Where WSO2's Publisher API says which key managers an API accepts. */
const publisher = z.strictObject({
  url: httpUrl.nullable().default(null),
  tokenUrl: httpUrl.nullable().default(null),
  clientId: shortName.nullable().default(null),
  clientSecretFile: filePath.nullable().default(null),
  grantType: z.enum(['password', 'client_credentials']).default('password'),
  scope: shortName.default('apim:api_view'),
});

/** A WSO2 control plane that this process copies and follows. */
const wso2 = z.strictObject({
  url: httpUrl.nullable().default(null),
  username: shortName.nullable().default(null),
  passwordFile: filePath.nullable().default(null),
  caFile: filePath.nullable().default(null),
  tenant: shortName.default(DEFAULT_ORGANIZATION),
  gatewayLabels: z.array(shortName).min(1).max(64).default(['Default']),
  amqpUrl: form(
    /^amqps?:\/\/[^\s@?#]+$/,
    'is not an AMQP URL without credentials',
    'write amqps://host:5671; the user name and password are those of amqpUsername and amqpPasswordFile',
  )
    .nullable()
    .default(null),
  amqpUsername: shortName.nullable().default(null),
  amqpPasswordFile: filePath.nullable().default(null),
  publisher: publisher.prefault({}),
  overlayFile: filePath.nullable().default(null),
  unknownKeyManagers: z.enum(['deny', 'all']).default('deny'),
  reconcileSeconds: whole(5, DAY_SECONDS, 600),
  timeoutMs: whole(100, 10 * MINUTE_MS, MINUTE_MS),
  maxListBytes: whole(MEBIBYTE, 512 * MEBIBYTE, 256 * MEBIBYTE),
});

/** The settings `sync`. */
export const syncSettings = z.strictObject({
  source: z.enum(['alone', 'hub', 'wso2']).default('alone'),
  maxStalenessSeconds: whole(0, 30 * DAY_SECONDS, 0),
  whenStale: z.enum(['serve', 'deny']).default('serve'),
  hub: hub.prefault({}),
  wso2: wso2.prefault({}),
});
