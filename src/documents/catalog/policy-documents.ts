// Throttling policies, scopes and deny policies as they are written in a catalog document.

import { z } from 'zod';
import { denyPolicyProblem } from '../../domain/deny-policy-index.ts';
import { DENY_POLICY_TYPES, POLICY_KINDS } from '../../domain/policy.ts';
import { extra, name, text } from '../wso2/document-parts.ts';

const MAX_NAME_CHARACTERS = 256;
const MAX_DESCRIPTION_CHARACTERS = 1024;
const MAX_ROLES = 256;

const description = z.string().max(MAX_DESCRIPTION_CHARACTERS).default('');
const displayName = text(MAX_NAME_CHARACTERS).default('');

/** A throttling policy; its limits are handed on as they are. */
export const policyDocument = z.strictObject({
  kind: z.string().toUpperCase().pipe(z.enum(POLICY_KINDS)),
  name: name(MAX_NAME_CHARACTERS),
  displayName,
  description,
  limits: extra.default({}),
});

/** A scope, with the roles that its issuer gives it to. */
export const scopeDocument = z.strictObject({
  name: name(MAX_NAME_CHARACTERS).refine((value) => !/[\s"\\]/.test(value), {
    error: 'has white space or quotes',
    params: { fix: 'remove them' },
  }),
  displayName,
  description,
  roles: z.array(name(MAX_NAME_CHARACTERS)).max(MAX_ROLES).default([]),
});

/** A deny policy. One that names nobody would deny nobody, or everybody: it is refused. */
export const denyPolicyDocument = z
  .strictObject({
    type: z.string().toUpperCase().pipe(z.enum(DENY_POLICY_TYPES)),
    value: name(MAX_DESCRIPTION_CHARACTERS),
    invert: z.boolean().default(false),
    enabled: z.boolean().default(true),
  })
  .superRefine((policy, context) => {
    const refuse = (path: string, message: string, fix: string) =>
      context.addIssue({ code: 'custom', path: [path], message, params: { fix } });
    const [message, fix = 'correct it'] = denyPolicyProblem(policy)?.split('; ') ?? [];
    if (message !== undefined) refuse('value', message, fix);
    if (policy.invert && policy.type !== 'IP' && policy.type !== 'IPRANGE')
      refuse('invert', 'is for addresses only', 'remove it');
  });
