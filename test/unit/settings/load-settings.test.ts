// Settings: the order of their sources, and that each mistake is told in the words of the source it is in.

import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../../src/documents/reading/problem.ts';
import { loadSettings, type SettingsSources } from '../../../src/settings/load-settings.ts';

function settingsOf(sources: SettingsSources) {
  const read = loadSettings(sources);
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'));
  return read.value;
}

function problemsOf(sources: SettingsSources): string[] {
  const read = loadSettings(sources);
  return read.ok ? [] : read.problems.map(formatProblem);
}

const file = (text: string) => ({ name: 'g.yaml', text });
const flag = (name: string, text: string) => ({ label: `--set ${name}`, name, text });

describe('sources', () => {
  test('flags rule over the environment, the environment over the file, the file over defaults', () => {
    const settings = settingsOf({
      file: file('admin: {port: 1}\ntokens: {clockSkewSeconds: 1, cacheTtlSeconds: 100}\ndataDir: /file\n'),
      env: { GATEHOUSE_ADMIN_PORT: '2', GATEHOUSE_TOKENS_CLOCK_SKEW_SECONDS: '2' },
      flags: [flag('admin.port', '3')],
    });
    expect([settings.admin.port, settings.tokens.clockSkewSeconds, settings.tokens.cacheTtlSeconds]).toEqual([
      3, 2, 100,
    ]);
    expect([settings.dataDir, settings.extauthz.budgetMs]).toEqual(['/file', 450]);
  });

  test('a file that holds nothing but comments is an empty one', () => {
    expect(settingsOf({ file: file('# admin: {port: 1}\n') })).toEqual(settingsOf({}));
  });

  test('the environment takes text as it is, lists with commas or as JSON, and maps as JSON', () => {
    const settings = settingsOf({
      env: {
        GATEHOUSE_ORGANIZATION: '007',
        GATEHOUSE_EXTAUTHZ_LISTEN: 'tcp://127.0.0.1:1, unix:/run/g.sock',
        GATEHOUSE_UPSTREAM_REMOVE_HEADERS: '["x-a"]',
        GATEHOUSE_UPSTREAM_IDENTITY_HEADERS: '{"x-user": "subject"}',
        GATEHOUSE_OUTBOUND_ALLOW_HTTP: 'true',
        GATEHOUSE_CATALOG_FILE: '',
      },
    });
    expect(settings.organization).toBe('007');
    expect(settings.extauthz.listen).toEqual(['tcp://127.0.0.1:1', 'unix:/run/g.sock']);
    expect(settings.upstream.removeHeaders).toEqual(['x-a']);
    expect(settings.upstream.identityHeaders).toEqual({ 'x-user': 'subject' });
    expect([settings.outbound.allowHttp, settings.catalogFile]).toEqual([true, null]);
  });

  test('a header may carry a claim that a key manager maps, and the claim has a name', () => {
    const told = (fact: string) => () =>
      settingsOf({ env: { GATEHOUSE_UPSTREAM_IDENTITY_HEADERS: JSON.stringify({ 'x-a': fact }) } });
    const claim = 'claim:http://wso2.org/claims/emailaddress';
    expect(told(claim)().upstream.identityHeaders).toEqual({ 'x-a': claim });
    for (const fact of ['claim:', 'claims:x', 'Claim:x']) expect(told(fact)).toThrow();
  });

  test('workers are a number or auto, which stands for the cores that there are, and for one at least', () => {
    expect(settingsOf({ cores: 8 }).workers).toBe(1);
    expect(settingsOf({ file: file('workers: auto'), cores: 8 }).workers).toBe(8);
    expect(settingsOf({ env: { GATEHOUSE_WORKERS: 'auto' }, cores: 0 }).workers).toBe(1);
    expect(settingsOf({ env: { GATEHOUSE_WORKERS: 'auto' }, flags: [flag('workers', '3')], cores: 8 }).workers).toBe(3);
    expect(settingsOf({ env: { GATEHOUSE_WORKERS: '"auto"' }, cores: 1000 }).workers).toBe(128);
    expect(settingsOf({ file: file('workers: auto') }).workers).toBeGreaterThanOrEqual(1);
  });

  test('a section that is absent comes to be with its members', () => {
    const env = { GATEHOUSE_ADMIN_TLS_CERT_FILE: '/c', GATEHOUSE_ADMIN_TLS_KEY_FILE: '/k' };
    expect(settingsOf({ env }).admin.tls).toEqual({ certFile: '/c', keyFile: '/k', clientCaFile: null });
  });

  test('what Kubernetes writes for a Service named gatehouse is no setting', () => {
    const env = {
      GATEHOUSE_SERVICE_HOST: '10.0.0.1',
      GATEHOUSE_SERVICE_PORT: '9191',
      GATEHOUSE_SERVICE_PORT_GRPC: '9191',
      GATEHOUSE_PORT: 'tcp://10.0.0.1:9191',
      GATEHOUSE_PORT_9191_TCP: 'tcp://10.0.0.1:9191',
      GATEHOUSE_PORT_9191_TCP_ADDR: '10.0.0.1',
      GATEHOUSE_ADMIN_PORT: 'tcp://10.0.0.1:9443',
      GATEHOUSE_ADMIN_SERVICE_HOST: '10.0.0.1',
      GATEHOUSE_CONFIG: '/etc/gatehouse.yaml',
    };
    expect(settingsOf({ env })).toEqual(settingsOf({}));
  });
});

