// Finds the API of a host and path, and the resource of a path and verb, each in one walk whose cost is the path's length.
// Persistent: a change copies the nodes on its way and shares the rest, so a reader never sees half a change.

import { type Api, type Resource, VERBS, type Verb } from './api.ts';

/** An API with its resources as a tree. */
export interface RoutedApi {
  readonly api: Api;
  readonly resources: ResourceNode;
}

/** Resources below one path prefix; `*` templates hang on `rest`. */
export interface ResourceNode {
  readonly literal: ReadonlyMap<string, ResourceNode>;
  readonly variable: ResourceNode | undefined;
  readonly here: ReadonlyMap<Verb, Resource> | undefined;
  readonly rest: ReadonlyMap<Verb, Resource> | undefined;
}

interface ContextNode {
  readonly children: Map<string, ContextNode>;
  api: RoutedApi | undefined;
}

/** All APIs by host, then context. */
export interface Router {
  /** Keys are exact hosts, `*.suffix` wildcards, or `*` for APIs without hosts. */
  readonly hosts: ReadonlyMap<string, ContextNode>;
  readonly byId: ReadonlyMap<string, RoutedApi>;
  /** `organization\nname:version` → id, for references from Envoy's configuration. */
  readonly byName: ReadonlyMap<string, string>;
}

/** An API and the segments of the path that lie below its context. */
export interface ApiMatch {
  readonly routed: RoutedApi;
  readonly below: readonly string[];
}

/** A router without APIs. */
export const EMPTY_ROUTER: Router = { hosts: new Map(), byId: new Map(), byName: new Map() };

/** Stands for every host, where an API names none; no host name can be spelled like that. */
export const ANY_HOST = '*';

/** The key under which a reference by name is found. */
export function nameKey(organization: string, nameAndVersion: string): string {
  return `${organization}\n${nameAndVersion}`;
}

/** Splits a context or template into segments. */
function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** A router over all these APIs. */
export function routerOf(apis: Iterable<Api>): Router {
  return withChanges(EMPTY_ROUTER, [], apis);
}

/**
 * The router without the APIs of these ids and with these added, or put in the place of the one with their id. An API that
 * has the very `resources` array of the one it replaces keeps that one's tree.
 */
export function withChanges(router: Router, removed: Iterable<string>, added: Iterable<Api>): Router {
  const draft: Draft = {
    hosts: new Map(router.hosts),
    byId: new Map(router.byId),
    byName: new Map(router.byName),
    own: new Set(),
  };
  for (const id of removed) remove(draft, id);
  for (const api of added) {
    const replaced = remove(draft, api.id);
    const resources = replaced?.api.resources === api.resources ? replaced.resources : resourceTree(api.resources);
    const routed: RoutedApi = { api, resources };
    draft.byId.set(api.id, routed);
    draft.byName.set(nameKey(api.organization, `${api.name}:${api.version}`), api.id);
    place(draft, api, routed);
  }
  return { hosts: draft.hosts, byId: draft.byId, byName: draft.byName };
}

/** A router being changed: nodes in `own` were copied by this change and may be written, all others are shared. */
interface Draft {
  readonly hosts: Map<string, ContextNode>;
  readonly byId: Map<string, RoutedApi>;
  readonly byName: Map<string, string>;
  readonly own: Set<ContextNode>;
}

function remove(draft: Draft, id: string): RoutedApi | undefined {
  const known = draft.byId.get(id);
  if (known === undefined) return undefined;
  draft.byId.delete(id);
  draft.byName.delete(nameKey(known.api.organization, `${known.api.name}:${known.api.version}`));
  place(draft, known.api, undefined);
  return known;
}

function place(draft: Draft, api: Api, routed: RoutedApi | undefined): void {
  for (const host of hostsOf(api)) {
    for (const context of contextsOf(api)) {
      let node = writable(draft, draft.hosts.get(host));
      draft.hosts.set(host, node);
      for (const segment of segmentsOf(context)) {
        const child = writable(draft, node.children.get(segment));
        node.children.set(segment, child);
        node = child;
      }
      node.api = routed;
    }
  }
}

function writable(draft: Draft, node: ContextNode | undefined): ContextNode {
  if (node !== undefined && draft.own.has(node)) return node;
  const copy: ContextNode = { children: new Map(node?.children), api: node?.api };
  draft.own.add(copy);
  return copy;
}

/** The contexts an API answers on: its own, and the unversioned one of a default version. */
export function contextsOf(api: Pick<Api, 'context' | 'defaultVersionContext'>): string[] {
  return api.defaultVersionContext === null ? [api.context] : [api.context, api.defaultVersionContext];
}

