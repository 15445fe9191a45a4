// The answers that Envoy understands, and their bytes. A CheckResponse without a status would be an allow: none can be made,
// because `status` is a mandatory part of each kind and is always written.

import { WireWriter } from './wire-writer.ts';

/** A header name and its value. */
export type Header = readonly [name: string, value: string];

/** google.rpc.Code of a refusal: any but 0, which is OK. */
export type RefusalCode = 3 | 5 | 7 | 12 | 14 | 16;

/** Texts, and records of texts. */
export type MetadataFields = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** Dynamic metadata: some as it is, some as {@link encodedMetadata} made it before. No key may be in both. */
export interface Metadata {
  readonly fields: MetadataFields;
  readonly encoded: readonly Buffer[];
}

/** The request passes, with these changes to its headers. */
export interface Allowed {
  readonly kind: 'allowed';
  readonly status: 0;
  readonly setHeaders: readonly Header[];
  /** More headers that are set, and all that are removed. Envoy removes after it sets, so no name may be in both. */
  readonly encodedHeaders: readonly Buffer[];
  /** For the client, added to what the upstream answers. */
  readonly responseHeaders: readonly Header[];
  readonly metadata: Metadata;
}

/** What the client gets in place of the upstream's answer. */
export interface HttpRefusal {
  readonly status: RefusalCode;
  /** HTTP status, headers and body, as {@link encodedRefusal} made them before. */
  readonly encoded: Buffer;
  /** More headers. */
  readonly headers: readonly Header[];
  readonly metadata: Metadata;
}

/** The request does not pass (`denied_response`). */
export interface Denied extends HttpRefusal {
  readonly kind: 'denied';
}

/** No verdict (`error_response`): Envoy counts an error and its failure mode applies; before 1.37 it answers a plain 403. */
export interface ErrorResponse extends HttpRefusal {
  readonly kind: 'error';
}

/** One answer. */
export type CheckResponse = Allowed | Denied | ErrorResponse;

/** An allow. */
export function allowed(parts: Omit<Allowed, 'kind' | 'status'>): Allowed {
  return { kind: 'allowed', status: 0, ...parts };
}

/** A denial. */
export function denied(refusal: HttpRefusal): Denied {
  return { kind: 'denied', ...refusal };
}

/** An error response. */
export function errorResponse(refusal: HttpRefusal): ErrorResponse {
  return { kind: 'error', ...refusal };
}

/** Changes of the request's headers, encoded once: what is set, and names that are removed. OkHttpResponse: headers_to_remove=5. */
export function encodedHeaders(set: readonly Header[], removed: readonly string[]): Buffer {
  const writer = new WireWriter();
  for (const header of set) writeOverwriting(writer, SET_HEADERS, header);
  for (const name of removed) writer.text(5, name);
  return writer.finishForLong();
}

/** What a client gets, encoded once. DeniedHttpResponse: status=1 (HttpStatus code=1), headers=2, body=3. */
export function encodedRefusal(httpStatus: number, headers: readonly Header[], body: string): Buffer {
  const writer = new WireWriter();
  const status = writer.open(1);
  writer.varint(1, httpStatus);
  writer.close(status);
  writeRefusalHeaders(writer, headers);
  writer.text(3, body);
  return writer.finishForLong();
}

/** Parts of dynamic metadata, encoded once. */
export function encodedMetadata(fields: MetadataFields): Buffer {
  const writer = new WireWriter();
  writeMetadata(writer, fields);
  return writer.finishForLong();
}

/** OkHttpResponse: headers=2. */
const SET_HEADERS = 2;
/** HeaderValueOption.HeaderAppendAction OVERWRITE_IF_EXISTS_OR_ADD. */
const OVERWRITE_IF_EXISTS_OR_ADD = 2;
/** CheckResponse: denied_response=2, error_response=5. */
const REFUSAL_FIELD = { denied: 2, error: 5 } as const;

/** The bytes: status=1, the response of its kind, dynamic_metadata=4. */
export function encodeCheckResponse(response: CheckResponse): Buffer {
  const writer = new WireWriter();
  const status = writer.open(1);
  writer.varint(1, response.status);
  writer.close(status);
  if (response.kind === 'allowed') writeAllowed(writer, response);
  else writeRefusal(writer, response);
  const metadata = writer.open(4);
  for (const encoded of response.metadata.encoded) writer.fields(encoded);
  writeMetadata(writer, response.metadata.fields);
  writer.close(metadata);
  return writer.finish();
}

/** OkHttpResponse ok_response=3: headers=2, headers_to_remove=5, response_headers_to_add=6. */
function writeAllowed(writer: WireWriter, response: Allowed): void {
  const ok = writer.open(3);
  for (const encoded of response.encodedHeaders) writer.fields(encoded);
  for (const header of response.setHeaders) writeOverwriting(writer, SET_HEADERS, header);
  for (const header of response.responseHeaders) writeOverwriting(writer, 6, header);
  writer.close(ok);
}

/** HeaderValueOption: header=1, append=2 (BoolValue value=1), append_action=3. */
function writeOverwriting(writer: WireWriter, field: number, header: Header): void {
  const option = writer.open(field);
  writeHeader(writer, header);
  // Which of the two a release obeys has changed back and forth around 1.37: only both overwrite whatever it is.
  const append = writer.open(2);
  writer.varint(1, 0);
  writer.close(append);
  writer.varint(3, OVERWRITE_IF_EXISTS_OR_ADD);
  writer.close(option);
}

function writeRefusal(writer: WireWriter, response: Denied | ErrorResponse): void {
  const refusal = writer.open(REFUSAL_FIELD[response.kind]);
  writer.fields(response.encoded);
  writeRefusalHeaders(writer, response.headers);
  writer.close(refusal);
}

/** DeniedHttpResponse: headers=2. */
function writeRefusalHeaders(writer: WireWriter, headers: readonly Header[]): void {
  for (const header of headers) {
    const option = writer.open(2);
    writeHeader(writer, header);
    writer.close(option);
  }
}

/** HeaderValueOption: header=1 (HeaderValue key=1, value=2). */
function writeHeader(writer: WireWriter, header: Header): void {
  const value = writer.open(1);
  writer.text(1, header[0]);
  writer.text(2, header[1]);
  writer.close(value);
}

/** Struct: fields=1, a map of key=1 to Value=2 (string_value=3, struct_value=5). */
function writeMetadata(writer: WireWriter, metadata: MetadataFields): void {
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    if (value === undefined) continue;
    const entry = writer.open(1);
    writer.text(1, key);
    const told = writer.open(2);
    if (typeof value === 'string') writer.text(3, value);
    else {
      const struct = writer.open(5);
      writeMetadata(writer, value);
      writer.close(struct);
    }
    writer.close(told);
    writer.close(entry);
  }
}
