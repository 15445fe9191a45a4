// Between the Publisher's form of an API and the catalog's: the context gets its version, and what is kept loses its secrets.

import type { Api, KeyType, Lifecycle } from '../../domain/api.ts';
import type { ApiWrite } from '../../domain/catalog-facts.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import { splitSecrets } from '../../domain/secret-fields.ts';
import { keptMembers, type PublisherApi } from './publisher-api.ts';
import { type ReadSegments, readContext, readDefaultVersionContext, type SegmentsProblem } from './read-segments.ts';

/** What a DTO does not say itself. */
export interface ApiSurroundings {
  readonly organization: string;
  readonly provider: string;
  /** Of an API that says none. */
  readonly lifecycle: Lifecycle;
  /** Of an API that names no header. */
  readonly authorizationHeader: string;
}

/** An API with its key managers by name, as people know them. */
export type NamedApi = Omit<Api, 'keyManagers' | 'audiencesByKeyManager'> &
  Pick<ApiWrite, 'keyManagers' | 'audiencesByKeyManager'>;

/** The API to write. */
export function apiWriteOf(dto: PublisherApi, { organization, provider, ...standard }: ApiSurroundings): ApiWrite {
  const { name, version, context, hosts, type, securityScheme, audiences, audiencesByKeyManager } = dto;
  const { keyManagers, subscriptionValidation, path } = dto;
  return {
    organization,
    provider,
    name,
    version,
    context: textOf(readContext(context, version)),
    defaultVersionContext: dto.isDefaultVersion ? textOf(readDefaultVersionContext(context)) : null,
    hosts,
    lifecycle: dto.lifeCycleStatus ?? standard.lifecycle,
    type,
    securityScheme,
    audiences,
    audiencesByKeyManager,
    keyManagers: keyManagers.includes('all') ? 'all' : keyManagers,
    subscriptionValidation,
    endpoints: isJsonObject(dto.endpointConfig) ? endpointsOf(dto.endpointConfig) : (dto.endpoints ?? []),
    authorizationHeader: dto.authorizationHeader ?? standard.authorizationHeader,
    path,
    policy: dto.apiThrottlingPolicy,
    resources: dto.operations.map((operation) => ({
      verb: operation.verb,
      template: operation.target,
      authType: operation.authType === 'None' ? 'None' : 'Any',
      scopes: operation.scopes,
      policy: operation.throttlingPolicy,
    })),
    // Nothing here uses an upstream's password, so none is kept.
    extra: splitSecrets(keptMembers(dto)).masked,
  };
}

/** The Publisher's form of an API: what its DTO said, and what is decided by. */
export function publisherForm(api: NamedApi) {
  const { operations, ...extra } = api.extra;
  return {
    id: api.id,
    ...extra,
    name: api.name,
    context: publisherContext(api),
    version: api.version,
    provider: api.provider,
    lifeCycleStatus: api.lifecycle,
    isDefaultVersion: api.defaultVersionContext !== null,
    type: api.type,
    securityScheme: api.securityScheme,
    audiences: api.audiences,
    audiencesByKeyManager: api.audiencesByKeyManager,
    keyManagers: api.keyManagers === 'all' ? ['all'] : api.keyManagers,
    authorizationHeader: api.authorizationHeader,
    apiThrottlingPolicy: api.policy === '' ? null : api.policy,
    hosts: api.hosts,
    subscriptionValidation: api.subscriptionValidation,
    path: api.path,
    // Where the DTO tells the upstreams themselves, they are not told twice: who changes one of two would be misunderstood.
    ...(isJsonObject(extra['endpointConfig']) ? {} : { endpoints: api.endpoints }),
    operations: operationsOf(api, Array.isArray(operations) ? operations : []),
  };
}

/** The context without its version, as {@link readContext} takes it. */
export function publisherContext({ context, version }: Pick<Api, 'context' | 'version'>): string {
  const end = `/${version}`;
  if (context.endsWith(end)) return context.slice(0, -end.length) || '/';
  return context.replaceAll(version, '{version}');
}

function operationsOf(api: NamedApi, keptOnes: readonly unknown[]) {
  const more = new Map(
    keptOnes.filter(isJsonObject).map(({ verb, target, ...rest }) => [`${verb} ${target}`, rest] as const),
  );
  return api.resources.map(({ verb, template, authType, scopes, policy }) => {
    const { authType: given, ...rest } = more.get(`${verb} ${template}`) ?? {};
    const asked = typeof given === 'string' && given !== 'None' ? given : 'Application & Application User';
    return {
      ...rest,
      target: template,
      verb,
      authType: authType === 'None' ? 'None' : asked,
      throttlingPolicy: policy,
      scopes,
    };
  });
}

/** WSO2 `endpointConfig`: an upstream of a kind is there where its member is an object, or a list that is not empty. */
function endpointsOf(config: Readonly<Record<string, unknown>>): readonly KeyType[] {
  const has = (member: string) => {
    const value = config[member];
    return Array.isArray(value) ? value.length > 0 : isJsonObject(value);
  };
  return [
    ...(has('production_endpoints') ? (['PRODUCTION'] as const) : []),
    ...(has('sandbox_endpoints') ? (['SANDBOX'] as const) : []),
  ];
}

function textOf(read: ReadSegments | SegmentsProblem): string {
  if ('message' in read) throw new Error('the schema let a bad context pass');
  return read.text;
}
