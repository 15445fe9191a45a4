// The catalog document (`config/catalog.yaml`, and what `gatehouse export` prints): key managers as WSO2's DTO, APIs as in Publisher,
// applications as in the developer portal. Whether names lead anywhere is not judged here: what they name may already be in the catalog.

import { z } from 'zod';
import { hostsOf } from '../../domain/router.ts';
import { authorizationHeader, name, refuseRepeats } from '../wso2/document-parts.ts';
import { keyManagerDto } from '../wso2/key-manager-document.ts';
import { type ApiDocument, apiDocument, contextsOf } from './api-document.ts';
import { applicationDocument } from './application-document.ts';
import { denyPolicyDocument, policyDocument, scopeDocument } from './policy-documents.ts';

const SECOND = 'has the same name as an earlier one';

/** The whole document. */
export const catalogDocument = z
  .strictObject({
    // Absent: that of the settings.
    organization: name(256).optional(),
    // Of the organization: for its APIs that name none.
    authorizationHeader: authorizationHeader.default('authorization'),
    keyManagers: z.array(keyManagerDto).default([]),
    apis: z.array(apiDocument).default([]),
    applications: z.array(applicationDocument).default([]),
    policies: z.array(policyDocument).default([]),
    scopes: z.array(scopeDocument).default([]),
    denyPolicies: z.array(denyPolicyDocument).default([]),
  })
  .superRefine(({ keyManagers, apis, applications, policies, scopes, denyPolicies }, context) => {
    const second = (list: string) => (at: number) => {
      return { path: [list, at, 'name'], message: SECOND, fix: 'give it another name, or remove one of the two' };
    };
    refuseRepeats(keyManagers, (keyManager) => keyManager.name, context, second('keyManagers'));
    // As in WSO2, two owners may each have an application of one name.
    refuseRepeats(
      applications,
      ({ name: own, owner }) => JSON.stringify([own, owner]),
      context,
      second('applications'),
    );
    refuseRepeats(policies, ({ kind, name: own }) => `${kind} ${own}`, context, second('policies'));
    refuseRepeats(scopes, (scope) => scope.name, context, second('scopes'));
    refuseRepeats(
      denyPolicies,
      ({ type, value, invert }) => JSON.stringify([type, value, invert]),
      context,
      (at) => ({ path: ['denyPolicies', at, 'value'], message: 'is denied by an earlier one', fix: 'keep one' }),
    );
    refuseRepeats(
      apis,
      (api) => `${api.name}:${api.version}`,
      context,
      (at) => ({
        path: ['apis', at, 'version'],
        message: `${SECOND}, and its version`,
        fix: 'give it another version',
      }),
    );
    const routes = apis.flatMap((api, index) => routesOf(api).map((route) => ({ route, index })));
    const nameOf = (at: number) => {
      const api = apis[routes[at]?.index ?? at];
      return `${api?.name}:${api?.version}`;
    };
    refuseRepeats(
      routes,
      ({ route }) => route,
      context,
      (at, earlier) => ({
        path: ['apis', routes[at]?.index ?? at, 'context'],
        message: `puts ${nameOf(at)} where ${nameOf(earlier)} is: same host, same context`,
        fix: 'give one of them another context, version or host; only one version can be the default one',
      }),
    );
    const keys = applications.flatMap((application, index) =>
      application.keys.map((key, at) => ({ ...key, path: ['applications', index, 'keys', at, 'consumerKey'] })),
    );
    refuseRepeats(
      keys,
      ({ keyManager, consumerKey }) => JSON.stringify([keyManager, consumerKey]),
      context,
      (at) => ({
        path: keys[at]?.path ?? [],
        message: 'is mapped twice: a client of a key manager has one application and one key type',
        fix: 'remove one of the two keys',
      }),
    );
  });

/** The document as read. */
export type CatalogDocument = z.output<typeof catalogDocument>;

/** Every host and context that the API answers on. */
function routesOf(api: ApiDocument): string[] {
  const { inContext, inDefault } = contextsOf(api);
  const contexts = new Set([inContext, inDefault].flatMap((read) => (read && 'text' in read ? [read.text] : [])));
  return hostsOf(api).flatMap((host) => [...contexts].map((text) => `${host} ${text}`));
}
