// A client of the gRPC side, for the command line and for tests: asks as Envoy would and reads the answer with the full schema.
// It never prints or keeps what it sends.

import { readFileSync } from 'node:fs';
import { type ChannelCredentials, Client, type ClientOptions, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { grpcTarget, type UnixAddress } from '../grpc/listen-address.ts';
import { SERVING_STATUS } from './health-service.ts';
import { AUTHORIZATION_SERVICE, loadServices } from './proto-services.ts';

/** TLS of a client; files in PEM. */
export interface ClientTls {
  /** Authorities of the server's certificate; the system's if absent. */
  readonly caFile?: string | undefined;
  /** The client's certificate and key, for mTLS. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The name to expect in the server's certificate, where it is not the host. */
  readonly serverName?: string | undefined;
}

/** A server to ask. */
export type CheckTarget =
  | UnixAddress
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: ClientTls | undefined };

/** A request to ask about. */
export interface CheckQuestion {
  readonly method: string;
  /** Absolute; its host, path and query become `:authority` and `:path` as they are written. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly contextExtensions?: Readonly<Record<string, string>>;
  /** `raw`: as with `encode_raw_headers`. `map`: repeated headers joined with `,`. */
  readonly headerMode: 'raw' | 'map';
}

/** A CheckResponse, decoded. */
export interface CheckAnswer {
  /** google.rpc.Code: 0 lets the request pass. */
  readonly status: number;
  readonly kind: 'ok_response' | 'denied_response' | 'error_response' | undefined;
  /** HTTP status and body of a refusal. */
  readonly httpStatus: number | undefined;
  readonly body: string;
  /** Headers for the upstream on an allow, else for the client. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly headersToRemove: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

// Taken apart by hand: `URL` would normalise the path, and how an odd path is judged is what one wants to know.
const ABSOLUTE_URL = /^(https?):\/\/([^/?#]+)(.*)$/is;

/** A connection to one server. Close it when done. */
export class CheckClient {
  readonly #client: Client;
  readonly #services = loadServices();

  /** Connects at the first question. Throws if a certificate file cannot be read. */
  constructor(target: CheckTarget) {
    const options: ClientOptions = { 'grpc.enable_http_proxy': 0 };
    const serverName = target.kind === 'tcp' ? target.tls?.serverName : undefined;
    if (serverName !== undefined) options['grpc.ssl_target_name_override'] = serverName;
    this.#client = new Client(grpcTarget(target), channelCredentials(target), options);
  }

  /** Asks for a decision. Rejects with a gRPC error (it has `code`) when there is no answer in time. */
  async check(question: CheckQuestion, timeoutMs: number): Promise<CheckAnswer> {
    const method = this.#services.authorization['Check'] as MethodDefinition<object, WireAnswer>;
    return readAnswer(await this.#call(method, { attributes: attributesOf(question) }, timeoutMs));
  }

  /** Asks gRPC health for the Authorization service: true when it is serving. Rejects when nobody answers in time. */
  async isServing(timeoutMs: number): Promise<boolean> {
    const method = this.#services.health['Check'] as MethodDefinition<object, { readonly status?: number }>;
    const reply = await this.#call(method, { service: AUTHORIZATION_SERVICE }, timeoutMs);
    return reply.status === SERVING_STATUS.SERVING;
  }

  close(): void {
    this.#client.close();
  }

  #call<Reply>(method: MethodDefinition<object, Reply>, message: object, timeoutMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      const options = { deadline: Date.now() + timeoutMs };
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, options, (error, reply) => {
        if (error !== null) reject(error);
        else if (reply === undefined) reject(new Error('the server sent no message'));
        else resolve(reply);
      });
    });
  }
}

interface WireHeader {
  readonly header?: { readonly key?: string; readonly value?: string };
}
interface WireRefusal {
  readonly status?: { readonly code?: number };
  readonly headers?: readonly WireHeader[];
  readonly body?: string;
}
/** A CheckResponse as the schema decodes it. */
export interface WireAnswer {
  readonly status?: { readonly code?: number };
  readonly http_response?: 'ok_response' | 'denied_response' | 'error_response';
  readonly ok_response?: { readonly headers?: readonly WireHeader[]; readonly headers_to_remove?: readonly string[] };
  readonly denied_response?: WireRefusal;
  readonly error_response?: WireRefusal;
  readonly dynamic_metadata?: { readonly fields?: Readonly<Record<string, { readonly stringValue?: string }>> };
}

function attributesOf(question: CheckQuestion): object {
  const [, scheme = '', authority = '', rest = ''] = ABSOLUTE_URL.exec(question.url) ?? [];
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  const headers = question.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const http = { method: question.method, host: authority, path, scheme, protocol: 'HTTP/1.1' };
  const pseudo = [
    [':method', question.method],
    [':authority', authority],
    [':path', path],
    [':scheme', scheme],
  ] as const;
  const all = [...pseudo, ...headers];
  return {
    request: { http: { ...http, ...(question.headerMode === 'raw' ? rawHeaders(all) : { headers: joined(all) }) } },
    context_extensions: question.contextExtensions ?? {},
  };
}

function rawHeaders(headers: readonly (readonly [string, string])[]): object {
  return { header_map: { headers: headers.map(([key, value]) => ({ key, raw_value: Buffer.from(value) })) } };
}

function joined(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = map.get(name);
    map.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(map);
}

/** The answer in a decoded CheckResponse. */
export function readAnswer(wire: WireAnswer): CheckAnswer {
  const refusal = wire.denied_response ?? wire.error_response;
  const headers = (refusal ?? wire.ok_response)?.headers ?? [];
  const metadata = Object.entries(wire.dynamic_metadata?.fields ?? {});
  return {
    status: wire.status?.code ?? 0,
    kind: wire.http_response,
    httpStatus: refusal?.status?.code,
    body: refusal?.body ?? '',
    headers: headers.map(({ header }) => [header?.key ?? '', header?.value ?? '']),
    headersToRemove: wire.ok_response?.headers_to_remove ?? [],
    metadata: Object.fromEntries(metadata.map(([key, value]) => [key, value.stringValue ?? ''])),
  };
}

function channelCredentials(target: CheckTarget): ChannelCredentials {
  if (target.kind === 'unix' || target.tls === undefined) return credentials.createInsecure();
  const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file));
  const { caFile, keyFile, certificateFile } = target.tls;
  return credentials.createSsl(read(caFile), read(keyFile), read(certificateFile));
}
