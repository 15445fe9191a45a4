import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Api, Verb } from '../../../src/domain/api.ts';
import { belowContext, findApi, findResource, routerOf, withChanges } from '../../../src/domain/router.ts';
import { sampleApi, sampleResource } from './catalog-samples.ts';

const api = (id: string, over: Partial<Api> = {}) => sampleApi({ id, name: id, ...over });
const find = (apis: Api[], host: string, path: string) =>
  findApi(routerOf(apis), host, path.split('/').slice(1))?.routed.api.id;

describe('finding an API', () => {
  test('matches contexts on whole segments only', () => {
    const apis = [api('pizza', { context: '/pizza' })];
    expect(find(apis, 'h', '/pizza/menu')).toBe('pizza');
    expect(find(apis, 'h', '/pizzashack/menu')).toBeUndefined();
    expect(find(apis, 'h', '/Pizza/menu')).toBeUndefined();
  });

  test('takes the longest context, so that a version wins over the default version', () => {
    const apis = [
      api('v1', { context: '/pizza/1.0.0' }),
      api('v2', { version: '2.0.0', context: '/pizza/2.0.0', defaultVersionContext: '/pizza' }),
    ];
    expect(find(apis, 'h', '/pizza/1.0.0/menu')).toBe('v1');
    expect(find(apis, 'h', '/pizza/2.0.0/menu')).toBe('v2');
    expect(find(apis, 'h', '/pizza/menu')).toBe('v2');
  });

  test('looks at the exact host first, then at wildcards from the longest, then at APIs of every host', () => {
    const apis = [
      api('exact', { context: '/a', hosts: ['api.eu.example.com'] }),
      api('near', { context: '/a', hosts: ['*.eu.example.com'] }),
      api('far', { context: '/a', hosts: ['*.example.com'] }),
      api('any', { context: '/a' }),
    ];
    expect(find(apis, 'api.eu.example.com', '/a')).toBe('exact');
    expect(find(apis, 'x.eu.example.com', '/a')).toBe('near');
    expect(find(apis, 'x.us.example.com', '/a')).toBe('far');
    expect(find(apis, 'example.com', '/a')).toBe('any');
  });

  test('an API with hosts is not found on another host', () => {
    expect(find([api('a', { context: '/a', hosts: ['a.example'] })], 'b.example', '/a')).toBeUndefined();
  });

  test('a reference finds what lies below any of its contexts, and nothing outside', () => {
    const one = api('v2', { context: '/pizza/2.0.0', defaultVersionContext: '/pizza' });
    expect(belowContext(one, ['pizza', '2.0.0', 'menu'])).toEqual(['menu']);
    expect(belowContext(one, ['pizza', 'menu'])).toEqual(['menu']);
    expect(belowContext(one, ['orders'])).toBeUndefined();
  });
});

