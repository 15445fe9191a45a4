// A CheckResponse's bytes, decoded with the shipped schema and every default spelled out.

import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { type CheckResponse, encodeCheckResponse } from '../../../src/extauthz/answer/check-response.ts';
import { PROTO_DIRECTORY } from '../../../src/extauthz/proto-services.ts';

interface DecodedHeader {
  readonly header: { readonly key: string; readonly value: string };
  readonly append: { readonly value: boolean } | null;
  readonly append_action: string;
}

interface DecodedRefusal {
  readonly status: { readonly code: number | string };
  readonly headers: readonly DecodedHeader[];
  readonly body: string;
}

/** What Envoy would see. */
export interface DecodedResponse {
  readonly status: { readonly code: number } | null;
  readonly http_response: string;
  readonly ok_response?: {
    readonly headers: readonly DecodedHeader[];
    readonly headers_to_remove: readonly string[];
    readonly response_headers_to_add: readonly DecodedHeader[];
  };
  readonly denied_response?: DecodedRefusal;
  readonly error_response?: DecodedRefusal;
  readonly dynamic_metadata: { readonly fields: Readonly<Record<string, { readonly stringValue: string }>> };
}

const definitions = loadSync('envoy/service/auth/v3/external_auth.proto', {
  includeDirs: [PROTO_DIRECTORY],
  keepCase: true,
  enums: String,
  defaults: true,
  oneofs: true,
});
const type = definitions['envoy.service.auth.v3.CheckResponse'] as MessageTypeDefinition<object, object>;

/** Encodes and decodes. */
export function decoded(response: CheckResponse): DecodedResponse {
  return decodedBytes(encodeCheckResponse(response));
}

/** Decodes. */
export function decodedBytes(bytes: Buffer): DecodedResponse {
  return type.deserialize(bytes) as DecodedResponse;
}

/** The headers of a refusal or an allow as pairs. */
export function pairs(headers: readonly DecodedHeader[] = []): (readonly [string, string])[] {
  return headers.map(({ header }) => [header.key, header.value]);
}
