// An API from a row of WSO2's `/apis`, whose context has the version already and which does not say what tokens the API accepts: that
// comes from elsewhere, see `api-additions.ts`. What cannot be matched unambiguously is left out, so it is denied.

import { type Api, KEY_MANAGERS_UNKNOWN, LIFECYCLES, type Resource, VERBS, type Verb } from '../../domain/api.ts';
import type { ApiAdditions } from './api-additions.ts';
import { Row, type UnusableRow } from './row.ts';

/** The one spelling of paths that requests are compared with; undefined for what could never match. */
export interface WirePaths {
  readonly context: (text: string) => string | undefined;
  readonly template: (text: string) => string | undefined;
}

const USED = [
  ...['uuid', 'apiId', 'provider', 'name', 'version', 'context', 'policy', 'apiType', 'status', 'organization'],
  ...['isDefaultVersion', 'securityScheme', 'isSubscriptionValidationDisabled', 'urlMappings', 'keyManagers'],
];

/** The API; `additions` is what the row lacks, with key managers as ids. */
export function readApi(json: unknown, tenant: string, wire: WirePaths, additions: ApiAdditions): Api | UnusableRow {
  const row = new Row(json);
  const version = row.text('version');
  const onWire = row.text('context');
  const context = wire.context(onWire);
  if (context === undefined) row.refuse('context');
  const type = row.optionalText('apiType') || 'HTTP';
  const unknown = additions.keyManagers === 'unknown';
  return row.done<Api>({
    id: row.text('uuid'),
    number: row.whole('apiId'),
    organization: row.optionalText('organization') || tenant,
    name: row.text('name'),
    version,
    provider: row.optionalText('provider'),
    context: context ?? '',
    defaultVersionContext: row.flag('isDefaultVersion', false) ? defaultContext(row, onWire, version, wire) : null,
    hosts: [],
    lifecycle: row.choice('status', LIFECYCLES),
    type,
    securityScheme: schemesOf(row.optionalText('securityScheme')),
    audiences: additions.audiences,
    audiencesByKeyManager: {},
    keyManagers: unknown ? [] : (additions.keyManagers as Api['keyManagers']),
    subscriptionValidation: !row.flag('isSubscriptionValidationDisabled', false),
    endpoints: additions.endpoints,
    authorizationHeader: additions.authorizationHeader,
    path: { encodedSlash: 'reject', matrixParameters: 'reject' },
    policy: row.optionalText('policy'),
    resources: resourcesOf(row.list('urlMappings'), type.toUpperCase(), wire),
    extra: { ...row.rest(USED), ...(unknown ? { [KEY_MANAGERS_UNKNOWN]: true } : {}) },
    revision: 1,
  });
}

/** WSO2's form is a text with commas; an API that says nothing takes OAuth2 tokens. */
function schemesOf(text: string): readonly string[] {
  const schemes = text
    .split(',')
    .map((scheme) => scheme.trim().toLowerCase())
    .filter((scheme) => scheme !== '');
  return schemes.length === 0 ? ['oauth2'] : schemes;
}

function defaultContext(row: Row, onWire: string, version: string, wire: WirePaths): string | null {
  const template = row.optionalText('contextTemplate');
  const without = template.includes('{version}')
    ? template
        .split('/')
        .filter((segment) => segment !== '{version}')
        .join('/')
    : onWire.endsWith(`/${version}`)
      ? onWire.slice(0, -version.length - 1)
      : undefined;
  return without === undefined ? null : (wire.context(without || '/') ?? null);
}

function resourcesOf(mappings: readonly unknown[], type: string, wire: WirePaths): readonly Resource[] {
  const found = new Map<string, Resource | undefined>();
  for (const mapping of mappings) {
    const row = new Row(mapping);
    const verb = verbOf(row.text('httpMethod').toUpperCase(), type);
    // The operation of a GraphQL request stands in its body: all of them have one path.
    const template = type === 'GRAPHQL' ? '/*' : wire.template(row.text('urlPattern'));
    const scopes = row.texts('scopes');
    if (row.wrong !== undefined || verb === undefined || template === undefined) continue;
    const authType = row.optionalText('authScheme').toLowerCase() === 'none' ? 'None' : 'Any';
    const resource: Resource = { verb, template, authType, scopes, policy: row.optionalText('throttlingPolicy') };
    const key = `${verb} ${template.replace(/\{[^{}]+\}/g, '{}')}`;
    const earlier = found.get(key);
    if (!found.has(key)) found.set(key, resource);
    else if (type === 'GRAPHQL' && earlier !== undefined) found.set(key, united(earlier, resource));
    // Two that ask for different things of one request: which of them counts would be a guess.
    else if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(resource)) found.set(key, undefined);
  }
  return [...found.values()].filter((resource) => resource !== undefined);
}

/** A path with any operation that asks for something asks for it; that the scopes cannot be judged is another's business. */
function united(one: Resource, other: Resource): Resource {
  const isOpen = one.authType === 'None' && other.authType === 'None';
  return { ...one, authType: isOpen ? 'None' : 'Any', scopes: [...new Set([...one.scopes, ...other.scopes])] };
}

function verbOf(method: string, type: string): Verb | undefined {
  if (type === 'GRAPHQL') return 'POST';
  // What a client does after the handshake, which is a GET, cannot be seen; PUBLISH is left out rather than allowed by SUBSCRIBE.
  if (method === 'SUBSCRIBE' && ['WS', 'SSE', 'WEBSUB'].includes(type)) return 'GET';
  return VERBS.find((verb) => verb === method);
}
