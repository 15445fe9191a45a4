// The thread that reads one OpenAPI document and ends. Started by openapi-reader.ts only.

import { parentPort, workerData } from 'node:worker_threads';
import { importOpenApi, importOpenApiBody } from '../../documents/openapi/import-openapi.ts';
import type { OpenApiText } from './openapi-reader.ts';

const text = workerData as OpenApiText;
parentPort?.postMessage('body' in text ? importOpenApiBody(text.body) : importOpenApi(text));
