// The floor: what a check costs at the least on this runtime. A bare grpc-js server that reads the same fields with the same lean
// codec as Gatehouse, decides nothing, and always says OK with the answer that it was given at its start. Served as Gatehouse serves
// where it is told so: then what is left between the two is the deciding.

import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { collectYoung } from '../../src/app/deciding-side/collect-young.ts';
import {
  type Allowed,
  allowed,
  encodeCheckResponse,
  encodedHeaders,
} from '../../src/extauthz/answer/check-response.ts';
import type { CheckAnswer } from '../../src/extauthz/check-client.ts';
import { loadServices, methodOf } from '../../src/extauthz/proto-services.ts';
import { CheckRequest } from '../../src/extauthz/request/check-request.ts';
import { GrpcServer } from '../../src/grpc/grpc-server.ts';
import type { TcpAddress } from '../../src/grpc/listen-address.ts';

const MAX_CONCURRENT_STREAMS = 4096;

/** Told by Gatehouse's settings there; the same names here. */
const ROUTE_ATTRIBUTES = {
  api: 'api',
  organization: 'organization',
  environment: 'env',
  metadataNamespace: 'gatehouse',
};

const [answerText = '', serving = 'grpc-js'] = process.argv.slice(2);
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

function answerTo(message: Buffer): Buffer {
  const request = new CheckRequest(message, ROUTE_ATTRIBUTES);
  request.header('authorization');
  request.underscoredHeaders();
  return encodeCheckResponse(response);
}

const { authorization } = loadServices();

function serveByGrpcJs(): Promise<number> {
  const bytes = (message: Buffer) => message;
  const check = { ...authorization['Check'], requestDeserialize: bytes, responseSerialize: bytes };
  const server = new Server({ 'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS, 'grpc.enable_channelz': 0 });
  server.addService({ Check: check } as unknown as ServiceDefinition, {
    Check: (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) =>
      respond(null, answerTo(call.request)),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

async function serveAsGatehouse(): Promise<number> {
  collectYoung();
  const server = await GrpcServer.listen([{ kind: 'tcp', host: '127.0.0.1', port: 0 }], {
    methods: new Map([[methodOf(authorization, 'Check').path, (call) => call.answer(answerTo(call.message))]]),
    ...{ maxMessageBytes: 262_144, maxMetadataBytes: 16_384, maxConcurrentStreams: MAX_CONCURRENT_STREAMS },
    onCertificate: () => {},
    onDefect: (error) => {
      throw error;
    },
  });
  return (server.addresses[0] as TcpAddress).port;
}

console.log(`port ${await (serving === 'grpc-js' ? serveByGrpcJs() : serveAsGatehouse())}`);
