// The plan of the house: which room may use which, and where each third-party package lives. Each failure says what to do.

import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { type SourceFile, sourceFiles, TOP } from './source-files.ts';

/** May import, beside itself. `authorize/ports.ts` belongs to everyone: it holds the interfaces that the decision owns. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  sealing: ['domain'],
  authorize: ['domain'],
  keymanagers: ['domain'],
  sync: ['domain'],
  outbound: ['domain'],
  tokens: ['domain'],
  backendjwt: ['domain'],
  cache: ['domain', 'sealing'],
  catalog: ['domain', 'sealing'],
  telemetry: ['domain'],
  documents: ['domain'],
  workers: ['domain'],
  grpc: ['domain'],
  settings: ['domain', 'documents'],
  extauthz: ['domain', 'authorize', 'grpc'],
  admin: ['domain', 'authorize', 'documents', 'sealing'],
};

/**
 * Rooms inside a room: each may import, beside itself, those of its row, which stand above it. A file of the room's own folder is a door:
 * it may import all of them, and none of them imports it.
 */
const SUB_ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tokens: {
    reading: [],
    claims: [],
    keys: [],
    'key-sets': ['keys'],
    signature: ['claims', 'keys'],
    introspection: ['reading', 'claims'],
    memory: ['claims', 'key-sets'],
  },
  outbound: {
    limits: [],
    problem: [],
    names: ['problem'],
    guard: ['problem'],
  },
  catalog: {
    outcome: [],
    tables: [],
    database: ['outcome', 'tables'],
    lookup: ['outcome', 'tables'],
    lists: ['tables'],
    history: ['tables', 'database'],
    entities: ['outcome', 'tables'],
    document: ['outcome', 'tables', 'entities'],
    source: ['outcome', 'tables', 'database', 'entities'],
    writer: ['outcome', 'tables', 'database', 'lists', 'entities', 'document', 'source'],
  },
  sync: {
    source: [],
    changes: [],
    hub: ['changes'],
    follower: ['source', 'changes'],
    revocations: [],
    comparison: [],
    wso2: ['source', 'comparison'],
  },
  extauthz: {
    request: [],
    answer: [],
  },
  documents: {
    reading: [],
    settings: [],
    wso2: [],
    openapi: ['reading', 'wso2'],
    catalog: ['reading', 'wso2'],
  },
  admin: {
    http: [],
    access: ['http'],
    entities: ['http'],
    'key-managers': ['http', 'access'],
    throttling: ['http', 'access', 'entities'],
    publisher: ['http', 'access', 'entities'],
    portal: ['http', 'access', 'entities', 'key-managers', 'throttling'],
    fleet: ['http', 'access'],
    operation: ['http', 'access', 'entities'],
    'internal-data': ['http', 'access', 'fleet', 'operation'],
  },
  app: {
    'deciding-side': [],
    'fleet-side': [],
    'sync-side': ['deciding-side'],
    'admin-side': ['deciding-side', 'fleet-side', 'sync-side'],
    workers: ['deciding-side', 'fleet-side'],
  },
};
const PORTS = 'src/authorize/ports.ts';
/** Files that know every room. */
const WIRING = ['src/app.ts', 'src/catalog-file.ts', 'src/main.ts'];
/** Rooms of the command line, which starts what app.ts wires, and the parts of app.ts itself. */
const COMMAND_ROOMS = ['cli', 'app'];

/** The only room that may import each package, or the few that may. */
const PACKAGE_ROOM: Readonly<Record<string, string | readonly string[]>> = {
  '@fastify/multipart': 'admin',
  '@grpc/grpc-js': 'extauthz',
  '@grpc/proto-loader': 'extauthz',
  amqplib: 'sync',
  'better-sqlite3': 'catalog',
  cockatiel: 'outbound',
  commander: 'cli',
  'fastest-levenshtein': 'documents',
  fastify: 'admin',
  jose: ['tokens', 'backendjwt'],
  ioredis: 'cache',
  'lru-cache': ['backendjwt', 'cache', 'catalog'],
  oauth4webapi: 'tokens',
  pino: 'telemetry',
  'prom-client': 'telemetry',
  re2js: 'keymanagers',
  undici: 'outbound',
  yaml: 'documents',
  zod: 'documents',
};

const files = sourceFiles();

test('a room imports only the rooms that the plan allows', () => {
  const broken = files.flatMap((file) =>
    localImports(file)
      .filter((target) => !allowed(file, target))
      .map(
        (target) =>
          `${file.path} imports ${target}: room "${file.room}" may import ${JSON.stringify(MAY_IMPORT[file.room] ?? [])}. ` +
          'Move the shared thing to domain, or let app.ts pass it in; change the plan only together with docs/architecture.md.',
      ),
  );
  expect(broken).toEqual([]);
});

