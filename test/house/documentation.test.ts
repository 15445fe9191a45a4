// The documents say what the code says: the page of reasons is the table, and every npm script is explained.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROUTE_RIGHTS, type RouteNeed } from '../../src/admin/access/route-rights.ts';
import { REASONS, type ReasonRow } from '../../src/domain/reason.ts';
import { TOP } from './source-files.ts';

const read = (path: string) => readFileSync(join(TOP, path), 'utf8');

test('docs/reasons.md has exactly the rows of the table', () => {
  const written = read('docs/reasons.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));
  const expected = Object.entries(REASONS as Record<string, ReasonRow>).map(([reason, row]) => [
    `\`${reason}\``,
    row.outcome,
    String(row.status),
    row.code,
    row.challenge ?? '–',
    row.operator,
  ]);
  expect(written).toEqual(expected);
});

test('docs/admin-api.md lists every route with the right that it needs', () => {
  const written = [...read('docs/admin-api.md').matchAll(/^\| `([A-Z]+ \/\S*)` \| ([^|]+) \|/gm)].map(
    ([, route, right]) => [route, right],
  );
  const expected = Object.entries(ROUTE_RIGHTS as Record<string, RouteNeed>).map(([route, need]) => {
    const right =
      need.right === 'public'
        ? 'none'
        : need.right === 'metrics'
          ? 'read, or none with `admin.metricsPublic`'
          : need.right;
    const scopes = need.scopes
      ?.map((scope) => scope.replace('apim:', ''))
      .filter((scope) => !scope.startsWith('admin'));
    const narrowed = scopes === undefined ? '' : `; ${scopes.length === 0 ? 'admins' : scopes.join(', ')}`;
    return [route, `${right}${need.superTenant === true ? ', super tenant' : ''}${narrowed}`];
  });
  expect(written).toEqual(expected);
});

test('CONTRIBUTING.md explains every npm script', () => {
  const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
  const text = read('CONTRIBUTING.md');
  expect(
    scripts.filter((script) => !text.includes(`\`npm run ${script}\``) && !text.includes(`\`npm ${script}\``)),
  ).toEqual([]);
});

test('links between documents lead to files that exist', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/admin-api.md',
    'docs/architecture.md',
    'docs/catalog.md',
    'docs/concepts.md',
    'docs/guides/provide-existing-oauth-keys.md',
    'docs/fleet.md',
    'docs/key-managers.md',
    'docs/performance.md',
    'docs/reasons.md',
    'docs/redis.md',
    'docs/settings.md',
    'docs/storage.md',
    'docs/upstream-identity.md',
    'docs/wso2-control-plane.md',
    'docs/wso2-differences.md',
  ];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((match) => join(page, '..', match[1] ?? ''))
      .filter((target) => {
        try {
          read(target);
          return false;
        } catch (error) {
          return (error as NodeJS.ErrnoException).code !== 'EISDIR';
        }
      })
      .map((target) => `${page} -> ${target}`),
  );
  expect(broken).toEqual([]);
});
