// Key sets of a running Gatehouse while nobody asks: fetched at the start and for a new key manager, and a withdrawn key is gone after
// one refresh.

import { afterEach, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const REFRESH_SECONDS = 10;

let stack: Stack;
afterEach(() => stack?.stop());

test('keys are fetched at the start and for a new key manager, and a withdrawn one counts no longer after one refresh', async () => {
  stack = await startStack({ settings: { keySets: { refreshSeconds: REFRESH_SECONDS } } });
  const fetched = () => stack.partner.requests(PATHS.jwks);
  await eventually(
    'keys to be fetched without a token',
    () => fetched() === 1 && stack.staff.requests(PATHS.jwks) === 1,
  );

  const added = await startKeyManager();
  const { status } = await stack.admin('POST', '/api/am/admin/v4/key-managers', keyManagerDto('AddedKM', added));
  expect(status).toBe(201);
  await eventually('keys of a new key manager to be fetched', () => added.requests(PATHS.jwks) === 1);
  await added.close();

  const old = stack.token();
  expect((await stack.get(MENU, old)).status).toBe(200);
  stack.partner.rotate({ keepOld: false });
  const before = fetched();
  await eventually('the next refresh', () => fetched() > before);
  await eventually('its keys to be in use', async () => (await stack.get(MENU, stack.token())).status === 200);
  expect((await stack.get(MENU, old)).status).not.toBe(200);
  // Told by the cool-down: a key that is not known is a verdict once a fetch of its own did not bring it.
  await eventually('the old token to be refused', async () => (await stack.get(MENU, old)).status === 401);
});
