// State that changes while requests are decided: an admin's write rules the very next request, what is gone leaves nothing behind,
// and a catalog file that somebody else has locked stops no decision.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { startProcess } from '../rig/running-process.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const MENU = '/pizza/1.0.0/menu';
/** Takes every key manager, and checks no subscription. */
const ORDERS = '/orders/1.0.0/list';
const HOLDER = fileURLToPath(new URL('../unit/catalog/holding-process.ts', import.meta.url));

let stack: Stack;
let third: KeyManagerServer;
beforeAll(async () => {
  third = await startKeyManager();
  stack = await startStack({
    editCatalog: ({ keyManagers }) => {
      keyManagers.push({ ...keyManagerDto('RetiredKM', third), issuer: 'https://retired.example', enabled: false });
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await third?.close();
});

const statusOf = async (path: string, token: string) => (await stack.get(path, token)).status;
const create = (dto: Record<string, unknown>) => stack.admin('POST', KEY_MANAGERS, dto);
const remove = (id: string, query = '') => stack.admin('DELETE', `${KEY_MANAGERS}/${id}${query}`);

async function idOf(name: string): Promise<string> {
  const { body } = await stack.admin('GET', KEY_MANAGERS);
  const found = (body as { list: { id: string; name: string }[] }).list.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no key manager ${name}`);
  return found.id;
}

describe('a key manager', () => {
  test('that is added vouches from the very next request on, and until it is deleted', async () => {
    const token = third.mint({ azp: 'client' });
    for (let round = 0; round < 5; round++) {
      expect(await statusOf(ORDERS, token)).toBe(401);
      const created = await create(keyManagerDto('ThirdKM', third));
      expect(created.status).toBe(201);
      expect(await statusOf(ORDERS, token)).toBe(200);
      expect(await statusOf(ORDERS, third.mint({ azp: 'client' }))).toBe(200);
      expect(await statusOf(MENU, token)).toBe(401);
      expect((await remove((created.body as { id: string }).id)).status).toBe(200);
    }
    expect(await statusOf(ORDERS, token)).toBe(401);
  });

  test('that is disabled vouches for nothing, from the catalog file or by the admin side', async () => {
    expect(await statusOf(ORDERS, third.mint({ iss: 'https://retired.example' }))).toBe(401);
    const token = third.mint({ azp: 'client' });
    const disabled = await create({ ...keyManagerDto('ThirdKM', third), enabled: false });
    expect(disabled.status).toBe(201);
    expect(await statusOf(ORDERS, token)).toBe(401);
    const line = await stack.envoy.loggedRequest(({ reason }) => reason === 'key_manager_disabled');
    expect(line['status']).toBe(401);
    expect((await remove((disabled.body as { id: string }).id)).status).toBe(200);
    const enabled = await create(keyManagerDto('ThirdKM', third));
    expect(await statusOf(ORDERS, token)).toBe(200);
    await remove((enabled.body as { id: string }).id);
  });

  test('that APIs and applications use is deleted only by force', async () => {
    expect((await remove(await idOf('PartnerKM'))).status).toBe(412);
    expect(await statusOf(MENU, stack.token())).toBe(200);
  });
});

test('while another process holds the catalog file, decisions go on and writes are told to come again', async () => {
  const remembered = stack.token();
  expect(await statusOf(MENU, remembered)).toBe(200);
  const file = join(stack.gatehouse.folder, 'data', 'catalog.db');
  const holder = await startProcess({ command: process.execPath, args: [HOLDER, file] });
  try {
    await eventually('the file to be held', () => holder.stdout.includes('holding'));
    const waiting = create(keyManagerDto('ThirdKM', third));
    for (let at = 0; at < 10; at++) {
      expect(await statusOf(MENU, remembered)).toBe(200);
      expect(await statusOf(MENU, stack.token())).toBe(200);
      expect(await statusOf(MENU, stack.token('visitor'))).toBe(403);
      expect(await statusOf(ORDERS, third.mint({ azp: 'client' }))).toBe(401);
    }
    const refused = await waiting;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await statusOf(ORDERS, third.mint({ azp: 'client' }))).toBe(401);
  } finally {
    await holder.stop(0);
  }
  expect((await create(keyManagerDto('ThirdKM', third))).status).toBe(201);
  expect(await statusOf(ORDERS, third.mint({ azp: 'client' }))).toBe(200);
});

test('a key manager that is deleted while its token is remembered: 401 at once, and one of its name inherits nothing', async () => {
  const token = stack.token();
  expect([await statusOf(MENU, token), await statusOf(MENU, token)]).toEqual([200, 200]);
  expect(await statusOf(ORDERS, token)).toBe(200);
  expect((await remove(await idOf('PartnerKM'), '?force=true')).status).toBe(200);
  expect(await statusOf(MENU, token)).toBe(401);
  expect(await statusOf(ORDERS, token)).toBe(401);

  // Its server answers for the new one, so only the name and the keys are as they were.
  expect((await create(keyManagerDto('PartnerKM', stack.partner))).status).toBe(201);
  expect(await statusOf(ORDERS, token)).toBe(200);
  expect(await statusOf(MENU, token)).toBe(401);
  const line = await stack.envoy.loggedRequest(({ reason }) => reason === 'key_manager_not_allowed');
  expect(line['status']).toBe(401);

  await remove(await idOf('PartnerKM'));
  const impostor = await startKeyManager({ issuer: stack.partner.issuer });
  try {
    expect((await create(keyManagerDto('PartnerKM', impostor))).status).toBe(201);
    // 503 at most, while it cannot be told whether the new one has that key too.
    const told: number[] = [];
    await eventually('it to be refused', async () => {
      told.push(await statusOf(ORDERS, token));
      return told.at(-1) === 401;
    });
    expect(told.filter((status) => status !== 401 && status !== 503)).toEqual([]);
    expect(await statusOf(ORDERS, impostor.mint({ azp: 'shop' }))).toBe(200);
  } finally {
    await impostor.close();
  }
});
