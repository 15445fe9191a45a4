// Secrets and tokens with a mark in them are pushed through every surface; then the mark is looked for, in every spelling, wherever
// something is written or answered.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATHS } from '../rig/key-manager-server.ts';
import { makeSigningKey } from '../rig/signing-key.ts';
import { type Fleet, type Member, RESOURCE, startFleet } from './fleet.ts';
import { introspectingDto, introspectionClient } from './introspecting-key-manager.ts';
import { keyManagerDto } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
/** In no other text, and without characters that an encoding would change. */
const SECRET = 'k4n4ryS3cr3tQ7vZx2';
const TOKEN = 'k4n4rytok3nw8jb5m';
/** Secrets by themselves; nothing else may hold these. */
const OWN_SECRETS = ['admin-token', 'sealing-key'];

let fleet: Fleet;
let member: Member;
/** What was answered, by where. */
const answers: Record<string, string[]> = { admin: [], checks: [], metrics: [], log: [] };

beforeAll(async () => {
  fleet = await startFleet({
    telemetry: { logLevel: 'trace', allowSampling: 1, decisionSteps: true },
    // One that hangs is waited for.
    introspection: { ttlSeconds: 60, refusalTtlSeconds: 1, timeoutMs: 2_000 },
  });
  await fleet.redis().cli('config', 'set', 'rdbcompression', 'no');
  fleet.opaque.setSecret(SECRET);
  member = await fleet.join('one');
});
afterAll(async () => {
  await fleet?.stop();
});

