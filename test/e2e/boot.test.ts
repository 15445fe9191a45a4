// Starts, good and bad: what a start may change in the state of before, and what it says when it does not come about.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseProcess, MAIN } from '../rig/gatehouse-process.ts';
import { startProcess } from '../rig/running-process.ts';
import { callAdmin, keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';

let stack: Stack;
let gatehouse: GatehouseProcess;
let good: string;
beforeEach(async () => {
  stack = await startStack();
  gatehouse = stack.gatehouse;
  good = readFileSync(stack.catalogFile, 'utf8');
});
afterEach(async () => {
  await gatehouse?.stop();
  await stack?.stop();
});

async function restart(): Promise<void> {
  await gatehouse.stop();
  gatehouse = await gatehouse.again();
  await eventually('Envoy to find it', async () => (await stack.get(ORDERS, stack.token())).status !== 503);
}

/** A start that is expected to end by itself. */
async function failingStart(...args: string[]): Promise<{ code: number | null; told: string }> {
  const running = await startProcess({ command: process.execPath, args: [MAIN, 'serve', ...args] });
  const code = await running.exited;
  return { code, told: running.stderr.join('\n') };
}

const ownSettings = () => ['--config', join(gatehouse.folder, 'gatehouse.yaml')];
/** Adds a key manager for one more issuer of the staff's server. */
async function addOther(): Promise<number> {
  const dto = keyManagerDto('Added', { ...stack.staff, issuer: 'https://added.example' });
  return (await callAdmin(gatehouse, 'POST', KEY_MANAGERS, dto)).status;
}

async function deleteStaff(): Promise<void> {
  const { body } = await callAdmin(gatehouse, 'GET', KEY_MANAGERS);
  const staff = (body as { list: { id: string; name: string }[] }).list.find(({ name }) => name === 'StaffKM');
  expect((await callAdmin(gatehouse, 'DELETE', `${KEY_MANAGERS}/${staff?.id}`)).status).toBe(200);
}

const statusOf = async (path: string, token: string) => (await stack.get(path, token)).status;
/** The line that an editor shows for the first occurrence of a text. */
const lineOf = (text: string, what: string) => text.slice(0, text.indexOf(what)).split('\n').length;

test('a second Gatehouse on the same data folder does not start, says which file is in use, and disturbs nobody', async () => {
  const { code, told } = await failingStart(...ownSettings());
  expect(code).toBe(EXIT.fault);
  const file = join(gatehouse.folder, 'data', 'catalog.db');
  expect(told).toContain(`catalog file ${file} is in use`);
  expect(told).toContain('Fix: stop the other Gatehouse');
  expect(await statusOf(MENU, stack.token())).toBe(200);
  expect(await addOther()).toBe(201);
});

describe('a catalog file with mistakes', () => {
  const brokenOf = (text: string) => text.replace('"/pizza"', '"pizza"');

  test('does not stop a start that has state: the state of before goes on, and the mistake is told', async () => {
    writeFileSync(stack.catalogFile, brokenOf(good));
    await restart();
    const line = await gatehouse.logged(({ msg }) => String(msg).startsWith('the catalog was not applied'));
    expect(String((line['problems'] as string[])[0])).toContain('apis[0].context');
    expect(await statusOf(MENU, stack.token())).toBe(200);
  });

  test('stops it with --strict', async () => {
    writeFileSync(stack.catalogFile, brokenOf(good));
    await gatehouse.stop();
    const { code, told } = await failingStart(...ownSettings(), '--strict');
    expect(code).toBe(EXIT.fault);
    expect(told).toContain('the catalog was not applied');
    expect(told).toContain(`${stack.catalogFile}:${lineOf(brokenOf(good), '"pizza"')}:`);
  });

  test('stops a first start, with file, line, field and fix of every mistake', async () => {
    const text = good.replace('"verb": "GET"', '"verb": "GRAB"').replace('"UNBLOCKED"', '"OPEN"');
    writeFileSync(stack.catalogFile, text);
    const data = mkdtempSync(join(tmpdir(), 'gatehouse-boot-'));
    try {
      const { code, told } = await failingStart(...ownSettings(), '--data', data);
      expect(code).toBe(EXIT.fault);
      for (const [field, wrong] of [
        ['apis[0].operations[0].verb', '"GRAB"'],
        ['applications[0].subscriptions[0].state', '"OPEN"'],
      ] as const) {
        const line = told.split('\n').find((one) => one.includes(` ${field}: `)) ?? told;
        expect(line).toContain(`${stack.catalogFile}:${lineOf(text, wrong)}:`);
        expect(line).toMatch(/\. Fix: \S/);
      }
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});

describe('a restart with the same catalog file', () => {
  test('brings nothing back that an admin deleted, and takes nothing away that an admin added', async () => {
    await deleteStaff();
    expect(await addOther()).toBe(201);
    await restart();
    expect(await statusOf(ORDERS, stack.staff.mint({ azp: 'x' }))).toBe(401);
    expect(await statusOf(ORDERS, stack.staff.mint({ azp: 'x', iss: 'https://added.example' }))).toBe(200);
    expect(await statusOf(MENU, stack.token())).toBe(200);
  });

  test('nor does a changed one, unless the change is to what was deleted: then it says so and changes nothing', async () => {
    await deleteStaff();
    writeFileSync(stack.catalogFile, good.replace('"target": "/list"', '"target": "/all"'));
    await restart();
    expect(await statusOf('/orders/1.0.0/all', stack.token())).toBe(200);
    expect(await statusOf('/orders/1.0.0/all', stack.staff.mint({ azp: 'x' }))).toBe(401);

    writeFileSync(stack.catalogFile, good.replace('"displayName": "StaffKM"', '"displayName": "Staff"'));
    await restart();
    const line = await gatehouse.logged(({ msg }) => String(msg).startsWith('the catalog was not applied'));
    expect(String((line['problems'] as string[])[0])).toContain('StaffKM');
    expect(await statusOf('/orders/1.0.0/all', stack.token())).toBe(200);
    expect(await statusOf('/orders/1.0.0/all', stack.staff.mint({ azp: 'x' }))).toBe(401);
  });
});
