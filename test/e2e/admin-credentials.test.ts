// The credential of the first start, and how it is withdrawn.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type GatehouseProcess, type SettingsSections, startGatehouse } from '../rig/gatehouse-process.ts';

const LISTED = 'listed-in-the-settings';
const SETTINGS: SettingsSections = {
  admin: {
    credentials: [{ name: 'ops', sha256: createHash('sha256').update(LISTED).digest('hex'), rights: ['read'] }],
  },
};

async function statusOf({ adminUrl }: GatehouseProcess, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${adminUrl}/api/am/admin/v4/key-managers`, { headers })).status;
}

test('credentials of the settings take the place of the one of the first start, and the log says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-credentials-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let running = await startGatehouse({ folder });
  onTestFinished(async () => void (await running.stop()));
  const first = running.adminToken;
  expect([await statusOf(running, first), await statusOf(running, LISTED)]).toEqual([200, 401]);
  await running.stop();

  running = await startGatehouse({ folder, settings: SETTINGS });
  expect([await statusOf(running, first), await statusOf(running, LISTED)]).toEqual([401, 200]);
  const line = await running.logged(({ ignored }) => ignored !== undefined);
  expect(line).toMatchObject({ level: 'info', ignored: ['first'] });
  expect(line['msg']).toBe('admin.credentials replaces the credential of the first start');
});