/** The hosts an API answers on, each once; {@link ANY_HOST} for one that names none. */
export function hostsOf(api: Pick<Api, 'hosts'>): readonly string[] {
  return api.hosts.length === 0 ? [ANY_HOST] : [...new Set(api.hosts)];
}

function resourceTree(resources: readonly Resource[]): ResourceNode {
  const root = mutableNode();
  for (const resource of resources) {
    let node = root;
    const segments = segmentsOf(resource.template);
    const open = segments.at(-1) === '*';
    if (open) segments.pop();
    for (const segment of segments) {
      if (segment.startsWith('{')) node = node.variable ??= mutableNode();
      else {
        const next = node.literal.get(segment) ?? mutableNode();
        node.literal.set(segment, next);
        node = next;
      }
    }
    const where = open ? 'rest' : 'here';
    node[where] ??= new Map();
    node[where].set(resource.verb, resource);
  }
  return root;
}

interface MutableNode {
  literal: Map<string, MutableNode>;
  variable: MutableNode | undefined;
  here: Map<Verb, Resource> | undefined;
  rest: Map<Verb, Resource> | undefined;
}

function mutableNode(): MutableNode {
  return { literal: new Map(), variable: undefined, here: undefined, rest: undefined };
}

/** The API with the longest context on this host: exact hosts first, then wildcards from the longest, then APIs of every host. */
export function findApi(router: Router, host: string, segments: readonly string[]): ApiMatch | undefined {
  const exact = findByContext(router.hosts.get(host), segments);
  if (exact !== undefined) return exact;
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const wildcard = findByContext(router.hosts.get(`*${host.slice(dot)}`), segments);
    if (wildcard !== undefined) return wildcard;
  }
  return findByContext(router.hosts.get(ANY_HOST), segments);
}

function findByContext(root: ContextNode | undefined, segments: readonly string[]): ApiMatch | undefined {
  let node = root;
  let found: RoutedApi | undefined;
  let depth = 0;
  for (let at = 0; node !== undefined; at++) {
    if (node.api !== undefined) {
      found = node.api;
      depth = at;
    }
    const segment = segments[at];
    node = segment === undefined ? undefined : node.children.get(segment);
  }
  return found === undefined ? undefined : { routed: found, below: segments.slice(depth) };
}

/** The part of the path below one of the API's contexts (the longest that fits), or undefined when it lies elsewhere. */
export function belowContext(api: Api, segments: readonly string[]): readonly string[] | undefined {
  let below: readonly string[] | undefined;
  for (const context of contextsOf(api)) {
    const prefix = segmentsOf(context);
    if (prefix.every((segment, at) => segments[at] === segment)) {
      const rest = segments.slice(prefix.length);
      if (below === undefined || rest.length < below.length) below = rest;
    }
  }
  return below;
}

/** The most specific resource for the path that has the verb (HEAD falls back to GET), or the verbs that the path has. */
export function findResource(
  root: ResourceNode,
  below: readonly string[],
  verb: string,
): Resource | { readonly allow: readonly Verb[] } {
  const found = walk(root, below, 0, verb as Verb);
  if (found !== undefined) return found;
  const allow = new Set<Verb>();
  walk(root, below, 0, verb as Verb, allow);
  if (allow.has('GET')) allow.add('HEAD');
  if (allow.size > 0) allow.add('OPTIONS');
  return { allow: VERBS.filter((known) => allow.has(known)) };
}

/** Notes in `allow` the verbs that the path has instead. */
function walk(
  node: ResourceNode,
  below: readonly string[],
  at: number,
  verb: Verb,
  allow?: Set<Verb>,
): Resource | undefined {
  const segment = below[at];
  if (segment === undefined) {
    const here = withVerb(node.here, verb, allow);
    if (here !== undefined) return here;
  } else {
    const literal = node.literal.get(segment);
    const found = literal === undefined ? undefined : walk(literal, below, at + 1, verb, allow);
    if (found !== undefined) return found;
    const variable = node.variable === undefined ? undefined : walk(node.variable, below, at + 1, verb, allow);
    if (variable !== undefined) return variable;
  }
  return withVerb(node.rest, verb, allow);
}

function withVerb(verbs: ReadonlyMap<Verb, Resource> | undefined, verb: Verb, allow?: Set<Verb>): Resource | undefined {
  if (verbs === undefined) return undefined;
  const exact = verbs.get(verb) ?? (verb === 'HEAD' ? verbs.get('GET') : undefined);
  if (exact !== undefined) return exact;
  if (allow !== undefined) for (const known of verbs.keys()) allow.add(known);
  return undefined;
}