test('every room is on the plan', () => {
  const rooms = new Set(files.filter((file) => file.path.split('/').length > 2).map((file) => file.room));
  const unknown = [...rooms].filter((room) => !(room in MAY_IMPORT) && !COMMAND_ROOMS.includes(room));
  expect(unknown, 'Give the room a row in MAY_IMPORT and in docs/architecture.md').toEqual([]);
});

test('inside a room, imports go the way of the plan', () => {
  const broken = files.flatMap((file) =>
    localImports(file)
      .filter((target) => !allowedInside(file.path, target))
      .map(
        (target) =>
          `${file.path} imports ${target}: "${file.room}/${subRoomOf(file.path)}" may import ` +
          `${JSON.stringify(SUB_ROOMS[file.room]?.[subRoomOf(file.path)] ?? [])} of its room. Move the file, or what both need, to ` +
          'where it belongs; change the plan only together with docs/architecture.md.',
      ),
  );
  expect(broken).toEqual([]);
});

test('every folder in a room is on the plan, and the plan has no other', () => {
  const folders = new Set(files.filter(({ path }) => subRoomOf(path) !== '').map(({ path }) => folderOf(path)));
  const planned = Object.entries(SUB_ROOMS).flatMap(([room, plan]) =>
    Object.keys(plan).map((name) => `${room}/${name}`),
  );
  expect([...folders].toSorted(), 'Give the folder a row in SUB_ROOMS and in docs/architecture.md').toEqual(
    planned.toSorted(),
  );
});

test('docs/architecture.md has the plan of each room with rooms inside', () => {
  const written = [
    ...readFileSync(join(TOP, 'docs/architecture.md'), 'utf8').matchAll(/^\| `([\w-]+\/[\w-]+)` \|.*\| (.+) \|$/gm),
  ];
  const planned = Object.entries(SUB_ROOMS).flatMap(([room, plan]) =>
    Object.entries(plan).map(([name, uses]) => [`${room}/${name}`, uses.join(', ') || 'none']),
  );
  expect(written.map(([, name, uses]) => [name, uses]).toSorted()).toEqual(planned.toSorted());
});

test('inside a room, the plan leads one way', () => {
  const upward = Object.entries(SUB_ROOMS).flatMap(([room, plan]) => {
    const order = Object.keys(plan);
    return Object.entries(plan).flatMap(([name, uses]) =>
      uses
        .filter((used) => !order.slice(0, order.indexOf(name)).includes(used))
        .map((used) => `${room}/${name} -> ${used}`),
    );
  });
  expect(upward, 'A row names only rows above it').toEqual([]);
});

test('each third-party package is imported in its one room', () => {
  const broken = files.flatMap((file) =>
    packageImports(file)
      .filter((name) => ![PACKAGE_ROOM[name]].flat().includes(file.room))
      .map((name) => {
        const home = PACKAGE_ROOM[name];
        return home === undefined
          ? `${file.path} imports ${name}, which has no room: give it one row in PACKAGE_ROOM.`
          : `${file.path} imports ${name}: only room "${[home].flat().join('" or "')}" may. Put what you need there and let app.ts pass it in.`;
      }),
  );
  expect(broken).toEqual([]);
});

test('each package of the table is used', () => {
  const used = new Set(files.flatMap(packageImports));
  const idle = Object.keys(PACKAGE_ROOM).filter((name) => !used.has(name));
  expect(idle, 'Delete the row and the dependency').toEqual([]);
});

test('no two files import each other, directly or through others', () => {
  const graph = new Map(files.map((file) => [file.path, localImports(file, false)]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      cycles.push([...trail.slice(at), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(cycles, 'Break the cycle: move what both need into a file of its own').toEqual([]);
});

function allowed(file: SourceFile, target: string): boolean {
  if (WIRING.includes(file.path) || COMMAND_ROOMS.includes(file.room)) return true;
  const room = target.split('/')[1] ?? '';
  return room === file.room || target === PORTS || (MAY_IMPORT[file.room] ?? []).includes(room);
}

function allowedInside(path: string, target: string): boolean {
  const [, room = ''] = path.split('/');
  const from = subRoomOf(path);
  const to = subRoomOf(target);
  if (target.split('/')[1] !== room || from === to || from === '') return true;
  return (SUB_ROOMS[room]?.[from] ?? []).includes(to);
}

/** The folder in its room that a file stands in, however deep; empty in the room's own folder. */
function subRoomOf(path: string): string {
  const [, , folder = '', ...below] = path.split('/');
  return below.length === 0 ? '' : folder;
}

function folderOf(path: string): string {
  return `${path.split('/')[1]}/${subRoomOf(path)}`;
}

function localImports(file: SourceFile, withTypes = true): string[] {
  return file.imports
    .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && (withTypes || !typeOnly))
    .map(({ specifier }) => posix.normalize(posix.join(dirname(file.path), specifier)));
}

function packageImports(file: SourceFile): string[] {
  return file.imports
    .map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}
