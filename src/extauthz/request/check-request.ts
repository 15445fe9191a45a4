// Reads from the bytes of a CheckRequest what the decision asks for, and nothing more; `proto/` has the same numbers in words.
// Structure is checked here and now; the text of headers and the certificate only when they are asked for.

import type { AccessRequest, ApiReference, RouteEnvironment } from '../../domain/request.ts';
import { HeaderIndex } from './header-index.ts';
import { certificateThumbprint } from './peer-certificate.ts';
import { type RouteAttributeNames, RouteAttributes } from './route-attributes.ts';
import { readText, WireReader } from './wire-reader.ts';

/** One CheckRequest. Its methods, like its constructor, throw MalformedCheckRequest. */
export class CheckRequest implements AccessRequest {
  method = '';
  host = '';
  path = '';
  readonly apiReference: ApiReference | undefined;
  readonly environment: RouteEnvironment;
  readonly #bytes: Buffer;
  readonly #headers: HeaderIndex;
  readonly #route: RouteAttributes;
  readonly #trustedHops: number;
  #addressStart = 0;
  #addressEnd = 0;
  #certificateStart = 0;
  #certificateEnd = 0;

  /** `trustedHops` as Envoy's `xff_num_trusted_hops`: proxies in front of Envoy whose `x-forwarded-for` counts. */
  constructor(bytes: Buffer, names: RouteAttributeNames, trustedHops = 0) {
    this.#bytes = bytes;
    this.#trustedHops = trustedHops;
    this.#headers = new HeaderIndex(bytes);
    this.#route = new RouteAttributes(names);
    const message = new WireReader(bytes);
    for (let field = message.next(); field !== 0; field = message.next()) {
      if (field === 1) this.#readAttributes(message.message());
      else message.skip();
    }
    this.apiReference = this.#route.apiReference();
    this.environment = this.#route.environment();
  }

  /** The id that Envoy gave the request and its access log (HttpRequest.id is a stream number, not this). */
  get requestId(): string | undefined {
    return this.#headers.values('x-request-id')[0];
  }

  /** The media type as sent, for telling gRPC requests from others. */
  get contentType(): string | undefined {
    return this.#headers.values('content-type')[0];
  }

  header(name: string): readonly string[] {
    return this.#headers.values(name);
  }

  /** Names of headers that hold an underscore. */
  underscoredHeaders(): readonly string[] {
    return this.#headers.underscoredNames();
  }

  peerCertificateThumbprint(): string | undefined {
    const pem = readText(this.#bytes, this.#certificateStart, this.#certificateEnd);
    return pem === '' ? undefined : certificateThumbprint(pem);
  }

  clientAddress(): string | undefined {
    if (this.#trustedHops > 0) {
      // Envoy has appended its peer, and each trusted proxy the one before it; what stands further left is the client's word.
      const hops = this.#headers.values('x-forwarded-for').flatMap((value) => value.split(','));
      return hops.at(-1 - this.#trustedHops)?.trim();
    }
    return socketAddress(new WireReader(this.#bytes, this.#addressStart, this.#addressEnd));
  }

  /** AttributeContext: source=1, request=4, context_extensions=10, route_metadata_context=13. */
  #readAttributes(attributes: WireReader): void {
    for (let field = attributes.next(); field !== 0; field = attributes.next()) {
      if (field === 1) this.#readSource(attributes.message());
      else if (field === 4) this.#readRequest(attributes.message());
      else if (field === 10) this.#route.addExtension(attributes.message());
      else if (field === 13) this.#route.addMetadata(attributes.message());
      else attributes.skip();
    }
  }

  /** Peer: address=1, certificate=5. Its `service` comes from a client header and is never read. */
  #readSource(source: WireReader): void {
    for (let field = source.next(); field !== 0; field = source.next()) {
      if (field === 1) {
        source.enter();
        this.#addressStart = source.start;
        this.#addressEnd = source.end;
      } else if (field === 5) {
        source.enter();
        this.#certificateStart = source.start;
        this.#certificateEnd = source.end;
      } else source.skip();
    }
  }

  /** Request: http=2. */
  #readRequest(request: WireReader): void {
    for (let field = request.next(); field !== 0; field = request.next()) {
      if (field === 2) this.#readHttp(request.message());
      else request.skip();
    }
  }

  /** HttpRequest: method=2, headers=3, path=4, host=5, header_map=13. */
  #readHttp(http: WireReader): void {
    for (let field = http.next(); field !== 0; field = http.next()) {
      if (field === 2) this.method = http.text();
      else if (field === 3) this.#headers.addMapEntry(http);
      else if (field === 4) this.path = http.text();
      else if (field === 5) this.host = http.text();
      else if (field === 13) this.#headers.addHeaderMap(http.message());
      else http.skip();
    }
  }
}

/** Address: socket_address=1, of which address=2; undefined for a pipe. */
function socketAddress(address: WireReader): string | undefined {
  let text: string | undefined;
  for (let field = address.next(); field !== 0; field = address.next()) {
    if (field !== 1) {
      address.skip();
      continue;
    }
    const socket = address.message();
    for (let part = socket.next(); part !== 0; part = socket.next()) {
      if (part === 2) text = socket.text();
      else socket.skip();
    }
  }
  return text;
}
