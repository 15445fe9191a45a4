// What a stranger sends never becomes a label: labels are names of the catalog, or nothing.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSigningKey } from '../rig/signing-key.ts';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack?.stop();
});

/** The values that a label has in the scrape. */
function valuesOfLabel(text: string, label: string): Set<string | undefined> {
  return new Set([...text.matchAll(new RegExp(`[{,]${label}="([^"]*)"`, 'g'))].map((match) => match[1]));
}

test('labels never come from an unverified token', async () => {
  const marked = { azp: 'marked-client', sub: 'marked-subject', scope: 'marked-scope', aud: 'marked-audience' };
  const ofStranger = stack.partner.mint({ ...marked, iss: 'https://marked.example' });
  const forged = stack.partner.mint(marked, { key: makeSigningKey(), header: { kid: 'marked-kid' } });
  const statuses = [];
  for (const token of [ofStranger, forged, stack.partner.mint(marked)])
    for (const path of ['/marked/1.0.0/path', '/pizza/1.0.0/marked', '/pizza/1.0.0/menu'])
      statuses.push((await stack.get(path, token, [['x-marked', 'marked-header']])).status);
  // A key that nobody knows is a verdict only after a fetch of its own, which the one at the start forbids for a while.
  expect(statuses).toEqual([404, 404, 401, 404, 404, expect.toSatisfy((s) => s === 401 || s === 503), 404, 404, 403]);
  expect((await stack.get('/orders/1.0.0/list', stack.token())).status).toBe(200);

  const headers = { authorization: `Bearer ${stack.gatehouse.adminToken}` };
  const text = await (await fetch(`${stack.gatehouse.adminUrl}/metrics`, { headers })).text();
  expect(text).not.toContain('marked');
  expect(valuesOfLabel(text, 'api')).toEqual(new Set(['', 'Pizza:1.0.0', 'Orders:1.0.0']));
  // The other one's keys are fetched without any token; whether that was done by now is chance.
  const keyManagers = valuesOfLabel(text, 'key_manager');
  expect(keyManagers).toContain('PartnerKM');
  expect([...keyManagers].filter((name) => name !== 'PartnerKM' && name !== 'StaffKM')).toEqual([]);
});