async function admin(method: string, path: string, body?: unknown, headers: object = {}): Promise<string> {
  const reply = await fetch(`${member.gatehouse.adminUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${member.gatehouse.adminToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await reply.text();
  answers['admin']?.push(`${reply.status} ${JSON.stringify([...reply.headers])} ${text}`);
  return text;
}

/** Asks and notes the whole answer; resolves to the reason, empty for an allow. */
async function check(token: string, path = RESOURCE): Promise<string> {
  const answer = await member.checks.check(path, token);
  answers['checks']?.push(JSON.stringify(answer));
  return answer.status === 0 ? '' : (answer.metadata['reason'] ?? '');
}

async function pushThroughAdmin(): Promise<void> {
  const withClient = (secret: unknown) =>
    introspectingDto('Marked', fleet.opaque, 'mk', { additionalProperties: introspectionClient(secret as string) });
  const { id } = JSON.parse(await admin('POST', KEY_MANAGERS, withClient(SECRET))) as { id: string };
  expect(id).toMatch(/./);
  const path = `${KEY_MANAGERS}/${id}`;
  const masked = JSON.parse(await admin('GET', path)) as object;
  await admin('PUT', path, masked);
  await admin('PUT', path, { ...masked, enabled: false });
  await admin('PUT', path, withClient(SECRET));
  await admin('GET', KEY_MANAGERS);
  await admin('GET', '/audit');
  await admin('GET', `${path}/api-usages`);
  await admin('POST', `${path}/test`, { token: fleet.opaque.issue({}, `mk${TOKEN}`) });
  await admin('POST', `${path}/test`, { token: fleet.jwts.mint({ azp: TOKEN }) });
  // Refused ones.
  await admin('POST', KEY_MANAGERS, withClient(SECRET));
  await admin('POST', KEY_MANAGERS, { ...withClient({ secret: SECRET }), name: 'Refused1' });
  await admin('POST', KEY_MANAGERS, { ...withClient([SECRET]), name: 'Refused2' });
  await admin('POST', KEY_MANAGERS, { ...withClient(SECRET), name: 'Refused3', type: SECRET });
  await admin('POST', KEY_MANAGERS, { ...withClient(SECRET), name: 'Refused4', introspectionEndpoint: 'not a url' });
  await admin('POST', KEY_MANAGERS, `{"name":"Refused5","clientSecret":"${SECRET}`);
  await admin('POST', KEY_MANAGERS, `{"password":"${SECRET}","password":"${SECRET}"}`);
  await admin('PUT', `${KEY_MANAGERS}/nobody`, withClient(SECRET));
  await admin('PUT', path, withClient(SECRET), { 'if-match': '"0"' });
  const certificates = { type: 'PEM', value: `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----` };
  await admin('POST', KEY_MANAGERS, { ...keyManagerDto('Refused6', fleet.jwts), certificates });
  await admin('POST', KEY_MANAGERS, {
    ...keyManagerDto('Free', fleet.jwts),
    issuer: 'https://free.example',
    additionalProperties: { connectorPassword: SECRET, nested: { apiKey: SECRET, list: [{ client_secret: SECRET }] } },
  });
  await admin('POST', `${KEY_MANAGERS}/discover`, {
    url: `http://user:${SECRET}@127.0.0.1:9/x?y=${SECRET}`,
    type: 'Okta',
  });
  await admin('GET', KEY_MANAGERS, undefined, { authorization: `Bearer ${SECRET}` });
  await admin('GET', KEY_MANAGERS, undefined, { authorization: `Basic ${btoa(`first:${SECRET}`)}` });
  await admin('GET', `/nowhere?token=${SECRET}`);
  // Tokens.
  await admin('POST', '/revocations', { kind: 'token', token: `mk${TOKEN}other` });
  await admin('POST', '/revocations', { kind: 'token', token: fleet.jwts.mint({ azp: TOKEN }), more: 1 });
  const opaque = { accessToken: `mk${TOKEN}third`, tokenType: 'OPAQUE' };
  const event = { type: 'token_revocation', ...opaque, expiryTime: 1, eventId: 'e' };
  await admin('POST', '/internal/data/v1/notify', event);
  await admin('POST', '/internal/data/v1/notify', { ...event, type: 'unknown' });
  await admin('GET', '/revocations');
  await admin('GET', '/internal/data/v1/revokedjwt');
}

async function pushThroughChecks(): Promise<void> {
  const good = fleet.opaque.issue({}, `mk${TOKEN}good`);
  expect(await check(good)).toBe('');
  expect(await check(good)).toBe('');
  expect(await check(`mk${TOKEN}nobody`)).toBe('token_inactive');
  for (const fault of [
    { kind: 'status', status: 500 },
    { kind: 'hang' },
    { kind: 'reply', body: `<html>mk${TOKEN}` },
    { kind: 'reply', body: JSON.stringify({ active: 'yes', echo: `mk${TOKEN}` }) },
    { kind: 'reply', body: JSON.stringify({ active: true, token: `mk${TOKEN}`, client_id: 'shop', exp: 'soon' }) },
  ] as const) {
    fleet.opaque.fault(fault);
    expect(await check(fleet.opaque.issue({}, `mk${TOKEN}${Math.random().toString(36).slice(2)}`))).not.toBe('');
  }
  fleet.opaque.fault(undefined);
  fleet.opaque.setSecret('another');
  await check(`mk${TOKEN}wrongsecret`);
  fleet.opaque.setSecret(SECRET);
  const jwt = fleet.jwts.mint({ azp: 'shop', note: 'x' });
  marks.push(...jwtMarks(jwt));
  expect(await check(jwt)).toBe('');
  for (const broken of [
    `${jwt}=`,
    jwt.slice(0, -3),
    `${jwt},${jwt}`,
    jwt.replace('.', '..'),
    `${jwt}${'A'.repeat(20_000)}`,
  ])
    expect(await check(broken)).not.toBe('');
  const forged = fleet.jwts.mint({ azp: 'shop' }, { key: makeSigningKey('RS256', fleet.jwts.keys[0]?.kid) });
  marks.push(...jwtMarks(forged));
  expect(await check(forged)).toBe('signature_invalid');
  fleet.jwts.fault(PATHS.jwks, { kind: 'status', status: 500 });
  const unknownKey = fleet.jwts.mint({ azp: 'shop' }, { key: makeSigningKey() });
  marks.push(...jwtMarks(unknownKey));
  await check(unknownKey);
  fleet.jwts.fault(PATHS.jwks, undefined);
  await check(good, `${RESOURCE}?access_token=${TOKEN}`);
  await check('x', `/nowhere/${encodeURIComponent('ä')}?access_token=${TOKEN}`);
}

/** What must be nowhere, by what it is. */
const marks: string[] = [SECRET, TOKEN];

/** A JWT's signature, and two parts together: claims alone may be told to an operator. */
function jwtMarks(jwt: string): string[] {
  const [head = '', payload = '', signature = ''] = jwt.split('.');
  return [signature.slice(0, 40), `${head}.${payload.slice(0, 40)}`];
}

/** A mark as it is, in hex, and in base64 at each of the three places where it may begin. */
function spellings(mark: string): string[] {
  const shifted = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.from('x'.repeat(shift) + mark).toString('base64');
    // Without the ends, which depend on the neighbours.
    const middle = text.slice(shift === 0 ? 0 : 4, -4);
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [mark, Buffer.from(mark).toString('hex'), ...shifted];
}

function find(bytes: Buffer): string[] {
  return marks.flatMap((mark) => spellings(mark).filter((spelling) => bytes.includes(spelling)));
}

/** All that is in its files but for its own secrets, each under its path and when that was. */
function contentsOf(folder: string, when: string): [path: string, bytes: Buffer][] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !OWN_SECRETS.some((name) => entry.name.endsWith(name)),
  );
  return files.map(({ name, parentPath }) => {
    const path = join(parentPath, name);
    return [`${path} ${when}`, readFileSync(path)];
  });
}