describe('mistakes', () => {
  test('are told all at once, from every source', () => {
    const told = problemsOf({
      file: file('admn: {}\n'),
      env: { GATEHOUSE_ADMIN_PROT: '1', GATEHOUSE_EXTAUTHZ_BUDGET_MS: '99999999', GATEHOUSE_ADMIN_PORT: 'many' },
      flags: [flag('admin.hots', 'x')],
    });
    expect(told).toEqual([
      'g.yaml:1:1 admn: is not a known name (did you mean "admin"?). Fix: write admin, or remove it',
      'environment GATEHOUSE_ADMIN_PORT: is not a JSON value. Fix: write a number, true, false or JSON',
      'environment GATEHOUSE_ADMIN_PROT: is not a setting (did you mean "GATEHOUSE_ADMIN_PORT"?). Fix: write GATEHOUSE_ADMIN_PORT, or remove it',
      'environment GATEHOUSE_EXTAUTHZ_BUDGET_MS: is too large. Fix: give at most 60000',
      'command line --set admin.hots: is not a setting (did you mean "admin.host"?). Fix: write admin.host, or remove it',
    ]);
  });

  test.each([
    [
      'a listen address without a scheme',
      'extauthz: {listen: ["127.0.0.1:9191"]}',
      'extauthz.listen[0]: is not an address',
    ],
    ['a port beyond 65535', 'extauthz: {listen: ["tcp://127.0.0.1:70000"]}', 'extauthz.listen[0]: has a port above'],
    ['a clock skew above five minutes', 'tokens: {clockSkewSeconds: 301}', 'tokens.clockSkewSeconds: is too large'],
    ['no memory for proofs', 'tokens: {cacheBytes: 0}', 'tokens.cacheBytes: is too small. Fix: give at least 65536'],
    ['no memory for refusals', 'tokens: {refusalCacheBytes: 65535}', 'tokens.refusalCacheBytes: is too small'],
    ['a cool-down above five seconds', 'keySets: {cooldownMs: 5001}', 'keySets.cooldownMs: is too large'],
    [
      'an upper-case header',
      'upstream: {removeHeaders: [X-A]}',
      'upstream.removeHeaders[0]: is not the lower-case name',
    ],
    ['the Host header', 'upstream: {removeHeaders: [host]}', 'upstream.removeHeaders[0]: is not the lower-case name'],
    ['an unknown fact', 'upstream: {identityHeaders: {x-a: subjekt}}', 'x-a"]'],
    [
      'an identity header that is also removed',
      'upstream: {removeHeaders: [x-gatehouse-api]}',
      'removes the identity header',
    ],
    [
      'an identity header that is also removed in its underscore spelling',
      'upstream: {removeHeaders: [x_gatehouse_api]}',
      'removes the identity header',
    ],
    [
      'two identity headers that an upstream may read as one',
      'upstream: {identityHeaders: {x-user: subject, x_user: consumerKey}, removeHeaders: []}',
      'has x-user and x_user',
    ],
    ['a quote in the realm', `upstream: {realm: 'a"b'}`, 'upstream.realm: has a quote'],
    [
      'a Redis without a key that its users have in common',
      'cache: {redis: {url: "redis://127.0.0.1:6379/0"}}',
      'sealing.keys: is empty although a Redis is shared',
    ],
    [
      'two Redis at once',
      'cache: {redis: {url: "redis://a/0", clusterNodes: ["b:6379"]}}\nsealing: {keys: [{id: a, file: /a}]}',
      'cache.redis: names more than one Redis',
    ],
    [
      'a Redis that may eat the budget',
      'cache: {redis: {url: "redis://a/0", commandTimeoutMs: 450}}\nsealing: {keys: [{id: a, file: /a}]}',
      'cache.redis.commandTimeoutMs: leaves no time',
    ],
    [
      'a backend JWT of a fleet without a key that all have',
      'upstream: {backendJwt: {enabled: true}}\ncache: {redis: {url: "redis://a/0"}}\nsealing: {keys: [{id: a, file: /a}]}',
      'upstream.backendJwt.keys: is empty in a fleet',
    ],
    [
      'a follower that would sign with a key of its own',
      'upstream: {backendJwt: {enabled: true}}\nsync: {source: hub, hub: {url: "https://hub", credentialFile: /c}}\nsealing: {keys: [{id: a, file: /a}]}',
      'upstream.backendJwt.keys: is empty in a fleet',
    ],
    [
      'a backend JWT in an identity header',
      'upstream: {backendJwt: {enabled: true, header: x_gatehouse_api}}',
      'upstream.backendJwt.header: is an identity header too',
    ],
    [
      'a signing key in two places',
      'upstream: {backendJwt: {keys: [{file: /a, env: A}]}}',
      'upstream.backendJwt.keys[0]: does not say where the key is',
    ],
    [
      'a hub without its address',
      'sync: {source: hub, hub: {credentialFile: /c}}\nsealing: {keys: [{id: a, file: /a}]}',
      'sync.hub.url: is needed with',
    ],
    [
      'a follower without the sealing keys of its hub',
      'sync: {source: hub, hub: {url: "https://hub:9443", credentialFile: /c}}',
      'sealing.keys: is empty although secrets come sealed',
    ],
    [
      'a follower with a catalog of its own',
      'catalogFile: c.yaml\nsync: {source: hub, hub: {url: "https://hub:9443", credentialFile: /c}}\nsealing: {keys: [{id: a, file: /a}]}',
      'catalogFile: is not applied by a follower',
    ],
    ['staleness that denies and never comes', 'sync: {whenStale: deny}', 'sync.whenStale: denies never'],
    [
      'a control plane without a user',
      'sync: {source: wso2, wso2: {url: "https://apim:9443", passwordFile: /p}}',
      'sync.wso2.username: is needed with',
    ],
    [
      'credentials in the URL of an event hub',
      'sync: {wso2: {amqpUrl: "amqp://admin:admin@apim:5672"}}',
      'sync.wso2.amqpUrl: is not an AMQP URL',
    ],
    [
      'an event hub without TLS',
      'sync: {wso2: {amqpUrl: "amqp://apim:5672/carbon"}}',
      'sync.wso2.amqpUrl: would send its password',
    ],
    [
      'a token endpoint without a client',
      'sync: {wso2: {publisher: {tokenUrl: "https://apim:9443/oauth2/token"}}}',
      'tokenUrl: is given without a client',
    ],
    ['a margin that eats the budget', 'extauthz: {budgetMs: 20, marginMs: 20}', 'extauthz.marginMs: leaves no time'],
    [
      'a token in place of its hash',
      'admin: {credentials: [{name: a, sha256: abc, rights: [read]}]}',
      'is not a SHA-256',
    ],
    [
      'a credential without rights',
      `admin: {credentials: [{name: a, sha256: ${'a'.repeat(64)}, rights: []}]}`,
      'too short a list',
    ],
    ['a share above one', 'telemetry: {allowSampling: 1.5}', 'telemetry.allowSampling: is too large'],
    ['an insecure choice in the file', 'insecure: [extauthz]', 'insecure: is not a known name'],
  ])('are told for %s', (_what, text, expected) => {
    const told = problemsOf({ file: file(text) });
    expect(told.join('\n')).toContain(expected.replace('x-a"]', 'upstream.identityHeaders.x-a'));
    expect(told).toHaveLength(1);
  });

  test.each(['0', '-1', '129', '1.5', 'all', 'null'])('are told for %s workers', (workers) => {
    const told = 'is not a number of workers. Fix: write auto, or a whole number from 1 to 128';
    expect(problemsOf({ file: file(`workers: ${workers}`) })).toEqual([`g.yaml:1:10 workers: ${told}`]);
    expect(problemsOf({ env: { GATEHOUSE_WORKERS: workers } })).toEqual([`environment GATEHOUSE_WORKERS: ${told}`]);
  });

  test('are told for a credential or name that occurs twice', () => {
    const one = `{name: a, sha256: ${'a'.repeat(64)}, rights: [read]}`;
    expect(problemsOf({ file: file(`admin: {credentials: [${one}, ${one}]}`) })).toEqual([
      'settings admin.credentials[1].name: occurs twice. Fix: give every credential its own',
      'settings admin.credentials[1].sha256: occurs twice. Fix: give every credential its own',
    ]);
  });
});

