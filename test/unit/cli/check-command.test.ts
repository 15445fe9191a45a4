// `check` and `health` against a real gRPC server, which answers what each test wants.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decision } from '../../../src/domain/decision.ts';
import type { AccessRequest } from '../../../src/domain/request.ts';
import { answerer } from '../../../src/extauthz/answer/answer.ts';
import { checkHandler } from '../../../src/extauthz/check-handler.ts';
import { type ExtAuthzServer, startServer } from '../../../src/extauthz/server.ts';
import { runCli, temporaryFolder } from './cli-rig.ts';

// Not by `temporaryFolder`: all tests of this file share it.
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'));
const socket = join(folder, 's');
const target = ['--target', `unix:${socket}`];
const known = { api: { name: 'pizza', version: '1.0.0', organization: 'carbon.super' } } as Decision['known'];
let decision: Decision;
let asked: AccessRequest;
let server: ExtAuthzServer;

beforeAll(async () => {
  server = await startServer({
    listen: [{ kind: 'unix', path: socket }],
    maxConcurrentStreams: 16,
    maxMessageBytes: 262_144,
    maxMetadataBytes: 16_384,
    onCertificate: () => {},
    onDefect: () => {},
    check: checkHandler({
      decide: (request) => {
        asked = request;
        return decision;
      },
      answer: answerer({
        identityHeaders: { 'x-gatehouse-api': 'api', 'x-gatehouse-subject': 'subject' },
        removeHeaders: [],
        keepCredential: false,
        assertionHeader: 'x-jwt-assertion',
        decisionIdHeader: null,
        realm: 'Gatehouse',
        onFault: 'denied',
      }),
      routeAttributes: { api: 'api', organization: 'organization', environment: 'env', metadataNamespace: 'gatehouse' },
      limitMs: 5000,
      marginMs: 20,
      onDecision: () => {},
      onDefect: (error) => {
        throw error;
      },
      now: Date.now,
      newDecisionId: () => 'decision-1',
    }),
  });
  server.setServing(true);
});
afterAll(async () => {
  await server?.drain({ notServingMs: 0, graceMs: 100 });
  rmSync(folder, { recursive: true, force: true });
});

async function check(args: string[], stdin = '') {
  const run = runCli(['check', 'GET', 'https://api.example/pizza/1.0.0/menu?x=1', ...target, ...args], { stdin });
  const code = await run.code;
  return { code, out: run.out.join('\n'), err: run.err.join('\n') };
}

describe('an allowed request', () => {
  test('exits 0 and shows what the upstream would receive', async () => {
    decision = { outcome: 'allow', reason: 'allowed', known };
    const { code, out } = await check([]);
    expect(code).toBe(0);
    expect(out).toContain('ALLOW allowed');
    expect(out).toContain('x-gatehouse-api: pizza');
    expect(out).toContain('x-gatehouse-subject');
    expect(out).toContain('decision_id: decision-1');
  });

  test.each([[[]], [['--json']]])('shows what a signed assertion says, and not its signature', async (args) => {
    const said = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0';
    for (const signature of ['c2lnbmF0dXJl_-', 'c2lnbmF0dXJl+/']) {
      decision = { outcome: 'allow', reason: 'allowed', known: { ...known, assertion: `${said}.${signature}` } };
      const { out } = await check(args);
      expect(out).toContain(`${said}.<signature>`);
      expect(out).not.toContain(signature);
    }
  });
});

describe('a denied request', () => {
  test('exits 1 and shows why, and what the client would receive', async () => {
    decision = { outcome: 'deny', reason: 'scope_missing', evidence: { required: ['order:read'], got: [] }, known };
    const { code, out } = await check([]);
    expect(code).toBe(1);
    expect(out).toContain('DENY 403 scope_missing\n  The token has none of the scopes of the resource.');
    expect(out).toContain('www-authenticate: Bearer');
    expect(out).toContain('900910');
  });

  test('is JSON for programs when asked', async () => {
    decision = { outcome: 'deny', reason: 'api_not_found', evidence: {}, known: {} };
    const { code, out } = await check(['--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'deny', httpStatus: 404, metadata: { reason: 'api_not_found' } });
  });
});

describe('a fault', () => {
  test('exits 3, as does a server that is not there', async () => {
    decision = { outcome: 'fault', reason: 'key_set_unavailable', evidence: {}, known };
    const { code, out } = await check([]);
    expect([code, out.split('\n')[0]]).toEqual([3, 'FAULT 503 key_set_unavailable']);
    const nobody = await check(['--target', `unix:${socket}.nobody`, '--timeout', '10000']);
    expect([nobody.code, nobody.err]).toEqual([
      3,
      expect.stringMatching(
        /^gatehouse: no answer from the server: .*ENOENT .*nobody\. Is it serving\? See --target\.$/,
      ),
    ]);
  });
});

describe('the question', () => {
  test.each([['raw'], ['map']])('carries method, path, token and headers in %s mode', async (mode) => {
    decision = { outcome: 'allow', reason: 'allowed', known };
    const file = join(temporaryFolder(), 't');
    writeFileSync(file, 'hunter2\n');
    const args = ['--token-file', file, '--header', 'x-a=b=c', ...(mode === 'map' ? ['--map'] : [])];
    const { out } = await check(args);
    expect([asked.method, asked.host, asked.path]).toEqual(['GET', 'api.example', '/pizza/1.0.0/menu?x=1']);
    expect([asked.header('authorization'), asked.header('x-a')]).toEqual([['Bearer hunter2'], ['b=c']]);
    expect(out).not.toContain('hunter2');
  });

  test('takes the token from standard input, and context extensions as Envoy’s configuration would give them', async () => {
    await check(['--token-stdin', '--context', 'api=pizza:1.0.0', '--context', 'env=SANDBOX'], ' hunter2 \n');
    expect(asked.header('authorization')).toEqual(['Bearer hunter2']);
    expect(asked.apiReference).toMatchObject({ source: 'context_extensions', api: 'pizza:1.0.0' });
    expect(asked.environment).toBe('SANDBOX');
  });
});

test('what is wrong with a file of our own is told without a hint at the server', async () => {
  const tls = ['--target', '127.0.0.1:1', '--tls-ca', `${socket}.nobody`];
  const { code, err } = await check(tls);
  expect([code, err]).toEqual([3, expect.stringMatching(/ENOENT.*nobody'$/)]);
});

test('health exits 0 while serving, 1 when not serving or not there', async () => {
  const health = async (args: string[]) => {
    const run = runCli(['health', ...args]);
    return [await run.code, run.out];
  };
  expect(await health(target)).toEqual([0, ['SERVING']]);
  server.setServing(false);
  expect(await health(target)).toEqual([1, ['NOT_SERVING']]);
  server.setServing(true);
  expect(await health(['--target', `unix:${socket}.nobody`, '--timeout', '10000'])).toEqual([1, []]);
});
