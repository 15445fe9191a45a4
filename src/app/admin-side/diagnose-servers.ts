// Looks at the servers of a key manager: its metadata, its certificates, its keys one by one, and its clock.

import type { DiagnosisCheck } from '../../admin/key-managers/diagnosis.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { endpointOf } from '../../domain/key-manager-endpoints.ts';
import type { OutboundReply } from '../../domain/outbound.ts';
import type { OutboundDoor } from '../../outbound/outbound-door.ts';
import type { FetchKeySet } from '../../tokens/key-sets/fetch-key-set.ts';
import { importJwks } from '../../tokens/keys/import-jwks.ts';
import { importPem } from '../../tokens/keys/import-pem.ts';
import type { KeyProblem } from '../../tokens/keys/verification-key.ts';
import { type CheckName, failed, fixOf, notApplicable, ok, shown, shownUrl, warning } from './diagnosis-checks.ts';

/** What is looked with. */
export interface ServerParts {
  readonly door: Pick<OutboundDoor, 'send' | 'probeTls'>;
  readonly fetchKeySet: FetchKeySet;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A key manager as it is in force, and as it was written. */
export interface Examined {
  readonly keyManager: KeyManager;
  readonly dto: KeyManagerDto;
}

const DAY_MS = 86_400_000;
/** A certificate that ends sooner is somebody's task for this week. */
const SOON_MS = 14 * DAY_MS;
/** HTTP's Date has whole seconds; less than this is no difference. */
const CLOCK_NOISE_SECONDS = 5;

/** Its metadata document, what it says in common with the key manager, and the server's clock. */
export async function examineDiscovery(
  { keyManager, dto }: Examined,
  { door, timeoutMs, maxBytes, now }: ServerParts,
): Promise<readonly DiagnosisCheck[]> {
  const url = dto.wellKnownEndpoint?.trim() ?? '';
  if (url === '' || url.toLowerCase() === 'none')
    return [notApplicable('discovery', 'the key manager names no wellKnownEndpoint')];
  const headers = { accept: 'application/json' };
  const reply = await door.send({ keyManager, method: 'GET', url, headers, maxBytes, timeoutMs });
  if ('problem' in reply) return [unreachable('discovery', url, reply.problem)];
  const clock = examineClock(reply, keyManager, now());
  const document = reply.status === 200 ? jsonOf(reply.text) : undefined;
  if (document === undefined) {
    const detail = `${shownUrl(url)} answers with status ${reply.status}${reply.status === 200 ? ' and no JSON object' : ''}`;
    return [failed('discovery', detail, 'correct wellKnownEndpoint'), clock];
  }
  return [
    ok('discovery', `${shownUrl(url)} answers`),
    examineIssuer(document['issuer'], keyManager),
    ...examineEndpoints(document, { keyManager, dto }),
    clock,
  ];
}

function examineIssuer(issuer: unknown, { issuers, tenancy }: KeyManager): DiagnosisCheck {
  if (typeof issuer !== 'string')
    return failed('issuer', 'the document names no issuer', 'see that wellKnownEndpoint is a discovery document');
  if (issuers.includes(issuer)) return ok('issuer', `the document names ${shown(issuer)}, as the key manager does`);
  if (tenancy !== null && issuer.includes('{'))
    return ok('issuer', `the document names the template ${shown(issuer)}; the key manager has its tenants`);
  const ours = issuers.length === 0 ? 'the key manager has none' : `the key manager has ${shown(issuers.join(', '))}`;
  return failed(
    'issuer',
    `the document names ${shown(issuer)}, ${ours}`,
    'set issuer to what the tokens have in iss, character by character, a closing slash too',
  );
}

function examineEndpoints(
  document: Readonly<Record<string, unknown>>,
  { keyManager, dto }: Examined,
): readonly DiagnosisCheck[] {
  const { keys, introspection } = keyManager;
  const jwks = document['jwks_uri'];
  const theirs = document['introspection_endpoint'];
  const differences = [
    keys.kind === 'jwks' && typeof jwks === 'string' && !keys.urls.includes(jwks) && `jwks_uri ${shownUrl(jwks)}`,
    introspection !== null &&
      typeof theirs === 'string' &&
      theirs !== (endpointOf(dto, 'introspectionEndpoint') ?? introspection.endpoint) &&
      `introspection_endpoint ${shownUrl(theirs)}`,
  ].filter((difference) => difference !== false);
  if (differences.length === 0) return [];
  return [
    warning(
      'discovered_endpoints',
      `the document names others than the key manager: ${differences.join(', ')}`,
      'see which of the two is right; tokens are judged by what the key manager says',
    ),
  ];
}

/** The server's Date against our own clock. */
function examineClock(
  reply: Exclude<OutboundReply, { readonly problem: string }>,
  { clockSkewSeconds }: KeyManager,
  nowMs: number,
): DiagnosisCheck {
  const theirs = Date.parse(reply.header('date') ?? '');
  if (Number.isNaN(theirs)) return notApplicable('clock', 'the server tells no Date');
  const seconds = Math.round((nowMs - theirs) / 1000);
  const off = Math.abs(seconds);
  const detail =
    off <= CLOCK_NOISE_SECONDS
      ? 'the clocks agree'
      : `this machine is ${off} s ${seconds > 0 ? 'ahead of' : 'behind'} the server`;
  const fix = 'see that both keep time (NTP)';
  if (off > clockSkewSeconds) return failed('clock', `${detail}; ${clockSkewSeconds} s are tolerated`, fix);
  return off <= CLOCK_NOISE_SECONDS ? ok('clock', detail) : warning('clock', detail, fix);
}

/** The certificate of each server that is asked. */
export async function examineTls(
  { keyManager, dto }: Examined,
  { door, timeoutMs, now }: ServerParts,
): Promise<readonly DiagnosisCheck[]> {
  const { keys, introspection, connection } = keyManager;
  const urls = [dto.wellKnownEndpoint, ...(keys.kind === 'jwks' ? keys.urls : []), introspection?.endpoint];
  const origins = new Set(
    urls.flatMap((url) => {
      const parsed = URL.parse(url?.trim() ?? '');
      return parsed?.protocol === 'https:' ? [parsed.origin] : [];
    }),
  );
  if (origins.size === 0) return [notApplicable('tls', 'no server is asked over TLS')];
  const looks = [...origins].map(async (origin): Promise<DiagnosisCheck> => {
    const found = await door.probeTls(origin, connection, timeoutMs);
    if (found === undefined) return notApplicable('tls', `${shownUrl(origin)} is behind a proxy`);
    if (!('protocol' in found)) return unreachable('tls', origin, found.problem);
    const until = new Date(found.validToMs).toISOString().slice(0, 10);
    const detail = `${origin}: ${found.protocol}, valid until ${until}, for ${found.names.join(', ') || 'no name'}`;
    if (found.problem !== undefined) return failed('tls', `${detail}; refused: ${found.problem}`, fixOf(found.problem));
    if (found.validToMs - now() < SOON_MS)
      return warning('tls', detail, 'renew the certificate; it ends within two weeks');
    return ok('tls', detail);
  });
  return Promise.all(looks);
}

const WHY_REFUSED: Readonly<Record<KeyProblem, readonly [why: string, fix: string | null]>> = {
  not_a_public_key: ['it is no public key', 'see that the set publishes public keys only; replace what was published'],
  member_too_long: ['a member of it is longer than any real one', 'see what the server publishes'],
  unknown_kind: ['its kind or curve is not supported', null],
  unknown_algorithm: ['its alg is not supported or does not fit it', null],
  not_for_signatures: ['it is not meant for signatures', null],
  modulus_length: [
    'its RSA modulus is not 2048 to 8192 bits long',
    'let the server sign with a key of 2048 bits or more',
  ],
  exponent: ['its RSA exponent is not an odd number from 65537 to 2^32-1', 'let the server sign with another key'],
  roca: ['its RSA key can be factored (ROCA, CVE-2017-15361)', 'replace the key at once'],
};

/** Every key of every source: usable, or why not. */
export async function examineKeys(
  { keyManager }: Examined,
  { fetchKeySet }: Pick<ServerParts, 'fetchKeySet'>,
): Promise<readonly DiagnosisCheck[]> {
  const { id, connection, keys, selfValidateJwt } = keyManager;
  if (keys.kind === 'none')
    return [
      selfValidateJwt
        ? failed('key_set', 'the key manager has no keys, so no JWT can be proved', 'give certificates')
        : notApplicable('key_set', 'JWTs of the key manager are introspected'),
    ];
  if (keys.kind === 'pem') return [examinePem(keys.values)];
  const owner = { id, connection, authorizationFile: keys.authorizationFile };
  const found = await Promise.all(
    keys.urls.map(async (url) => {
      const fetched = await fetchKeySet(owner, url);
      return 'problem' in fetched ? [unreachable('key_set', url, fetched.problem)] : examineJwks(url, fetched.text);
    }),
  );
  return found.flat();
}

function examinePem(values: readonly string[]): DiagnosisCheck {
  const set = importPem(values);
  if ('problem' in set) return failed('key_set', `certificates: ${set.problem}`, 'correct the certificates');
  return ok('key_set', `${set.keys.length} key(s) of certificates: ${set.keys.map(({ kty }) => kty).join(', ')}`);
}

function examineJwks(url: string, text: string): readonly DiagnosisCheck[] {
  const set = importJwks(text);
  const entries = jsonOf(text)?.['keys'];
  const each = Array.isArray(entries) && !('problem' in set && set.problem === 'too_many_keys') ? entries : [];
  const checks = each.map(examineKey);
  if ('problem' in set)
    return [
      failed('key_set', `${shownUrl(url)} gives no usable key set: ${set.problem}`, 'see what the URL answers'),
      ...checks,
    ];
  const none = set.keys.length === 0;
  const detail = `${shownUrl(url)} gives ${each.length} key(s), ${set.keys.length} of them usable`;
  return [none ? failed('key_set', detail, 'see why the server withdraws its keys') : ok('key_set', detail), ...checks];
}

function examineKey(entry: unknown): DiagnosisCheck {
  const { kid, alg, kty } = isJsonObject(entry) ? entry : {};
  const says = (value: unknown) => (typeof value === 'string' ? shown(value, 64) : undefined);
  const name = `key ${says(kid) ?? 'without kid'} (${says(alg) ?? says(kty) ?? 'of no kind'})`;
  const single = importJwks(JSON.stringify({ keys: [entry] }));
  if (!('problem' in single)) return ok('key', `${name} is usable`);
  const [problem] = Object.keys(single.refused) as KeyProblem[];
  const [why, fix] = problem === undefined ? ['it cannot be read', null] : WHY_REFUSED[problem];
  // A key that is not for us is no mistake of anybody's.
  return fix === null
    ? notApplicable('key', `${name} is not used: ${why}`)
    : failed('key', `${name} is refused: ${why}`, fix);
}

function unreachable(check: CheckName, url: string, problem: string): DiagnosisCheck {
  return failed(check, `${shownUrl(url)} cannot be asked: ${problem}`, fixOf(problem));
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