describe('addresses beyond this machine', () => {
  const OPEN = ['0.0.0.0', '10.1.2.3', 'gatehouse.example', '127.0.0.1.example.com', '::'];

  test.each(OPEN)('admin on %s needs TLS or the insecure flag', (host) => {
    const text = `admin: {host: "${host}"}`;
    expect(problemsOf({ file: file(text) })[0]).toContain('--insecure-admin-http');
    expect(settingsOf({ file: file(text), insecure: ['admin-http'] }).insecure).toEqual(['admin-http']);
    expect(problemsOf({ file: file(text), insecure: ['extauthz'] })).toHaveLength(1);
    expect(problemsOf({ file: file(`admin: {host: "${host}", tls: {certFile: c, keyFile: k}}`) })).toEqual([]);
  });

  test.each(OPEN)('ext_authz on %s needs TLS or the insecure flag', (host) => {
    const address = host.includes('::') ? `[${host}]` : host;
    const text = `extauthz: {listen: ["unix:/s", "tcp://${address}:9191"]}`;
    expect(problemsOf({ file: file(text) })).toHaveLength(1);
    expect(problemsOf({ file: file(text) })[0]).toContain('extauthz.listen[1]');
    expect(problemsOf({ file: file(text), insecure: ['extauthz'] })).toEqual([]);
  });

  test.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1'])('%s is this machine', (host) => {
    expect(problemsOf({ file: file(`admin: {host: "${host}"}`) })).toEqual([]);
  });
});
