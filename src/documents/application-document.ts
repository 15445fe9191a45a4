// An application as it is written in a catalog document, with its keys and subscriptions, in WSO2's terms.

import { z } from 'zod';
import { KEY_TYPES } from '../domain/api.ts';
import { SUBSCRIPTION_STATES } from '../domain/subscriber.ts';
import { name, refuseRepeats } from './document-parts.ts';

/** WSO2's policy without limits, for applications and subscriptions alike. */
const DEFAULT_POLICY = 'Unlimited';

/** An application with more is several applications; the bound keeps one entry's cost bounded. */
const MAX_LIST_ITEMS = 5000;

const key = z.strictObject({
  keyManager: name(256),
  consumerKey: name(1024),
  keyType: z.enum(KEY_TYPES).default('PRODUCTION'),
});

const subscription = z.strictObject({
  api: name(256),
  version: name(256),
  policy: name(256).default(DEFAULT_POLICY),
  state: z.enum(SUBSCRIPTION_STATES).default('UNBLOCKED'),
});

/** One application. */
export const applicationDocument = z
  .strictObject({
    name: name(256),
    owner: name(256),
    policy: name(256).default(DEFAULT_POLICY),
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
