// The guide "Provide existing OAuth keys", run as it is written: its blocks in order, in one shell, with a real authorization server, a
// real Gatehouse that has none of it in its catalog, and a real Envoy.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { type Stack, startStack } from './stack.ts';

const GUIDE = readFileSync(new URL('../../docs/guides/provide-existing-oauth-keys.md', import.meta.url), 'utf8');
const CLIENT = { id: 'breakfast-client', secret: 's3cret-of-breakfast', scopes: ['bread.read'] };

let stack: Stack;
let sso: KeyManagerServer;
beforeAll(async () => {
  sso = await startKeyManager({ clients: [CLIENT] });
  stack = await startStack();
});
afterAll(async () => {
  await stack?.stop();
  await sso?.close();
});

test('the four steps of the guide lead to an answer of the API, and a block to WSO2’s refusal', async () => {
  const blocks = [...GUIDE.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThan(6);
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', blocks.join('\n')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ADMIN: stack.gatehouse.adminUrl,
      ADMIN_TOKEN: stack.gatehouse.adminToken,
      GATEWAY: `http://127.0.0.1:${stack.envoy.port}`,
      ISSUER: sso.issuer,
      JWKS_URL: `${sso.url}/jwks`,
      TOKEN_URL: `${sso.url}/token`,
      REVOKE_URL: `${sso.url}/revoke`,
      CLIENT_ID: CLIENT.id,
      CLIENT_SECRET: CLIENT.secret,
    },
  });
  const words = stdout.replace(/[\s{}",:]+/g, ' ');
  expect(words).toMatch(
    / name BankSSO PUBLISHED .*status UNBLOCKED .*consumerKey breakfast-client mode MAPPED 200 900907 $/,
  );
  const told = Object.fromEntries(stack.upstream.received.at(-1)?.headers ?? []);
  expect(told).toMatchObject({
    'x-gatehouse-application': 'Breakfast',
    'x-gatehouse-application-owner': 'ann',
    'x-gatehouse-key-type': 'PRODUCTION',
  });
});
