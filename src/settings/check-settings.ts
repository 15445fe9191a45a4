// Judges settings against each other: what each alone allows but together would be open to others or could not work.

import { isIPv4 } from 'node:net';
import type { Problem } from '../documents/reading/problem.ts';
import { checkListeners } from './check-listeners.ts';
import type { Settings } from './settings.ts';

/** Everything that does not fit together. */
export function checkSettings(settings: Settings): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string, fix: string) => {
    problems.push({ file: 'settings', line: undefined, column: undefined, field, message, fix });
  };
  const { extauthz, admin, tokens, keySets, upstream } = settings;
  if (extauthz.tls === null && !settings.insecure.includes('extauthz'))
    for (const [index, address] of extauthz.listen.entries())
      if (!isLocalAddress(address))
        add(
          `extauthz.listen[${index}]`,
          'is reachable beyond this machine without TLS',
          'set extauthz.tls, listen on 127.0.0.1 or a Unix socket, or start with --insecure-extauthz where the network is trusted',
        );
  checkListeners(settings, add);
  if (admin.tls === null && !isLoopback(admin.host) && !settings.insecure.includes('admin-http'))
    add(
      'admin.host',
      'is reachable beyond this machine without TLS',
      'set admin.tls, use 127.0.0.1, or start with --insecure-admin-http where the network is trusted',
    );
  if (extauthz.marginMs >= extauthz.budgetMs)
    add('extauthz.marginMs', 'leaves no time to decide', 'make it smaller than extauthz.budgetMs');
  if (keySets.maxStaleSeconds < keySets.refreshSeconds)
    add(
      'keySets.maxStaleSeconds',
      'is shorter than the refresh interval',
      'make it larger than keySets.refreshSeconds',
    );
  if (tokens.refusalTtlSeconds > tokens.cacheTtlSeconds)
    add(
      'tokens.refusalTtlSeconds',
      'is longer than tokens.cacheTtlSeconds',
      'make it shorter: a refusal may be temporary',
    );
  checkRedis(settings, add);
  checkBackendJwt(settings, add);
  checkSync(settings, add);
  for (const header of upstream.removeHeaders)
    if (Object.keys(upstream.identityHeaders).some((name) => name.replaceAll('_', '-') === header.replaceAll('_', '-')))
      add('upstream.removeHeaders', `removes the identity header ${header}`, 'take it out of one of the two');
  const spellings = new Map<string, string>();
  for (const header of Object.keys(upstream.identityHeaders)) {
    const folded = header.replaceAll('_', '-');
    const other = spellings.get(folded);
    if (other !== undefined)
      add(
        'upstream.identityHeaders',
        `has ${other} and ${header}, which read the same to an upstream that folds "_" to "-"`,
        'keep one of them',
      );
    spellings.set(folded, header);
  }
  for (const [field, values] of [
    ['name', admin.credentials.map(({ name }) => name)],
    ['sha256', admin.credentials.map(({ sha256 }) => sha256)],
  ] as const)
    for (const index of repeated(values))
      add(`admin.credentials[${index}].${field}`, 'occurs twice', 'give every credential its own');
  return problems;
}

/** Members of a fleet that sign with keys of their own: what one signs, the others would not publish. */
function checkBackendJwt(
  { cache: { redis }, sync, upstream: { backendJwt, identityHeaders } }: Settings,
  add: (field: string, message: string, fix: string) => void,
): void {
  if (!backendJwt.enabled) return;
  const isFleet = sync.source === 'hub' || redis.url !== null || redis.sentinels.length + redis.clusterNodes.length > 0;
  if (isFleet && backendJwt.keys.length === 0)
    add(
      'upstream.backendJwt.keys',
      'is empty in a fleet, so each process would sign with a key that the others do not publish',
      'make a key with openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 (or -algorithm RSA) and give all the same one',
    );
  const folded = (name: string) => name.replaceAll('_', '-');
  if (Object.keys(identityHeaders).some((name) => folded(name) === folded(backendJwt.header)))
    add('upstream.backendJwt.header', 'is an identity header too', 'give one of the two another name');
}

function checkRedis(
  { cache: { redis }, extauthz, sealing }: Settings,
  add: (field: string, message: string, fix: string) => void,
): void {
  const ways = [redis.url !== null, redis.sentinels.length > 0, redis.clusterNodes.length > 0].filter(Boolean).length;
  if (ways > 1)
    add(
      'cache.redis',
      'names more than one Redis',
      'give one of url, sentinels and clusterNodes and delete the others',
    );
  // A key of its own would make each process a stranger to the others, and nobody would notice.
  if (ways > 0 && sealing.keys.length === 0)
    add(
      'sealing.keys',
      'is empty although a Redis is shared, so no process could read what another wrote there',
      'make a key with openssl rand -base64 32 and give all processes that share this Redis the same one',
    );
  if (ways > 0 && redis.commandTimeoutMs >= extauthz.budgetMs)
    add('cache.redis.commandTimeoutMs', 'leaves no time to decide', 'make it smaller than extauthz.budgetMs');
}

function checkSync(
  { catalogFile, outbound, sealing, sync }: Settings,
  add: (field: string, message: string, fix: string) => void,
): void {
  const needed =
    sync.source === 'hub'
      ? { 'hub.url': sync.hub.url, 'hub.credentialFile': sync.hub.credentialFile }
      : sync.source === 'wso2'
        ? {
            'wso2.url': sync.wso2.url,
            'wso2.username': sync.wso2.username,
            'wso2.passwordFile': sync.wso2.passwordFile,
          }
        : {};
  for (const [field, value] of Object.entries(needed))
    if (value === null) add(`sync.${field}`, `is needed with sync.source ${sync.source}`, 'give it');
  if (sync.source === 'hub' && sealing.keys.length === 0)
    add(
      'sealing.keys',
      'is empty although secrets come sealed from a hub, so none of them could be opened here',
      'give the same keys as at the hub',
    );
  if (sync.source === 'hub' && catalogFile !== null)
    add('catalogFile', 'is not applied by a follower', 'leave it out here and apply it at the hub');
  if (sync.whenStale === 'deny' && sync.maxStalenessSeconds === 0)
    add('sync.whenStale', 'denies never, since nothing is ever stale', 'give sync.maxStalenessSeconds');
  const { amqpUrl, publisher } = sync.wso2;
  const hub = amqpUrl === null ? null : URL.parse(amqpUrl);
  if (hub !== null && hub.protocol === 'amqp:' && !outbound.allowHttp && !isLoopback(hub.hostname))
    add(
      'sync.wso2.amqpUrl',
      'would send its password, and take its events, without TLS',
      'write amqps://, or set outbound.allowHttp where the network is trusted',
    );
  if (publisher.tokenUrl !== null && (publisher.clientId === null || publisher.clientSecretFile === null))
    add(
      'sync.wso2.publisher.tokenUrl',
      'is given without a client to ask with',
      'give sync.wso2.publisher.clientId and clientSecretFile, or leave tokenUrl out',
    );
}

/** True for a host that only this machine can reach. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

function isLocalAddress(address: string): boolean {
  return address.startsWith('unix:') || isLoopback(address.slice('tcp://'.length).replace(/:\d+$/, ''));
}

function repeated(values: readonly string[]): readonly number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
