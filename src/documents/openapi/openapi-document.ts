// Reads an OpenAPI document (2.0, 3.0, 3.1) into the Publisher's form of an API: paths, what each asks for, WSO2's extensions. It
// never fetches anything, and makes nothing public that the document does not say so of in WSO2's own words.

import { VERBS } from '../../domain/api.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { Problem } from '../reading/problem.ts';
import { scopesOf, securitySchemes } from './openapi-security.ts';

type Members = Readonly<Record<string, unknown>>;

/** Path items that refer to each other: deeper than any document that is meant well. */
const MAX_REFERENCES = 8;

/** What the document says, as members of a Publisher API DTO; what it does not say is not there. */
export type OpenApiMembers = Members & { readonly operations: readonly Members[] };

/** Reads a parsed document; `file` names it in problems. */
export function readOpenApi(document: unknown, file: string): OpenApiMembers | readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (field: string, message: string, fix: string) => {
    problems.push({ file, line: undefined, column: undefined, field, message, fix });
  };
  const root = isJsonObject(document) ? document : {};
  if (!isOpenApi(root)) {
    refuse('', 'is no OpenAPI document', 'give a document with openapi: 3.x or swagger: "2.0"');
    return problems;
  }
  const operations: Members[] = [];
  for (const [path, given] of Object.entries(membersOf(root['paths']))) {
    if (path.startsWith('x-')) continue;
    const item = resolved(given, root);
    if (typeof item === 'string') {
      refuse(`paths[${JSON.stringify(path)}]`, item, 'write the path item out; nothing is fetched');
      continue;
    }
    for (const [name, operation] of Object.entries(item)) {
      const verb = VERBS.find((known) => known.toLowerCase() === name.toLowerCase());
      if (verb === undefined || !isJsonObject(operation)) continue;
      const isPublic = publicByExtension([operation, item, root]);
      if (isPublic === 'unclear')
        refuse(
          `paths[${JSON.stringify(path)}].${name}`,
          'has an x-wso2-disable-security or x-auth-type that says neither yes nor no',
          'write true or false, without quotes, and an auth type of WSO2',
        );
      const said = scopesOf(operation, root, securitySchemes(root));
      operations.push({
        target: path,
        verb,
        authType: isPublic === true ? 'None' : authTypeOf(operation),
        scopes: isPublic === true ? [] : said,
        ...ifText('throttlingPolicy', operation['x-throttling-tier']),
      });
    }
  }
  return problems.length > 0 ? problems : { ...apiMembers(root), operations };
}

function isOpenApi(root: Members): boolean {
  const { openapi, swagger } = root;
  return (typeof openapi === 'string' && /^3\.\d/.test(openapi)) || swagger === '2.0' || swagger === 2;
}

function apiMembers(root: Members): Members {
  const info = membersOf(root['info']);
  const version = typeof info['version'] === 'string' ? info['version'] : undefined;
  return {
    ...ifText('name', typeof info['title'] === 'string' ? info['title'].replace(/\s/g, '') : undefined),
    ...ifText('version', version),
    ...ifText('context', contextOf(root, version)),
    ...ifText('description', info['description']),
    ...ifText('authorizationHeader', root['x-wso2-auth-header']),
    ...ifText('apiThrottlingPolicy', root['x-wso2-throttling-tier'] ?? root['x-throttling-tier']),
    ...ifEndpoints(root),
  };
}

/** WSO2's own word for it, else the path of the first server, else `basePath`; the version that ends it is put there by Publisher. */
function contextOf(root: Members, version: string | undefined): string | undefined {
  const [server] = Array.isArray(root['servers']) ? root['servers'] : [];
  const found = [root['x-wso2-basePath'], root['basePath'], pathOf(membersOf(server)['url'])].find(
    (text) => typeof text === 'string' && text !== '' && text !== '/',
  );
  if (typeof found !== 'string') return undefined;
  const plain = found.replace(/\/+$/, '');
  const end = `/${version ?? ''}`;
  return version !== undefined && plain.endsWith(end) ? plain.slice(0, -end.length) || '/' : plain;
}

function pathOf(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url, 'http://relative.invalid')) return undefined;
  return new URL(url, 'http://relative.invalid').pathname;
}

function ifEndpoints(root: Members): Members {
  const production = root['x-wso2-production-endpoints'];
  const sandbox = root['x-wso2-sandbox-endpoints'];
  const endpoints = [
    ...(isJsonObject(production) ? ['PRODUCTION'] : []),
    ...(isJsonObject(sandbox) ? ['SANDBOX'] : []),
  ];
  return endpoints.length === 0 ? {} : { endpoints };
}

/** The nearest word counts. `security: []` alone is none: who leaves security out may simply have forgotten it. */
function publicByExtension(levels: readonly Members[]): boolean | 'unclear' {
  for (const level of levels) {
    const disabled = level['x-wso2-disable-security'];
    const authType = level['x-auth-type'];
    if (disabled === undefined && authType === undefined) continue;
    if (disabled !== undefined && typeof disabled !== 'boolean') return 'unclear';
    if (authType !== undefined && typeof authType !== 'string') return 'unclear';
    const isNone = authType?.toLowerCase() === 'none';
    // Two words that contradict each other open nothing.
    if (authType !== undefined && disabled !== undefined && isNone !== disabled) return 'unclear';
    return disabled ?? isNone;
  }
  return false;
}

function authTypeOf(operation: Members): string {
  const given = operation['x-auth-type'];
  return typeof given === 'string' && given.toLowerCase() !== 'none' ? given : 'Application & Application User';
}

/** The path item behind references within the document, or what is wrong with them. */
function resolved(item: unknown, root: Members): Members | string {
  let at = item;
  for (let depth = 0; depth <= MAX_REFERENCES; depth += 1) {
    if (!isJsonObject(at)) return 'is no path item';
    const reference = at['$ref'];
    if (reference === undefined) return at;
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return 'refers to another document';
    at = pointed(root, reference.slice(2));
  }
  return 'refers in a circle, or too far';
}

function pointed(root: Members, pointer: string): unknown {
  let at: unknown = root;
  for (const part of pointer.split('/')) {
    const name = percentDecoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function membersOf(value: unknown): Members {
  return isJsonObject(value) ? value : {};
}

function ifText(member: string, value: unknown): Members {
  return typeof value === 'string' && value !== '' ? { [member]: value } : {};
}
