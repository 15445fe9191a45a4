// How a key manager is asked about tokens: the endpoint of its DTO, the credentials of WSO2's connector, and our own
// `additionalProperties.introspection`, which goes before those.

import type { FieldProblem } from '../domain/field-problem.ts';
import type { Introspection, IntrospectionAuth } from '../domain/introspection.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { endpointOf } from '../domain/key-manager-endpoints.ts';
import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import type { AdditionalProperties } from './additional-properties.ts';
import type { IntrospectionRules, KeyManagerType } from './key-manager-type.ts';

const METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'bearer',
  'tls_client_auth',
  'none',
] as const;
const MAX_SECRET_CHARACTERS = 16_384;
const MAX_HEADERS = 16;
const MAX_MEMBERS = 16;
/** A day: a revocation at the key manager goes unseen that long. */
const MAX_TTL_SECONDS = 86_400;
const MAX_TIMEOUT_MS = 60_000;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/i;
/** Set by the exchange itself; two of one name would be a guess. */
const OWN_HEADERS = [
  'authorization',
  'content-type',
  'content-length',
  'host',
  'accept',
  'transfer-encoding',
  'connection',
];

/** An introspection whose times may be left to the installation. */
export type GivenIntrospection = Omit<Introspection, 'ttlMs' | 'timeoutMs'> & {
  readonly ttlMs: number | undefined;
  readonly timeoutMs: number | undefined;
};

/** What the settings say of introspection. */
export interface IntrospectionReading {
  readonly introspection: GivenIntrospection | null;
  /** An endpoint that is given and never asked, and why. */
  readonly unused: string | undefined;
  readonly problems: readonly FieldProblem[];
}

interface Own {
  readonly endpoint: string | undefined;
  /** For the connector's credentials. */
  readonly encoding: 'rfc' | 'raw' | undefined;
  readonly auth: IntrospectionAuth | undefined;
  readonly over: Partial<GivenIntrospection>;
}

/** The introspection, null where there is none. Credentials that are missing are named, each one. */
export function introspectionSettings(
  dto: KeyManagerDto,
  type: KeyManagerType,
  ours: AdditionalProperties,
  audience: string | undefined,
): IntrospectionReading {
  const none = { introspection: null, unused: undefined, problems: [] };
  const given = endpointOf(dto, 'introspectionEndpoint');
  const own = ours.section('introspection', (section) => readOwn(section, given, audience));
  const endpoint = own?.endpoint ?? given;
  if (type.introspection === null)
    return own === undefined
      ? { ...none, unused: given && 'servers of this type have no introspection' }
      : { ...none, problems: [{ field: 'additionalProperties.introspection', message: NO_INTROSPECTION }] };
  if (endpoint === undefined)
    return own === undefined
      ? none
      : { ...none, problems: [{ field: 'introspectionEndpoint', message: 'is needed to introspect tokens' }] };
  const connector = own?.auth === undefined ? connectorAuth(dto, type, type.introspection, own?.encoding) : undefined;
  if (connector !== undefined && 'missing' in connector) return { ...none, problems: connector.missing };
  const auth = own?.auth ?? connector?.auth;
  if (auth === undefined)
    return { ...none, unused: 'additionalProperties.introspection gives no credentials (method) for it' };
  const { credentials: _credentials, ...rules } = type.introspection;
  return {
    ...none,
    introspection: {
      ...rules,
      endpoint,
      auth,
      headers: connector?.headers ?? {},
      requireExp: true,
      ttlMs: undefined,
      timeoutMs: undefined,
      ...own?.over,
    },
  };
}

const NO_INTROSPECTION = 'cannot be used: servers of this type have no introspection; leave it out';

interface ConnectorAuth {
  readonly auth: IntrospectionAuth;
  readonly headers: Readonly<Record<string, string>>;
}

