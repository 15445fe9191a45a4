// The lean reader against the full decode, and what it does with bytes that are no CheckRequest.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadServices } from '../../../../src/extauthz/proto-services.ts';
import { CheckRequest } from '../../../../src/extauthz/request/check-request.ts';
import { MalformedCheckRequest } from '../../../../src/extauthz/request/malformed-check-request.ts';
import { CertificateAuthority } from '../../../rig/certificate-authority.ts';
import { entry, field, message } from '../wire-bytes.ts';

const NAMES = { api: 'api', organization: 'organization', environment: 'env', metadataNamespace: 'gatehouse' };
const PROBES = ['authorization', 'x-request-id', 'content-type', ':path', 'x-none'];
const check = loadServices().authorization['Check'];

const read = (bytes: Buffer) => new CheckRequest(bytes, NAMES);
const ofHttp = (...fields: Buffer[]) => read(message(1, message(4, message(2, ...fields))));
const ofAttributes = (...fields: Buffer[]) => read(message(1, ...fields));
const routeText = (key: string, value: Buffer) => message(1, field(1, key), message(2, value));
const route = (namespace: string, ...fields: Buffer[]) =>
  message(13, message(1, field(1, namespace), message(2, ...fields)));

describe('on random messages', { timeout: 60_000 }, () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const key = text.filter((name) => name !== '__proto__');
  const headerName = fc.oneof(fc.constantFrom(...PROBES, 'Authorization', 'X-Request-ID', 'AUTHORIZATION'), key);
  const tag = fc.oneof(fc.constantFrom('api', 'organization', 'env'), key);
  const value = fc.oneof(
    text.map((stringValue) => ({ stringValue })),
    fc.constantFrom('prod', 'Sandbox', 'hybrid').map((stringValue) => ({ stringValue })),
    fc.double().map((numberValue) => ({ numberValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.constant({ structValue: { fields: { api: { stringValue: 'inner' } } } }),
  );
  const struct = fc.record({ fields: fc.dictionary(tag, value, { maxKeys: 5, noNullPrototype: true }) });
  const bytes = fc.uint8Array({ maxLength: 30 }).map((raw) => Buffer.from(raw));
  const header = fc.record({ key: headerName, value: text, raw_value: bytes }, { requiredKeys: ['key'] });
  const map = (name: fc.Arbitrary<string>, content: fc.Arbitrary<unknown>) =>
    fc.dictionary(name, content, { maxKeys: 6, noNullPrototype: true });
  const http = fc.record(
    {
      id: text,
      method: text,
      headers: map(headerName, text),
      path: text,
      host: text,
      scheme: text,
      size: fc.integer(),
      body: text,
      raw_body: bytes,
      header_map: fc.record({ headers: fc.array(header, { maxLength: 6 }) }),
    },
    { requiredKeys: [] },
  );
  const attributes = fc.record(
    {
      source: fc.record({ service: text, labels: map(key, text), principal: text }, { requiredKeys: [] }),
      request: fc.record({ http }, { requiredKeys: [] }),
      context_extensions: map(tag, text),
      tls_session: fc.record({ sni: text }),
      metadata_context: fc.record({ filter_metadata: map(key, struct) }),
      route_metadata_context: fc.record({ filter_metadata: map(fc.oneof(fc.constant('gatehouse'), key), struct) }),
    },
    { requiredKeys: [] },
  );

  type Value = { stringValue?: string };
  type Decoded = {
    request?: {
      http?: Record<'method' | 'path' | 'host', string> & {
        headers?: Record<string, string>;
        header_map?: { headers?: { key?: string; value?: string; raw_value?: Buffer }[] };
      };
    };
    context_extensions?: Record<string, string>;
    route_metadata_context?: { filter_metadata?: Record<string, { fields?: Record<string, Value> }> };
  };

  const plain = (raw: Buffer) => raw.toString(isUtf8(raw) ? 'utf8' : 'latin1');
  const sameName = (sent: string, name: string) => sent.replace(/[A-Z]/g, (c) => c.toLowerCase()) === name;

  function headerOf(decoded: Decoded, name: string): string[] {
    const sent = decoded.request?.http;
    const mapped = Object.entries(sent?.headers ?? {}).map(([key, value]) => ({ key, value }));
    const raw = (sent?.header_map?.headers ?? []).map(({ key = '', value = '', raw_value }) => ({
      key,
      value: raw_value !== undefined && raw_value.length > 0 ? plain(raw_value) : value,
    }));
    return [...mapped, ...raw].filter(({ key }) => sameName(key, name)).map(({ value }) => value);
  }

  function routeOf(decoded: Decoded) {
    const extensions = decoded.context_extensions ?? {};
    const fields = decoded.route_metadata_context?.filter_metadata?.['gatehouse']?.fields ?? {};
    const own = (name: string) => (Object.hasOwn(extensions, name) ? extensions[name] : undefined);
    const tagged = (name: string) => (Object.hasOwn(fields, name) ? (fields[name]?.stringValue ?? '\0') : undefined);
    const organization = own('organization') ?? tagged('organization');
    const environment = (own('env') || tagged('env') || '').toUpperCase();
    const named = {
      PROD: 'PRODUCTION',
      PRODUCTION: 'PRODUCTION',
      SANDBOX: 'SANDBOX',
      HYBRID: 'HYBRID',
      '': undefined,
    } as const;
    const api = own('api') ?? tagged('api');
    const source = own('api') === undefined ? 'route_metadata' : 'context_extensions';
    return {
      apiReference: api === undefined ? undefined : { source, api, organization },
      environment: environment in named ? named[environment as keyof typeof named] : 'invalid',
    };
  }

  test('it reads what the full decode reads', () => {
    fc.assert(
      fc.property(attributes, (sent) => {
        const wire = check?.requestSerialize({ attributes: sent }) as Buffer;
        const { attributes: decoded = {} } = (check?.requestDeserialize(wire) ?? {}) as { attributes?: Decoded };
        const lean = read(wire);
        for (const name of ['method', 'path', 'host'] as const)
          expect(lean[name]).toBe(decoded.request?.http?.[name] ?? '');
        for (const name of PROBES) expect(lean.header(name)).toEqual(headerOf(decoded, name));
        expect({ apiReference: lean.apiReference, environment: lean.environment }).toEqual(routeOf(decoded));
        expect(lean.peerCertificateThumbprint()).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('a message that is cut off anywhere is malformed', () => {
    const wire = check?.requestSerialize({
      attributes: {
        source: { certificate: 'x' },
        request: {
          http: { method: 'GET', path: '/', headers: { a: 'b' }, header_map: { headers: [{ key: 'k', value: 'v' }] } },
        },
        context_extensions: { api: 'x' },
        route_metadata_context: { filter_metadata: { gatehouse: { fields: { env: { stringValue: 'prod' } } } } },
      },
    }) as Buffer;
    for (let end = 1; end < wire.length; end++)
      expect(() => read(wire.subarray(0, end)), `cut at ${end}`).toThrow(MalformedCheckRequest);
  });

  test('any bytes are read or malformed, nothing else', () => {
    const field1 = fc.uint8Array({ maxLength: 60 }).map((raw) => message(1, message(4, message(2, Buffer.from(raw)))));
    fc.assert(
      fc.property(fc.oneof(field1, bytes), (wire) => {
        try {
          for (const name of PROBES) read(wire).header(name);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedCheckRequest);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('protobuf rules', () => {
  test('the last of repeated scalars counts', () => {
    expect(ofHttp(field(2, 'POST'), field(4, '/old'), field(2, 'GET'), field(4, '/new'))).toMatchObject({
      method: 'GET',
      path: '/new',
    });
  });

  test('messages that come in two parts are merged at every level', () => {
    const first = message(1, message(4, message(2, field(2, 'GET'), entry(3, 'a', '1'))), message(1, field(5, '')));
    const second = message(1, message(4, message(2, field(4, '/p')), message(2, field(5, 'h'), entry(3, 'a', '2'))));
    const request = read(Buffer.concat([first, second]));
    expect(request).toMatchObject({ method: 'GET', path: '/p', host: 'h' });
    expect(request.header('a')).toEqual(['1', '2']);
  });

  test('route metadata that comes in two parts is merged, a namespace given twice is replaced', () => {
    const api = routeText('api', field(3, 'a'));
    const env = routeText('env', field(3, 'prod'));
    const twoStructs = message(13, message(1, field(1, 'gatehouse'), message(2, api), message(2, env)));
    expect(ofAttributes(twoStructs)).toMatchObject({ apiReference: { api: 'a' }, environment: 'PRODUCTION' });
    expect(ofAttributes(route('gatehouse', api), route('gatehouse', env))).toMatchObject({
      apiReference: undefined,
      environment: 'PRODUCTION',
    });
  });

  test('unknown fields of every wire type are passed over', () => {
    const fixed32 = Buffer.concat([Buffer.from([0xfd, 0x06]), Buffer.alloc(4)]);
    const fixed64 = Buffer.concat([Buffer.from([0xf9, 0x06]), Buffer.alloc(8)]);
    const number = field(200, 2 ** 52);
    expect(ofHttp(fixed32, fixed64, number, field(300, 'x'), field(2, 'GET')).method).toBe('GET');
  });

  const malformed: Record<string, () => unknown> = {
    'a method that is a number': () => ofHttp(field(2, 1)),
    'headers that are a number': () => ofHttp(field(3, 1)),
    'attributes that are a number': () => read(field(1, 1)),
    'a header name that is a number': () => ofHttp(message(3, field(1, 1))),
    'a header value longer than its entry': () => ofHttp(field(3, Buffer.from([0x0a, 0x09, 0x61]))),
    'field number zero': () => read(Buffer.from([0x00, 0x00])),
    'a group': () => read(Buffer.from([0x0b, 0x0c])),
    'a number of eleven bytes': () => read(Buffer.concat([Buffer.from([0x10]), Buffer.alloc(11, 0x80)])),
    'a length beyond all memory': () =>
      read(Buffer.concat([Buffer.from([0x0a]), Buffer.alloc(9, 0xff), Buffer.from([0x01])])),
    'a method that is not UTF-8': () => ofHttp(field(2, Buffer.from([0xc3, 0x28]))),
    'a map header that is not UTF-8': () =>
      ofHttp(message(3, field(1, 'a'), field(2, Buffer.from([0xff])))).header('a'),
    'a certificate that is not PEM': () => ofAttributes(message(1, field(5, 'junk'))).peerCertificateThumbprint(),
    'a certificate with a bad escape': () => ofAttributes(message(1, field(5, '%E0%A4%A'))).peerCertificateThumbprint(),
  };
  test.each(Object.entries(malformed))('%s is malformed', (_name, act) => {
    expect(act).toThrow(MalformedCheckRequest);
  });
});

describe('headers', () => {
  const raw = (...headers: (readonly [string, string | Buffer])[]) =>
    ofHttp(message(13, ...headers.map(([name, value]) => message(1, field(1, name), field(3, Buffer.from(value))))));

  test('are found whatever their case, every one of them, in order', () => {
    const request = raw(['Authorization', 'Bearer a'], ['x', '1'], ['authorization', 'Bearer b']);
    expect(request.header('authorization')).toEqual(['Bearer a', 'Bearer b']);
  });

  test('that are not UTF-8 keep every byte in raw mode', () => {
    expect(raw(['authorization', Buffer.from([0x42, 0xc3, 0x28])]).header('authorization')).toEqual(['BÃ(']);
  });

  test('named like members of objects are only headers', () => {
    expect(ofHttp(entry(3, '__proto__', 'x'), entry(3, 'constructor', 'y')).header('constructor')).toEqual(['y']);
    expect(ofHttp().header('constructor')).toEqual([]);
  });

  test('with an underscore in their name are listed as they were sent', () => {
    expect(raw(['x-a', '1'], ['X-Gatehouse_Api', '2'], ['x_b', '3']).underscoredHeaders()).toEqual([
      'X-Gatehouse_Api',
      'x_b',
    ]);
    expect(raw(['x-a', '1']).underscoredHeaders()).toEqual([]);
  });

  test('give the request id and the media type', () => {
    const request = raw(['x-request-id', 'r-1'], ['content-type', 'application/grpc']);
    expect([request.requestId, request.contentType]).toEqual(['r-1', 'application/grpc']);
  });
});

describe('the route', () => {
  test('an API named in context extensions wins over route metadata', () => {
    const request = ofAttributes(entry(10, 'api', 'a:1'), route('gatehouse', routeText('api', field(3, 'b:1'))));
    expect(request.apiReference).toEqual({ source: 'context_extensions', api: 'a:1', organization: undefined });
  });

  test('an empty API name is still a name', () => {
    expect(ofAttributes(entry(10, 'api', '')).apiReference?.api).toBe('');
  });

  test('an API in route metadata that is not a text is a name that no API has', () => {
    expect(ofAttributes(route('gatehouse', routeText('api', field(4, 1)))).apiReference).toMatchObject({ api: '\0' });
  });

  test('route metadata of another namespace says nothing', () => {
    expect(ofAttributes(route('other', routeText('api', field(3, 'b')))).apiReference).toBeUndefined();
  });

  test('headers cannot name an API', () => {
    expect(ofHttp(entry(3, 'api', 'a'), entry(3, 'x-api', 'a')).apiReference).toBeUndefined();
  });

  test.each([
    ['prod', 'PRODUCTION'],
    ['hybrid', 'HYBRID'],
    ['Hybrid', 'HYBRID'],
    ['Production', 'PRODUCTION'],
    ['SANDBOX', 'SANDBOX'],
    ['sandbox', 'SANDBOX'],
    ['', undefined],
    ['staging', 'invalid'],
    ['constructor', 'invalid'],
  ])('the environment "%s" is read as %s', (written, meant) => {
    expect(ofAttributes(entry(10, 'env', written)).environment).toBe(meant);
  });
});

describe('the address that a request comes from', () => {
  const from = (address: string) => message(1, message(1, message(1, field(2, address))));
  const forwarded = (value: string) => message(4, message(2, message(3, field(1, 'x-forwarded-for'), field(2, value))));
  const at = (trustedHops: number, ...attributes: Buffer[]) =>
    new CheckRequest(message(1, ...attributes), NAMES, trustedHops).clientAddress();

  test('is that of Envoy’s peer, whatever a client writes into headers', () => {
    expect(at(0, from('192.0.2.1'), forwarded('198.51.100.9, 10.0.0.1'))).toBe('192.0.2.1');
    expect(at(0, from('2001:db8::1'))).toBe('2001:db8::1');
  });

  test('is what the outermost trusted proxy saw; what stands before that in the header does not count', () => {
    const sent = forwarded('6.6.6.6, 198.51.100.9,10.0.0.2,10.0.0.1');
    expect(at(1, from('10.0.0.1'), sent)).toBe('10.0.0.2');
    expect(at(2, from('10.0.0.1'), sent)).toBe('198.51.100.9');
  });

  test('is unknown for a Unix socket, and where a proxy has not written it', () => {
    expect(at(0, message(1, message(1, message(2, field(1, '/run/envoy.sock')))))).toBeUndefined();
    expect(at(0)).toBeUndefined();
    expect(at(1, from('10.0.0.1'))).toBeUndefined();
    expect(at(2, from('10.0.0.1'), forwarded('6.6.6.6, 10.0.0.1'))).toBeUndefined();
  });

  test('is malformed where it is no text, and only for who asks', () => {
    const request = ofAttributes(message(1, message(1, message(1, field(2, Buffer.from([0xc3, 0x28]))))));
    expect(() => request.clientAddress()).toThrow(MalformedCheckRequest);
  });
});

test('the thumbprint is that of the first certificate of the URL-encoded chain', () => {
  const authority = new CertificateAuthority('authority');
  const { certificate } = authority.issue('client');
  const chain = encodeURIComponent(certificate + authority.certificate);
  const der = Buffer.from(certificate.replace(/-----.*-----/g, ''), 'base64');
  const request = ofAttributes(message(1, field(5, chain)));
  expect(request.peerCertificateThumbprint()).toBe(createHash('sha256').update(der).digest('base64url'));
});
