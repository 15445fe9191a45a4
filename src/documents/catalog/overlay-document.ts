// The file in which an operator says what APIs of a WSO2 control plane accept: `apis`, by `name:version` or by context on the wire, each a
// list of key managers by name or `all`, or an object that names audiences too.

import { z } from 'zod';
import { KEY_TYPES } from '../../domain/api.ts';
import { authorizationHeader, name } from '../wso2/document-parts.ts';

const MAX_ITEMS = 256;

const keyManagers = z
  .union([z.literal('all').transform(() => ['all']), z.array(name(256)).min(1).max(MAX_ITEMS)])
  .refine((names) => !names.includes('all') || names.length === 1, {
    error: 'mixes all with names',
    params: { fix: 'write all, or the names of those that the API accepts' },
  })
  .transform((names): 'all' | readonly string[] => (names.includes('all') ? 'all' : names));

const detailed = z.strictObject({
  keyManagers,
  audiences: z.array(name(1024)).max(MAX_ITEMS).default([]),
  endpoints: z.array(z.enum(KEY_TYPES)).max(KEY_TYPES.length).default([]),
  authorizationHeader: authorizationHeader.nullable().default(null),
});

const entry = z.union([
  detailed,
  keyManagers.transform((accepted) => ({
    keyManagers: accepted,
    audiences: [] as readonly string[],
    endpoints: [] as readonly (typeof KEY_TYPES)[number][],
    authorizationHeader: null,
  })),
]);

/** The overlay file. */
export const overlayDocument = z.strictObject({ apis: z.record(name(1024), entry).default({}) });

/** What it says of an API, named as people know it. */
export type OverlayEntry = z.output<typeof entry>;

/** Finds what the file says of an API: by its context, which is unique, else by name and version. */
export function overlayOf(
  { apis }: z.output<typeof overlayDocument>,
  api: { readonly name: string; readonly version: string; readonly context: string },
): OverlayEntry | undefined {
  for (const key of [api.context, `${api.name}:${api.version}`]) if (Object.hasOwn(apis, key)) return apis[key];
  return undefined;
}
