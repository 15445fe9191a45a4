// Parts of an API that a catalog document and an admin body write alike: WSO2 Publisher's names, limits and defaults.

import { z } from 'zod';
import { VERBS } from '../../domain/api.ts';
import { name, refuseRepeats } from './document-parts.ts';
import { readContext, readDefaultVersionContext, readTemplate, type SegmentsProblem } from './read-segments.ts';

/** A whole API has fewer; the bound keeps one entry's cost bounded. */
export const MAX_OPERATIONS = 5000;
/** Of hosts, audiences, key managers, scopes of one operation. */
export const MAX_LIST_ITEMS = 256;

/** A list of a sensible length. */
export const list = <S extends z.ZodType>(item: S) => z.array(item).max(MAX_LIST_ITEMS);

/** WSO2's security schemes, and each with its mandatory twin. */
const SECURITY_SCHEMES = [
  ...['oauth2', 'api_key', 'basic_auth', 'mutualssl'].flatMap((scheme) => [scheme, `${scheme}_mandatory`]),
  'oauth_basic_auth_api_key_mandatory',
];

/** WSO2 `securityScheme`. */
export const securityScheme = list(z.string().toLowerCase().pipe(z.enum(SECURITY_SCHEMES))).default(['oauth2']);

/** WSO2's auth types of an operation; whatever is not `None` asks for a token. */
const AUTH_TYPES = ['None', 'Any', 'Application', 'Application User', 'Application & Application User'] as const;

/** WSO2 `authType`, in any case. */
export const authType = z
  .string()
  .transform((given) => AUTH_TYPES.find((known) => known.toLowerCase() === given.toLowerCase()) ?? given)
  .pipe(z.enum(AUTH_TYPES))
  .default('Application & Application User');

/** The template of an operation, in its one spelling. */
export const target = z.string().transform((template, context) => {
  const read = readTemplate(template);
  if ('text' in read) return read.text;
  context.addIssue({ code: 'custom', message: read.message, params: { fix: read.fix } });
  return z.NEVER;
});

/** A verb, in any case. */
export const verb = z.string().toUpperCase().pipe(z.enum(VERBS));

/** What an operation asks for: any item suffices, of one that names several all. */
export const scopes = list(
  name(1024).refine((scope) => /^[^\s"\\]+(?: [^\s"\\]+)*$/.test(scope), {
    error: 'has quotes, or white space other than one space between two scopes',
    params: { fix: 'write one scope an item where any of them will do, and "a b" where both are needed' },
  }),
).default([]);

/** Lower-case host names; empty for every host. */
export const hosts = list(
  z
    .string()
    .toLowerCase()
    .refine((value) => /^(?:(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/.test(value), {
      error: 'is not a host name',
      params: {
        fix: 'write api.example.com or *.example.com, without scheme, port and path; leave hosts empty for every host',
      },
    }),
).default([]);

/** `[all]`, or names. */
export const keyManagers = list(name(256)).refine((names) => !names.includes('all') || names.length === 1, {
  error: 'mixes all with names',
  params: { fix: 'write [all], or the names of those that the API accepts' },
});

/** An empty list would read as "none expected"; what is expected of all key managers stands in `audiences`. */
export const audiencesByKeyManager = z
  .record(name(256), list(name(1024)).min(1))
  .refine((given) => Object.keys(given).length <= MAX_LIST_ITEMS, {
    error: 'names too many key managers',
    params: { fix: `name at most ${MAX_LIST_ITEMS}` },
  })
  .default({});

/** Name and version are joined with a colon where an API is referred to. */
export const withoutColon = name(256).refine((value) => !/[:/{}]/.test(value), {
  error: 'has a colon, slash or brace',
  params: { fix: 'leave it out' },
});

const leniency = z.enum(['reject', 'opaque']).default('reject');

/** How strictly paths are read. */
export const pathLeniency = z.strictObject({ encodedSlash: leniency, matrixParameters: leniency }).prefault({});

/** What is looked at as a whole. */
interface WholeApi {
  readonly context: string;
  readonly version: string;
  readonly isDefaultVersion: boolean;
  readonly path: z.output<typeof pathLeniency>;
  readonly operations: readonly { readonly verb: string; readonly target: string }[];
}

/** Notes contexts and templates that no request could reach, and operations that are there twice. */
export function refuseUnreachable(
  api: WholeApi,
  context: z.RefinementCtx,
  wire = readContext(api.context, api.version),
  withoutVersion = api.isDefaultVersion ? readDefaultVersionContext(api.context) : undefined,
): void {
  const refuse = (path: PropertyKey[], { message, fix }: SegmentsProblem) =>
    context.addIssue({ code: 'custom', path, message, params: { fix } });
  if ('message' in wire) refuse(['context'], wire);
  if (withoutVersion !== undefined && 'message' in withoutVersion) refuse(['context'], withoutVersion);
  const parts = [
    { path: ['context'], read: wire },
    ...api.operations.map(({ target: template }, at) => ({
      path: ['operations', at, 'target'],
      read: readTemplate(template),
    })),
  ];
  for (const { path, read } of parts) {
    if ('message' in read) continue;
    if (read.encodedSlash && api.path.encodedSlash === 'reject')
      refuse(path, unreachable('an escaped slash', 'encodedSlash'));
    if (read.matrixParameters && api.path.matrixParameters === 'reject')
      refuse(path, unreachable('a semicolon', 'matrixParameters'));
  }
  refuseRepeats(
    api.operations,
    ({ verb: method, target: template }) => `${method} ${template.replace(/\{[^{}]+\}/g, '{}')}`,
    context,
    (at) => ({
      path: ['operations', at, 'target'],
      message: 'is a repetition: an earlier operation has this verb on the same template (names of variables aside)',
      fix: 'remove one of the two',
    }),
  );
}

function unreachable(what: string, setting: string): SegmentsProblem {
  return {
    message: `has ${what}, which this API refuses in requests`,
    fix: `set path.${setting} to opaque, or remove it`,
  };
}
