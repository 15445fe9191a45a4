// A secret and a token go in by every door of the admin side, in every place where one can stand, good requests and bad ones; neither
// comes out of an answer, a log line or the audit.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROUTE_RIGHTS } from '../../../src/admin/access/route-rights.ts';
import { type AdminRig, startRig, stubDiagnosis, TOKENS } from './admin-rig.ts';

const CANARY = 'cAnArY7f3d';
const JWT = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(`{"jti":"${CANARY}"}`).toString('base64url')}.${CANARY}`;
const said: string[] = [];
let rig: AdminRig;
beforeAll(async () => {
  rig = await startRig({
    diagnosis: {
      ...stubDiagnosis,
      discover: () => Promise.reject(new Error('a defect without anything of the request')),
    },
  });
  await rig.call('POST', '/api/am/admin/v4/key-managers', TOKENS.all, {
    name: 'Okta',
    type: 'Okta',
    additionalProperties: {
      client_secret: CANARY,
      nested: [{ password: CANARY }],
      url: `https://u:${CANARY}@x.example`,
    },
  });
  await rig.call('POST', '/revocations', TOKENS.all, { kind: 'token', token: JWT });
});
afterAll(() => rig.stop());

const SECRET = { client_secret: CANARY, apiKey: CANARY, tls: { clientKey: `-----BEGIN PRIVATE KEY-----${CANARY}` } };
/** Bodies that are taken, and bodies that are wrong in one way each. */
const BODIES: readonly unknown[] = [
  undefined,
  { name: `Okta ${said.length}`, type: 'Okta', additionalProperties: SECRET },
  { name: 'Okta', type: 'Okta', additionalProperties: SECRET },
  { name: 'Okta', type: 'Broken issuer', additionalProperties: SECRET },
  { name: 'Okta', type: 'Okta', secret: CANARY },
  { name: 'Okta', type: 7, additionalProperties: SECRET },
  { name: 'Okta', type: 'Okta', additionalProperties: CANARY },
  { name: 'Okta', type: 'Okta', tokenType: CANARY, enabled: CANARY, permissions: { permissionType: CANARY } },
  { kind: 'token', token: JWT },
  { kind: 'token', tokenHash: CANARY },
  { kind: 'token', value: JWT },
  { kind: CANARY, value: CANARY },
  { kind: 'jti', value: 'a', expiresAt: CANARY },
  { kind: 'jti', value: 'a', keyManager: CANARY },
  { type: 'token_revocation', accessToken: JWT, tokenType: 'Opaque', expiryTime: CANARY },
  { type: 'token_revocation', accessToken: CANARY, tokenType: 'Opaque' },
  { type: 'other', accessToken: CANARY },
  { token: JWT },
  { token: [CANARY] },
  { url: `https://u:${CANARY}@x.example/?token=${CANARY}`, type: 'Okta' },
  `{"client_secret":"${CANARY}"`,
  `{"client_secret":"${CANARY}","client_secret":"${CANARY}"}`,
  `{"__proto__":{"client_secret":"${CANARY}"}}`,
];

async function note(answer: Response) {
  said.push(JSON.stringify([...answer.headers]), await answer.text());
}

test('no secret and no token comes out of any route', { timeout: 60_000 }, async () => {
  for (const route of Object.keys(ROUTE_RIGHTS)) {
    const [method = '', pattern = ''] = route.split(' ');
    const [revocation = ''] = [...rig.revocations.rows.keys()];
    const path = pattern.replace(':id', pattern.startsWith('/revocations') ? revocation : 'id-1');
    const bodies = method === 'GET' || method === 'DELETE' ? [undefined] : BODIES;
    for (const body of bodies) await note(await rig.call(method, path, TOKENS.all, body));
    await note(await rig.call(method, `${path}?access_token=${CANARY}&limit=${CANARY}`, TOKENS.all));
    // By what it answers to credentials that are wrong, no credential may come out either.
    for (const authorization of [`Bearer ${CANARY}`, `Bearer ${JWT}`, `Basic ${btoa(`all:${CANARY}`)}`, CANARY])
      await note(await fetch(`${rig.url}${path}`, { method, headers: { authorization } }));
    const type = `multipart/form-data; boundary=${CANARY}`;
    const headers = { authorization: `Bearer ${TOKENS.all}`, 'content-type': type };
    if (bodies.length > 1) await note(await fetch(`${rig.url}${path}`, { method, headers, body: `--${CANARY}\r\n` }));
  }
  said.push(JSON.stringify(rig.audited), ...rig.errors, ...rig.warnings, JSON.stringify([...rig.revocations.rows]));
  const leaks = said.filter((text) => text.includes(CANARY) || text.includes('eyJ'));
  expect(leaks).toEqual([]);
  expect(said.length).toBeGreaterThan(400);
});
