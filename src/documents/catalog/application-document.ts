// An application as it is written in a catalog document, with its keys and subscriptions, in WSO2's terms.

import { z } from 'zod';
import { KEY_TYPES } from '../../domain/api.ts';
import { APPLICATION_STATES, KEY_MAPPING_MODES, SUBSCRIPTION_STATES } from '../../domain/subscriber.ts';
import { extra, name, refuseRepeats, text } from '../wso2/document-parts.ts';

/** WSO2's policy without limits, for applications and subscriptions alike. */
const DEFAULT_POLICY = 'Unlimited';

/** An application with more is several applications; the bound keeps one entry's cost bounded. */
const MAX_LIST_ITEMS = 5000;

const key = z.strictObject({
  keyManager: name(256),
  consumerKey: name(1024),
  keyType: z.enum(KEY_TYPES).default('PRODUCTION'),
  mode: z.enum(KEY_MAPPING_MODES).exactOptional(),
  extra: extra.exactOptional(),
});

const subscription = z.strictObject({
  api: name(256),
  version: name(256),
  policy: name(256).default(DEFAULT_POLICY),
  state: z.enum(SUBSCRIPTION_STATES).default('UNBLOCKED'),
});

/** An application's description, lines and all, and the value of an attribute. */
const MAX_DESCRIPTION_CHARACTERS = 1024;
const MAX_ATTRIBUTES = 256;

/** One application. What has no default here stays as it is where it is left out. */
export const applicationDocument = z
  .strictObject({
    name: name(256),
    owner: name(256),
    policy: name(256).default(DEFAULT_POLICY),
    description: z.string().max(MAX_DESCRIPTION_CHARACTERS).exactOptional(),
    state: z.enum(APPLICATION_STATES).exactOptional(),
    attributes: z
      .record(name(256), text(MAX_DESCRIPTION_CHARACTERS))
      .refine((given) => Object.keys(given).length <= MAX_ATTRIBUTES, {
        error: 'has too many attributes',
        params: { fix: `give at most ${MAX_ATTRIBUTES}` },
      })
      .exactOptional(),
    groups: z.array(name(256)).max(MAX_ATTRIBUTES).exactOptional(),
    extra: extra.exactOptional(),
    keys: z.array(key).max(MAX_LIST_ITEMS).default([]),
    subscriptions: z.array(subscription).max(MAX_LIST_ITEMS).default([]),
  })
  .superRefine((application, context) => {
    refuseRepeats(
      application.keys,
      ({ keyManager, keyType }) => JSON.stringify([keyManager, keyType]),
      context,
      (at) => ({
        path: ['keys', at],
        message: 'is a second key of the same key manager and key type',
        fix: 'keep one, or set keyType on the other',
      }),
    );
    refuseRepeats(
      application.subscriptions,
      ({ api, version }) => JSON.stringify([api, version]),
      context,
      (at) => ({ path: ['subscriptions', at], message: 'is a second subscription to the same API', fix: 'keep one' }),
    );
  });