/** From the settings of WSO2's connector; undefined where the type has none. */
function connectorAuth(
  { additionalProperties = {} }: KeyManagerDto,
  { connection }: KeyManagerType,
  { credentials }: IntrospectionRules,
  encoding: 'rfc' | 'raw' | undefined,
): ConnectorAuth | { readonly missing: readonly FieldProblem[] } | undefined {
  if (credentials === null) return undefined;
  const { certificate } = credentials;
  const said = (name: string) => {
    const value = Object.hasOwn(additionalProperties, name) ? additionalProperties[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  if (certificate !== undefined && said(certificate.setting) === certificate.value) {
    const user = said(certificate.userSetting);
    if (user === undefined) return { missing: [missing(certificate.userSetting)] };
    return { auth: { kind: 'none', clientId: null }, headers: { [certificate.userHeader]: user } };
  }
  const [clientId, clientSecret] = [said(credentials.clientId), said(credentials.clientSecret)];
  if (clientId !== undefined && clientSecret !== undefined) {
    const basic = { clientId, clientSecret, encoding: encoding ?? credentials.encoding };
    return { auth: { kind: 'client_secret_basic', ...basic }, headers: {} };
  }
  const absent = connection.filter(
    ({ name, required, usedFor }) => usedFor === 'introspection' && required && said(name) === undefined,
  );
  return { missing: absent.map(({ name }) => missing(name)) };
}

function missing(name: string): FieldProblem {
  const message = 'is missing; it is needed to ask the introspection endpoint (leave the endpoint out to do without)';
  return { field: `additionalProperties.${name}`, message };
}

function readOwn(section: AdditionalProperties, given: string | undefined, audience: string | undefined): Own {
  const endpoint = section.text('endpoint');
  const method = section.choice('method', METHODS);
  const encoding = section.choice('basicEncoding', ['rfc', 'raw']);
  const auth = readAuth(section, method, encoding ?? 'rfc', audience ?? endpoint ?? given ?? '');
  const headers = section.record('headers', MAX_HEADERS);
  const badHeader = Object.entries(headers).find(
    ([name, value]) =>
      !HEADER_NAME.test(name) || !/^[\x20-\x7e]{0,4096}$/.test(value) || OWN_HEADERS.includes(name.toLowerCase()),
  );
  if (badHeader !== undefined)
    section.refuse('headers', `has one that cannot be sent; the names ${OWN_HEADERS.join(', ')} are set otherwise`);
  const hint = section.text('tokenTypeHint');
  const lists = {
    consumerKeyMembers: section.texts('consumerKeyClaims', MAX_MEMBERS),
    scopesMembers: section.texts('scopesClaims', MAX_MEMBERS),
    tokenTypes: section.texts('tokenTypes', MAX_MEMBERS),
  };
  const requireExp = section.flag('requireExp');
  const ttlSeconds = section.integer('ttlSeconds', 0, MAX_TTL_SECONDS);
  return {
    endpoint,
    encoding,
    auth,
    over: {
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(hint !== undefined && { tokenTypeHint: hint === 'none' ? null : hint }),
      ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
      ...(requireExp !== undefined && { requireExp }),
      ttlMs: ttlSeconds === undefined ? undefined : ttlSeconds * 1000,
      timeoutMs: section.integer('timeoutMs', 10, MAX_TIMEOUT_MS),
    },
  };
}

/** Reads all names, so that each is known; demands those of the method. */
function readAuth(
  section: AdditionalProperties,
  method: (typeof METHODS)[number] | undefined,
  encoding: 'rfc' | 'raw',
  defaultAudience: string,
): IntrospectionAuth | undefined {
  const clientId = section.text('clientId');
  const clientSecret = section.text('clientSecret', MAX_SECRET_CHARACTERS);
  const privateKey = section.text('privateKey', MAX_SECRET_CHARACTERS);
  const token = section.text('token', MAX_SECRET_CHARACTERS);
  const alg = section.choice('alg', [...SIGNATURE_ALGORITHMS.keys()]) ?? 'RS256';
  const kid = section.text('kid') ?? null;
  const audience = section.text('audience') ?? defaultAudience;
  const need = (name: string, value: string | undefined): string => {
    if (value === undefined) section.refuse(name, `is missing; the method ${method} needs it`);
    return value ?? '';
  };
  switch (method) {
    case undefined:
      if (clientId !== undefined || clientSecret !== undefined || privateKey !== undefined || token !== undefined)
        section.refuse('method', `is missing; say how the credentials are used: ${METHODS.join(', ')}`);
      return undefined;
    case 'client_secret_basic':
      return {
        kind: method,
        clientId: need('clientId', clientId),
        clientSecret: need('clientSecret', clientSecret),
        encoding,
      };
    case 'client_secret_post':
      return { kind: method, clientId: need('clientId', clientId), clientSecret: need('clientSecret', clientSecret) };
    case 'private_key_jwt':
      return {
        kind: method,
        clientId: need('clientId', clientId),
        privateKey: need('privateKey', privateKey),
        alg,
        kid,
        audience,
      };
    case 'bearer':
      return { kind: method, token: need('token', token) };
    case 'tls_client_auth':
      return { kind: method, clientId: need('clientId', clientId) };
    case 'none':
      return { kind: method, clientId: clientId ?? null };
  }
}