test('secrets and tokens are in no log line, metric, answer, Redis value or file', async () => {
  await pushThroughAdmin();
  await pushThroughChecks();
  const former = member;
  member = await member.restart('SIGKILL');
  await pushThroughChecks();
  answers['metrics']?.push(await admin('GET', '/metrics'));
  answers['metrics']?.push(await admin('GET', '/readyz'));
  await fleet.redis().cli('save');
  const dump = readFileSync(fleet.redis().dumpFile);
  // As they are while it runs, its journal among them, and as it leaves them; its last lines are there then, too.
  const files = contentsOf(member.gatehouse.folder, 'while it runs');
  await member.gatehouse.stop();
  files.push(...contentsOf(member.gatehouse.folder, 'after its end'));
  for (const { gatehouse } of [former, member]) answers['log']?.push(...gatehouse.stdout, ...gatehouse.stderr);

  // What is searched holds what it should, so that finding nothing means something.
  expect(dump.includes('gatehouse:')).toBe(true);
  expect(files.some(([, bytes]) => bytes.includes('Marked'))).toBe(true);
  expect(answers['log']?.some((line) => line.includes('introspection_unavailable'))).toBe(true);
  expect(answers['metrics']?.[0]).toContain('gatehouse_decisions_total');
  expect(find(Buffer.from(`Basic ${btoa(`gatehouse:${SECRET}`)}`))).not.toEqual([]);

  const found: Record<string, string[]> = {};
  const note = (where: string, bytes: Buffer) => {
    const hits = find(bytes);
    if (hits.length > 0) found[where] = hits;
  };
  for (const [where, texts] of Object.entries(answers))
    for (const text of texts) note(`${where}: ${text.slice(0, 400)}`, Buffer.from(text));
  note('Redis', dump);
  for (const [path, bytes] of files) note(path, bytes);
  const counts = Object.fromEntries(Object.entries(answers).map(([where, texts]) => [where, texts.length]));
  console.log('searched for secrets and tokens:', { ...counts, redisBytes: dump.length, files: files.length });
  expect(found).toEqual({});
});
