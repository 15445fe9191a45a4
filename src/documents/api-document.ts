// An API as it is written in a catalog document: WSO2 Publisher's names, limits and defaults.

import { z } from 'zod';
import { KEY_TYPES, LIFECYCLES } from '../domain/api.ts';
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
} from './api-parts.ts';
import { authorizationHeader, name } from './document-parts.ts';

/** One version of an API. */
export const apiDocument = z
  .strictObject({
    name: withoutColon,
    context: z.string(),
    version: withoutColon,
    isDefaultVersion: z.boolean().default(false),
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
    operations: z.array(z.strictObject({ target, verb, authType, scopes })).max(MAX_OPERATIONS),
  })
  .superRefine(refuseUnreachable);

/** An API as read. */
export type ApiDocument = z.output<typeof apiDocument>;
