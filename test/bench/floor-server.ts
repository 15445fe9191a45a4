// The floor: what a check costs at the least on this runtime. A bare grpc-js server that reads the same fields with the same lean
// codec as Gatehouse, decides nothing, and always says OK with the answer that it was given at its start.

import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { CheckAnswer } from '../../src/extauthz/check-client.ts';
import { CheckRequest } from '../../src/extauthz/check-request.ts';
import { type Allowed, allowed, encodeCheckResponse, encodedHeaders } from '../../src/extauthz/check-response.ts';
import { loadServices } from '../../src/extauthz/proto-services.ts';

/** Told by Gatehouse's settings there; the same names here. */
const ROUTE_ATTRIBUTES = {
  api: 'api',
  organization: 'organization',
  environment: 'env',
  metadataNamespace: 'gatehouse',
};

const [answerText = ''] = process.argv.slice(2);
const answer = JSON.parse(answerText) as CheckAnswer;

/** An allow with as many headers and bytes; what was the body of a denial becomes one more header. */
function sameSize({ headers, body, headersToRemove, metadata }: CheckAnswer): Allowed {
  return allowed({
    setHeaders: body === '' ? headers : [...headers, ['x-body', body]],
    responseHeaders: [],
    encodedHeaders: [encodedHeaders([], headersToRemove)],
    metadata: { fields: metadata, encoded: [] },
  });
}

const response = sameSize(answer);

function check(call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void {
  const request = new CheckRequest(call.request, ROUTE_ATTRIBUTES);
  request.header('authorization');
  request.underscoredHeaders();
  respond(null, encodeCheckResponse(response));
}

const { authorization } = loadServices();
const bytes = (message: Buffer) => message;
const server = new Server({ 'grpc.max_concurrent_streams': 4096, 'grpc.enable_channelz': 0 });
const definition = { Check: { ...authorization['Check'], requestDeserialize: bytes, responseSerialize: bytes } };
server.addService(definition as unknown as typeof authorization, { Check: check });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`port ${port}`);
});