describe('changing a router', () => {
  test('keeps the tree of resources that are the same, and builds one of those that are not', () => {
    const first = api('a', { context: '/a', resources: [sampleResource()] });
    const before = routerOf([first]);
    const narrowed = withChanges(before, [], [{ ...first, keyManagers: [] }]);
    expect(narrowed.byId.get('a')?.resources).toBe(before.byId.get('a')?.resources);
    expect(findApi(narrowed, 'h', ['a'])?.routed.api.keyManagers).toEqual([]);
    const replaced = withChanges(before, [], [{ ...first, resources: [] }]);
    expect(replaced.byId.get('a')?.resources.literal.size).toBe(0);
  });

  test('leaves the one it came from as it was', () => {
    const before = routerOf([api('a', { context: '/a' })]);
    const after = withChanges(before, ['a'], [api('b', { context: '/b' })]);
    expect(findApi(before, 'h', ['a'])?.routed.api.id).toBe('a');
    expect(findApi(before, 'h', ['b'])).toBeUndefined();
    expect(findApi(after, 'h', ['a'])).toBeUndefined();
    expect(findApi(after, 'h', ['b'])?.routed.api.id).toBe('b');
  });

  test('an API that moves is no longer found at its old place', () => {
    const moved = withChanges(routerOf([api('a', { context: '/old' })]), [], [api('a', { context: '/new' })]);
    expect(findApi(moved, 'h', ['old'])).toBeUndefined();
    expect(findApi(moved, 'h', ['new'])?.routed.api.id).toBe('a');
  });

  test('any order of changes ends in the same answers as building at once', () => {
    const context = fc.constantFrom('/a', '/b', '/a/b', '/a/b/c');
    const change = fc.record({ id: fc.constantFrom('1', '2', '3'), context, gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        let router = routerOf([]);
        const current = new Map<string, Api>();
        for (const { id, context: at, gone } of changes) {
          const taken = [...current.values()].some((other) => other.id !== id && other.context === at);
          if (gone) current.delete(id);
          else if (taken) continue;
          else current.set(id, api(id, { context: at }));
          const next = current.get(id);
          router = withChanges(router, [id], next === undefined ? [] : [next]);
        }
        for (const path of [['a'], ['b'], ['a', 'b'], ['a', 'b', 'c', 'd'], ['c']])
          expect(findApi(router, 'h', path)?.routed.api.id).toBe(
            findApi(routerOf(current.values()), 'h', path)?.routed.api.id,
          );
      }),
    );
  });
});

describe('finding a resource', () => {
  const resources = (...list: [Verb, string][]) =>
    routerOf([
      api('a', { context: '/a', resources: list.map(([verb, template]) => sampleResource({ verb, template })) }),
    ]);
  const at = (router: ReturnType<typeof resources>, verb: string, path: string) => {
    const match = findApi(router, 'h', ['a', ...path.split('/').slice(1)]);
    if (match === undefined) throw new Error('no api');
    const found = findResource(match.routed.resources, match.below, verb);
    return 'allow' in found ? found.allow : `${found.verb} ${found.template}`;
  };

  test('prefers a literal over a variable over a wildcard', () => {
    const router = resources(['GET', '/*'], ['GET', '/{id}'], ['GET', '/me']);
    expect(at(router, 'GET', '/me')).toBe('GET /me');
    expect(at(router, 'GET', '/7')).toBe('GET /{id}');
    expect(at(router, 'GET', '/7/x')).toBe('GET /*');
  });

  test('goes back to a less specific template when the specific one lacks the verb or leads nowhere', () => {
    const router = resources(['POST', '/orders/special'], ['GET', '/orders/{id}'], ['GET', '/orders/{id}/items']);
    expect(at(router, 'GET', '/orders/special')).toBe('GET /orders/{id}');
    expect(at(router, 'GET', '/orders/special/items')).toBe('GET /orders/{id}/items');
  });

  test('a wildcard also matches its own prefix, and one trailing slash changes nothing', () => {
    const router = resources(['GET', '/files/*']);
    expect(at(router, 'GET', '/files')).toBe('GET /files/*');
    expect(at(router, 'GET', '/files/a/b')).toBe('GET /files/*');
  });

  test('HEAD is judged as GET unless it is declared', () => {
    expect(at(resources(['GET', '/x']), 'HEAD', '/x')).toBe('GET /x');
    expect(at(resources(['GET', '/x'], ['HEAD', '/x']), 'HEAD', '/x')).toBe('HEAD /x');
    expect(at(resources(['HEAD', '/*'], ['GET', '/x']), 'HEAD', '/x')).toBe('GET /x');
  });

  test('a wrong verb names the verbs that every matching template has', () => {
    const router = resources(['GET', '/x'], ['DELETE', '/{id}'], ['PUT', '/*']);
    expect(at(router, 'POST', '/x')).toEqual(['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']);
    expect(at(router, 'POST', '/y')).toEqual(['PUT', 'DELETE', 'OPTIONS']);
  });

  test('an unknown path has no verbs', () => {
    expect(at(resources(['GET', '/x']), 'GET', '/y')).toEqual([]);
  });
});
