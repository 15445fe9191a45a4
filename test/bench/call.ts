// One request of the load: an Envoy's question to Gatehouse as framed bytes, made once and sent many times. It is 1.8 KB whatever
// token is in it, so that scenarios differ in the work they cause and not in the bytes they move.

import { AUTHORIZATION_SERVICE, loadServices } from '../../src/extauthz/proto-services.ts';

/** A request, and the answers that are right. */
export interface Call {
  readonly headers: Readonly<Record<string, string>>;
  /** A gRPC message with its frame; absent for a plain HTTP request. */
  readonly body?: Buffer | undefined;
  /** `google.rpc.Code` of the CheckResponse, or for a plain request the HTTP status; gRPC's own status is negative. */
  readonly expected: readonly number[];
}

/** What varies between checks. */
export interface CheckOptions {
  readonly token: string;
  readonly path: string;
  readonly expected?: readonly number[];
}

/** `google.rpc.Code`. */
export const CODE = { ok: 0, permissionDenied: 7, unavailable: 14, unauthenticated: 16 } as const;

/** gRPC's own DEADLINE_EXCEEDED: Envoy would have given up. */
export const GAVE_UP = -4;

/** The path of Envoy's service. */
export const CHECK_PATH = `/${AUTHORIZATION_SERVICE}/Check`;

/** Headers of a gRPC call; the timeout is that of `envoy/envoy.yaml`. */
export const GRPC_HEADERS = {
  ':method': 'POST',
  ':path': CHECK_PATH,
  'content-type': 'application/grpc',
  te: 'trailers',
  'grpc-timeout': '500m',
} as const;

/** With RS256 tokens, a Chrome's headers and those that Envoy adds, without cookies, a check is about this large. */
export const CHECK_BYTES = 1800;

/** The host that is asked about. */
export const HOST = 'api.example.com';
const BROWSER_HEADERS = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  accept: 'application/json, text/plain, */*',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  origin: 'https://app.example.com',
  referer: 'https://app.example.com/',
  'sec-ch-ua': '"Chromium";v="138", "Google Chrome";v="138", "Not)A;Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-site',
  'x-forwarded-for': '203.0.113.77',
  'x-forwarded-proto': 'https',
  'x-request-id': '6f1c2ab0-9d5e-4f06-8f3a-3f9e8f1f4c11',
};

const checkMethod = loadServices().authorization['Check'];

/** Headers of the request that is asked about. */
export function browserHeaders(token: string): Readonly<Record<string, string>> {
  return { ...BROWSER_HEADERS, authorization: `Bearer ${token}` };
}

/** A check of a GET, as Envoy asks it with the shipped file. */
export function checkCall({ token, path, expected = [CODE.ok] }: CheckOptions): Call {
  const bare = encode(path, { ...browserHeaders(token), cookie: '' });
  // Lengths grow by a byte when they pass 127; from there on the cookie takes up what is left, to the byte.
  const cookie = 'c'.repeat(Math.max(0, CHECK_BYTES - bare.length - 2));
  const message = encode(path, { ...browserHeaders(token), cookie });
  return { headers: GRPC_HEADERS, body: framed(message), expected };
}

/** gRPC over HTTP/2, Length-Prefixed-Message: not compressed, length, message. */
function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function encode(path: string, headers: Readonly<Record<string, string>>): Buffer {
  const all = { ':authority': HOST, ':path': path, ':method': 'GET', ':scheme': 'https', ...headers };
  const http = {
    ...{ id: '4711', method: 'GET', path, host: HOST, scheme: 'https', protocol: 'HTTP/2', size: -1 },
    header_map: { headers: Object.entries(all).map(([key, value]) => ({ key, raw_value: Buffer.from(value) })) },
  };
  const peer = (address: string, port: number) => ({ address: { socket_address: { address, port_value: port } } });
  const attributes = {
    source: peer('203.0.113.77', 52_814),
    destination: peer('192.0.2.10', 443),
    request: { time: { seconds: 1_767_225_600, nanos: 123_000_000 }, http },
    route_metadata_context: {},
    tls_session: { sni: HOST },
  };
  if (checkMethod === undefined) throw new Error('the service has no Check');
  return checkMethod.requestSerialize({ attributes });
}
