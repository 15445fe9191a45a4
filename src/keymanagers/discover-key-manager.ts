// Makes a key manager out of a discovery document (OpenID Connect Discovery, RFC 8414), as WSO2's discover does, for an admin to
// complete and post. Fetches nothing: the document is an argument.

import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { EndpointDto, KeyManagerDto } from '../domain/key-manager-dto.ts';
import { ENDPOINT_NAMES, type EndpointField } from '../domain/key-manager-endpoints.ts';
import { mayName } from './discovered-issuer.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import type { KeyManagerTypes } from './types.ts';

/** Longer ones are no URL. */
const MAX_TEXT_CHARACTERS = 2048;
const MAX_GRANT_TYPES = 64;
const MAX_NAME_CHARACTERS = 100;

/** Member of the document: field of the DTO. */
const ENDPOINT_MEMBERS: Partial<Record<EndpointField, string>> = {
  introspectionEndpoint: 'introspection_endpoint',
  clientRegistrationEndpoint: 'registration_endpoint',
  tokenEndpoint: 'token_endpoint',
  revokeEndpoint: 'revocation_endpoint',
  userInfoEndpoint: 'userinfo_endpoint',
  authorizeEndpoint: 'authorization_endpoint',
};

/** A DTO to complete, with what is still to be said; or what speaks against the document. */
export type DiscoveredKeyManager =
  | { readonly dto: KeyManagerDto; readonly warnings: readonly string[] }
  | { readonly problems: readonly FieldProblem[] };

/** `name` is a WSO2 type or a preset; `document` is what the URL answered, as JSON. */
export function discoverKeyManager(
  name: string,
  url: string,
  document: unknown,
  types: KeyManagerTypes,
): DiscoveredKeyManager {
  const type = types.byType.get(name) ?? types.byPreset.get(name);
  if (type === undefined) {
    const known = [...types.byType.keys(), ...types.byPreset.keys()].join(', ');
    return problem('type', `is not known; known types and presets are ${known}`);
  }
  if (!isJsonObject(document)) return problem('url', 'answers no discovery document (a JSON object)');
  const issuer = textOf(document, 'issuer');
  if (issuer === undefined) return problem('issuer', 'is missing in the document');
  if (!mayName(url, issuer, type.issuerDifferences))
    return problem(
      'issuer',
      `of the document is ${shown(issuer)}, which is not the one of the URL; take the URL that belongs to it, or give the key manager by hand`,
    );
  const jwks = urlOf(document, 'jwks_uri');
  const dto: KeyManagerDto = {
    name: nameOf(url),
    type: type.type,
    wellKnownEndpoint: url,
    issuer,
    ...endpointsOf(document),
    ...(jwks !== undefined && { certificates: { type: 'JWKS', value: jwks } }),
    availableGrantTypes: textsOf(document, 'grant_types_supported'),
    enabled: true,
    // WSO2's connector of this type registers nothing and gets no tokens.
    enableTokenGeneration: type.type !== 'CustomKeyManager',
    enableOAuthAppCreation: type.type !== 'CustomKeyManager',
    enableMapOAuthConsumerApps: true,
    enableSelfValidationJWT: true,
    ...(type.preset !== null && { additionalProperties: { preset: type.preset } }),
  };
  return { dto, warnings: stillToSay(type, dto) };
}

/** What the document cannot know. */
function stillToSay(
  type: KeyManagerType,
  { certificates, issuer, introspectionEndpoint }: KeyManagerDto,
): readonly string[] {
  const required = type.connection.filter((setting) => setting.required && setting.usedFor === 'introspection');
  const warnings: (string | false)[] = [
    certificates === undefined && 'The document names no key set (jwks_uri): give certificates.',
    introspectionEndpoint !== undefined &&
      required.length > 0 &&
      `Give additionalProperties ${required.map(({ name }) => name).join(' and ')}, or take the introspection endpoint out.`,
    type.tenancy !== null &&
      issuer?.includes(type.tenancy.placeholder) === true &&
      'The issuer is a template: give additionalProperties.allowedTenants.',
    'Give additionalProperties.audiences: whom its tokens are for when they are for your APIs.',
  ];
  return warnings.filter((warning) => warning !== false);
}

/** In both forms of the DTO. */
function endpointsOf(document: Readonly<Record<string, unknown>>): Partial<KeyManagerDto> {
  const found = (Object.keys(ENDPOINT_NAMES) as EndpointField[]).flatMap((field) => {
    const member = ENDPOINT_MEMBERS[field];
    const value = member === undefined ? undefined : urlOf(document, member);
    return value === undefined ? [] : [[field, value] as const];
  });
  const endpoints: readonly EndpointDto[] = found.map(([field, value]) => ({ name: ENDPOINT_NAMES[field], value }));
  return { ...Object.fromEntries(found), endpoints };
}

function urlOf(document: Readonly<Record<string, unknown>>, member: string): string | undefined {
  const text = textOf(document, member);
  return text !== undefined && /^https?:$/.test(URL.parse(text)?.protocol ?? '') ? text : undefined;
}

function textOf(document: Readonly<Record<string, unknown>>, member: string): string | undefined {
  const value = Object.hasOwn(document, member) ? document[member] : undefined;
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_CHARACTERS ? value : undefined;
}

function textsOf(document: Readonly<Record<string, unknown>>, member: string): readonly string[] {
  const value = Object.hasOwn(document, member) ? document[member] : undefined;
  const texts: unknown[] = Array.isArray(value) ? value.slice(0, MAX_GRANT_TYPES) : [];
  return texts.filter(
    (text) => typeof text === 'string' && text !== '' && text.length <= MAX_TEXT_CHARACTERS,
  ) as string[];
}

function nameOf(url: string): string {
  return (URL.parse(url)?.hostname ?? 'key-manager').slice(0, MAX_NAME_CHARACTERS);
}

function shown(issuer: string): string {
  return issuer.slice(0, 256).replace(/[^\x21-\x7e]/g, '?');
}

function problem(field: string, message: string): DiscoveredKeyManager {
  return { problems: [{ field, message }] };
}
