// Every setting with its form, limits and default. `config/gatehouse.yaml` says why each is there and is tested against this.
// What one setting means for another is not judged here, see `src/settings/check-settings.ts`.

import { z } from 'zod';
import { DEFAULT_ORGANIZATION } from '../../domain/api.ts';
import { isEditableHeader } from '../../domain/editable-header.ts';
import { IDENTITY_FACTS, type IdentityFact, isIdentityFact } from '../../domain/identity-fact.ts';
import { backendJwtSettings } from './backend-jwt-settings.ts';
import {
  DAY_SECONDS,
  filePath,
  form,
  isInOnePlace,
  keySource,
  MEBIBYTE,
  MINUTE_MS,
  shortName,
  whole,
} from './setting-parts.ts';
import { syncSettings } from './sync-settings.ts';

/** What a caller of the admin side may do. */
export const ADMIN_RIGHTS = ['read', 'write', 'keys', 'revoke', 'sync'] as const;

/** More than machines have use for, and few enough that their ports, from the default one on, end before the admin side's. */
export const MAX_WORKERS = 128;

/** Some forty tokens: with less, each would push out the one before. */
const MIN_CACHE_BYTES = 65_536;

const headerName = z.string().refine(isEditableHeader, {
  error: 'is not the lower-case name of a header that may be set or removed',
  params: { fix: 'write a name such as x-gatehouse-subject' },
});
const identityFact = z.custom<IdentityFact>(isIdentityFact, {
  error: 'is not a fact',
  params: {
    fix: `write claim:<local claim name>, attribute:<application attribute>, or one of ${IDENTITY_FACTS.join(', ')}`,
  },
});
const listenAddress = form(
  /^(?:tcp:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}|unix:[^\0]{1,100})$/,
  'is not an address to listen on',
  'write tcp://host:port, tcp://[::1]:port or unix:/path/to/socket (at most 100 characters)',
);
const tls = z
  .strictObject({ certFile: filePath, keyFile: filePath, clientCaFile: filePath.nullable().default(null) })
  .nullable()
  .default(null);

const isWorkers = (value: unknown): boolean =>
  value === 'auto' || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_WORKERS);
const workers = z.custom<'auto' | number>(isWorkers, {
  error: 'is not a number of workers',
  params: { fix: `write auto, or a whole number from 1 to ${MAX_WORKERS}` },
});

const extauthz = z.strictObject({
  listen: z.array(listenAddress).min(1).max(8).default(['tcp://127.0.0.1:9191']),
  tls,
  maxMessageBytes: whole(16_384, 16 * MEBIBYTE, 262_144),
  maxConcurrentStreams: whole(1, 65_536, 4096),
  maxMetadataBytes: whole(4096, MEBIBYTE, 16_384),
  budgetMs: whole(10, MINUTE_MS, 450),
  marginMs: whole(0, 1000, 20),
  onFault: z.enum(['denied', 'error_response', 'grpc']).default('denied'),
  drainMs: whole(0, 10 * MINUTE_MS, 5000),
  contextExtensions: z
    .strictObject({
      api: shortName.default('api'),
      organization: shortName.default('organization'),
      environment: shortName.default('env'),
    })
    .prefault({}),
  routeMetadataNamespace: shortName.default('gatehouse'),
  trustedHops: whole(0, 16, 0),
});

