// Which scopes an OpenAPI operation asks for. Alternatives stay alternatives, several scopes in one requirement stay together, and
// what cannot be told is read as the stricter of two meanings.

import { isJsonObject } from '../../domain/json-object.ts';

type Members = Readonly<Record<string, unknown>>;

/** The document's security schemes by name (2.0 `securityDefinitions`, 3.x `components.securitySchemes`). */
export function securitySchemes(root: Members): Members {
  const components = isJsonObject(root['components']) ? root['components'] : {};
  return [root['securityDefinitions'], components['securitySchemes']].find(isJsonObject) ?? {};
}

/**
 * Any one of these suffices; an item with several asks for all of them. An alternative that no bearer token can meet (an API key) and
 * the empty one (`{}`, no credential at all) are no way past the others. Where WSO2's `x-scope` alone names scopes, it does.
 */
export function scopesOf(operation: Members, root: Members, schemes: Members): readonly string[] {
  const requirements = [operation['security'], root['security']].find(Array.isArray) ?? [];
  const alternatives = requirements.filter(isJsonObject).flatMap((requirement: Members) => {
    const names = Object.keys(requirement);
    return names.some((name) => takesBearer(schemes[name])) ? [scopesTogether(requirement)] : [];
  });
  if (alternatives.some((scopes) => scopes.length === 0)) return xScopes(operation);
  const asked = [...new Set(alternatives.map((scopes) => scopes.join(' ')))];
  return asked.length > 0 ? asked : xScopes(operation);
}

function scopesTogether(requirement: Members): readonly string[] {
  const all = Object.values(requirement).flatMap((scopes) => (Array.isArray(scopes) ? scopes : []));
  return [...new Set(all.filter((scope): scope is string => typeof scope === 'string' && scope !== ''))].sort();
}

/** A scheme that the document does not define may be one. */
function takesBearer(scheme: unknown): boolean {
  if (!isJsonObject(scheme)) return true;
  const { type, scheme: http } = scheme;
  if (type === 'http') return typeof http === 'string' && http.toLowerCase() === 'bearer';
  return type !== 'apiKey' && type !== 'basic' && type !== 'mutualTLS';
}

function xScopes(operation: Members): readonly string[] {
  const given = operation['x-scope'];
  return typeof given === 'string' ? given.split(',').flatMap((scope) => scope.trim() || []) : [];
}
