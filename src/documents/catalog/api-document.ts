// An API as it is written in a catalog document: WSO2 Publisher's names, limits and defaults.

import { z } from 'zod';
import { KEY_TYPES, LIFECYCLES, UNLIMITED_POLICY } from '../../domain/api.ts';
import {
  audiencesByKeyManager,
  authType,
  hosts,
  keyManagers,
  list,
  MAX_OPERATIONS,
  pathLeniency,
  refuseUnreachable,
  scopes,
  securityScheme,
  target,
  verb,
  withoutColon,
} from '../wso2/api-parts.ts';
import { authorizationHeader, extra, name, text } from '../wso2/document-parts.ts';
import {
  type ReadSegments,
  readContext,
  readDefaultVersionContext,
  readWireContext,
  type SegmentsProblem,
} from '../wso2/read-segments.ts';

/** Of a provider, as of an application's owner. */
const MAX_NAME_CHARACTERS = 256;

const operation = z.strictObject({
  target,
  verb,
  authType,
  scopes,
  policy: name(MAX_NAME_CHARACTERS).default(UNLIMITED_POLICY),
});

/** One version of an API. What has no default here stays as it is where it is left out. */
export const apiDocument = z
  .strictObject({
    name: withoutColon,
    context: z.string(),
    version: withoutColon,
    isDefaultVersion: z.boolean().default(false),
    // For contexts that Publisher would not make: as requests have them, with or without the version.
    wholeContext: z.boolean().default(false),
    defaultVersionContext: z.string().exactOptional(),
    provider: text(MAX_NAME_CHARACTERS).exactOptional(),
    policy: text(MAX_NAME_CHARACTERS).exactOptional(),
    hosts,
    lifeCycleStatus: z.enum(LIFECYCLES).default('PUBLISHED'),
    type: name(64).default('HTTP'),
    securityScheme,
    audiences: list(name(1024)).default([]),
    audiencesByKeyManager,
    keyManagers,
    subscriptionValidation: z.boolean().default(true),
    authorizationHeader: authorizationHeader.optional(),
    endpoints: list(z.string().toUpperCase().pipe(z.enum(KEY_TYPES))).default([]),
    path: pathLeniency,
    operations: z.array(operation).max(MAX_OPERATIONS),
    extra: extra.exactOptional(),
  })
  .superRefine((api, context) => {
    const { inContext, inDefault } = contextsOf(api);
    refuseUnreachable(api, context, inContext, inDefault);
  });

/** An API as read. */
export type ApiDocument = z.output<typeof apiDocument>;

/** A context, or what is wrong with it. */
type ReadContext = ReadSegments | SegmentsProblem;

/** Where an API answers. */
export interface ApiContexts {
  readonly inContext: ReadContext;
  /** Undefined for one that answers with its version only. */
  readonly inDefault: ReadContext | undefined;
}

/** Reads the contexts of an API as it is written in a document. */
export function contextsOf(
  api: Pick<ApiDocument, 'context' | 'version' | 'isDefaultVersion' | 'wholeContext' | 'defaultVersionContext'>,
): ApiContexts {
  const { context, version, isDefaultVersion, wholeContext, defaultVersionContext } = api;
  const inContext = wholeContext ? readWireContext(context) : readContext(context, version);
  if (!isDefaultVersion) return { inContext, inDefault: undefined };
  if (defaultVersionContext !== undefined) return { inContext, inDefault: readWireContext(defaultVersionContext) };
  return { inContext, inDefault: readDefaultVersionContext(context) };
}