const upstream = z.strictObject({
  keepCredential: z.boolean().default(false),
  decisionIdHeader: headerName.nullable().default(null),
  // Printable ASCII without the two characters that would need escaping inside a quoted string (RFC 9110 §5.6.4).
  realm: form(/^[\x20-\x7e]{1,128}$/, 'is not printable ASCII', 'use plain letters, at most 128')
    .refine((value) => !/["\\]/.test(value), { error: 'has a quote or backslash', params: { fix: 'remove it' } })
    .default('Gatehouse'),
  identityHeaders: z.record(headerName, identityFact).default({
    'x-gatehouse-organization': 'organization',
    'x-gatehouse-api': 'api',
    'x-gatehouse-api-version': 'apiVersion',
    'x-gatehouse-key-manager': 'keyManager',
    'x-gatehouse-subject': 'subject',
    'x-gatehouse-consumer-key': 'consumerKey',
    'x-gatehouse-application': 'application',
    'x-gatehouse-application-id': 'applicationId',
    'x-gatehouse-application-owner': 'applicationOwner',
    'x-gatehouse-application-policy': 'applicationPolicy',
    'x-gatehouse-subscription-policy': 'subscriptionPolicy',
    'x-gatehouse-key-type': 'keyType',
    'x-gatehouse-scopes': 'scopes',
  }),
  backendJwt: backendJwtSettings.prefault({}),
  removeHeaders: z
    .array(headerName)
    .max(64)
    .default([
      'x-jwt-assertion',
      'x-http-method-override',
      'x-http-method',
      'x-method-override',
      'x-original-url',
      'x-rewrite-url',
      'x-envoy-auth-failure-mode-allowed',
    ]),
});

const tokens = z.strictObject({
  clockSkewSeconds: whole(0, 300, 60),
  maxLifetimeSeconds: whole(60, 3650 * DAY_SECONDS, DAY_SECONDS),
  cacheBytes: whole(MIN_CACHE_BYTES, 4096 * MEBIBYTE, 32 * MEBIBYTE),
  refusalCacheBytes: whole(MIN_CACHE_BYTES, 1024 * MEBIBYTE, 4 * MEBIBYTE),
  cacheTtlSeconds: whole(1, DAY_SECONDS, 900),
  refusalTtlSeconds: whole(1, 300, 10),
});

const keySets = z.strictObject({
  refreshSeconds: whole(10, DAY_SECONDS, 600),
  maxStaleSeconds: whole(60, 30 * DAY_SECONDS, DAY_SECONDS),
  cooldownMs: whole(100, 5000, 5000),
  timeoutMs: whole(100, MINUTE_MS, 2000),
  maxBytes: whole(4096, 16 * MEBIBYTE, 524_288),
});

/** One Redis node. */
const redisNode = form(
  /^[A-Za-z0-9.-]+:\d{1,5}$|^\[[0-9A-Fa-f:.]+\]:\d{1,5}$/,
  'is not host:port',
  'write for instance redis-1:6379',
);

const redis = z.strictObject({
  url: form(
    /^rediss?:\/\/[^\s@]+$|^unix:\/.+$/,
    'is not a Redis URL without credentials',
    'write redis://host:6379/0, rediss://… for TLS or unix:/path; user name and password have settings of their own',
  )
    .nullable()
    .default(null),
  sentinels: z.array(redisNode).max(32).default([]),
  sentinelName: shortName.default('mymaster'),
  clusterNodes: z.array(redisNode).max(64).default([]),
  username: shortName.nullable().default(null),
  passwordFile: filePath.nullable().default(null),
  sentinelPasswordFile: filePath.nullable().default(null),
  tls: z
    .strictObject({
      caFile: filePath.nullable().default(null),
      certFile: filePath.nullable().default(null),
      keyFile: filePath.nullable().default(null),
      serverName: shortName.nullable().default(null),
    })
    .nullable()
    .default(null),
  keyPrefix: form(
    /^[\x21-\x7e]{1,64}$/,
    'is not printable ASCII without spaces',
    'write for instance gatehouse:',
  ).default('gatehouse:'),
  commandTimeoutMs: whole(1, 1000, 20),
  tokens: z.enum(['auto', 'always', 'never']).default('auto'),
});

const introspection = z.strictObject({
  timeoutMs: whole(10, MINUTE_MS, 300),
  ttlSeconds: whole(0, DAY_SECONDS, 60),
  refusalTtlSeconds: whole(0, 300, 10),
  maxReplyBytes: whole(1024, MEBIBYTE, 65_536),
});

const limits = z.strictObject({
  concurrency: whole(1, 4096, 32),
  ratePerSecond: whole(1, 100_000, 200),
  burst: whole(1, 100_000, 400),
  maxFlights: whole(1, 65_536, 512),
  maxConnections: whole(1, 4096, 64),
});

const outbound = z.strictObject({
  allowLoopback: z.boolean().default(false),
  allowHttp: z.boolean().default(false),
  caFile: filePath.nullable().default(null),
  proxyHosts: z.array(shortName).max(1024).default([]),
  nameServers: z
    .array(
      form(
        /^(?:[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/,
        'is not the address of a name server',
        'write 10.0.0.53 or 10.0.0.53:53',
      ),
    )
    .max(8)
    .default([]),
  lookupTimeoutMs: whole(10, MINUTE_MS, 1000),
  credentialDirectories: z.array(filePath).max(16).default(['/var/run/secrets']),
});

const sealingKey = z
  .strictObject({
    id: form(/^[A-Za-z0-9._-]{1,32}$/, 'is not a short plain name', 'write for instance 2026-11'),
    ...keySource,
  })
  .refine(...isInOnePlace);

const credential = z.strictObject({
  name: shortName,
  organization: shortName.default(DEFAULT_ORGANIZATION),
  sha256: form(
    /^[0-9a-f]{64}$/,
    'is not a SHA-256 in lower-case hex',
    'give the output of: printf %s "$TOKEN" | sha256sum',
  ),
  rights: z.array(z.enum(ADMIN_RIGHTS)).min(1),
  roles: z.array(shortName).max(64).default([]),
});

const admin = z.strictObject({
  host: z.string().min(1).max(255).default('127.0.0.1'),
  port: whole(0, 65_535, 9443),
  tls,
  metricsPublic: z.boolean().default(false),
  credentials: z.array(credential).max(256).default([]),
  roles: z.array(shortName).max(4096).default([]),
});

/** The settings document; every member has a default, so an empty document is a valid one. */
export const settingsDocument = z.strictObject({
  organization: shortName.default(DEFAULT_ORGANIZATION),
  dataDir: filePath.default('./data'),
  catalogFile: filePath.nullable().default(null),
  workers: workers.default(1),
  extauthz: extauthz.prefault({}),
  authorize: z
    .strictObject({ maxTokenBytes: whole(512, 131_072, 16_384), requireAudience: z.boolean().default(false) })
    .prefault({}),
  upstream: upstream.prefault({}),
  tokens: tokens.prefault({}),
  keySets: keySets.prefault({}),
  introspection: introspection.prefault({}),
  keyManagers: z
    .strictObject({
      types: z.array(filePath).max(64).default([]),
      validateProvidedClients: z.boolean().default(true),
      limits: limits.prefault({}),
    })
    .prefault({}),
  outbound: outbound.prefault({}),
  cache: z.strictObject({ redis: redis.prefault({}) }).prefault({}),
  sealing: z.strictObject({ keys: z.array(sealingKey).max(16).default([]) }).prefault({}),
  sync: syncSettings.prefault({}),
  admin: admin.prefault({}),
  telemetry: z
    .strictObject({
      logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
      allowSampling: z.number().min(0).max(1).default(0.01),
      decisionSteps: z.boolean().default(false),
    })
    .prefault({}),
});

/** The settings document as a file: one that holds nothing but comments is an empty one. */
export const settingsFile = z.preprocess((value) => value ?? {}, settingsDocument);

/** All settings as a document gives them, defaults filled in. */
export type SettingsDocument = z.output<typeof settingsDocument>;

/** One right of {@link ADMIN_RIGHTS}. */
export type AdminRight = (typeof ADMIN_RIGHTS)[number];
