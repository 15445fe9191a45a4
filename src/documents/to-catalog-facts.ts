// Turns a catalog document into the facts that the catalog takes.

import { UNLIMITED_POLICY } from '../domain/api.ts';
import type { ApiWrite, CatalogFacts, JudgedKeyManager, KeyManagerWrite } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import type { ApiDocument } from './api-document.ts';
import type { CatalogDocument } from './catalog-document.ts';
import { type ReadSegments, readContext, readDefaultVersionContext, type SegmentsProblem } from './read-segments.ts';

/** What a key manager's type makes of its DTO, or what is wrong with it. Its fields are those of the DTO. */
export type JudgeKeyManager = (dto: KeyManagerDto) => JudgedKeyManager | { readonly problems: readonly FieldProblem[] };

/** A document whose organization is known. */
export type OwnedDocument = CatalogDocument & { readonly organization: string };

/** The facts, or what the types of its key managers refuse. */
export function toCatalogFacts(
  document: OwnedDocument,
  judge: JudgeKeyManager,
): CatalogFacts | { readonly problems: readonly FieldProblem[] } {
  const { organization } = document;
  const keyManagers: KeyManagerWrite[] = [];
  const problems: FieldProblem[] = [];
  for (const [index, dto] of document.keyManagers.entries()) {
    const judged = judge(dto);
    if (!('problems' in judged)) keyManagers.push({ organization, ...judged });
    else
      problems.push(
        ...judged.problems.map(({ field, message }) => ({ field: `keyManagers[${index}].${field}`, message })),
      );
  }
  if (problems.length > 0) return { problems };
  const apis = document.apis.map((api) => toApi(api, document));
  const applications = document.applications.map((application) => ({ organization, ...application }));
  return { keyManagers, apis, applications };
}

function toApi(document: ApiDocument, ofOrganization: OwnedDocument): ApiWrite {
  const { name, version, context, isDefaultVersion, lifeCycleStatus, keyManagers, operations } = document;
  const { hosts, type, securityScheme, audiences, audiencesByKeyManager, subscriptionValidation, endpoints, path } =
    document;
  return {
    organization: ofOrganization.organization,
    name,
    version,
    context: textOf(readContext(context, version)),
    defaultVersionContext: isDefaultVersion ? textOf(readDefaultVersionContext(context)) : null,
    hosts,
    lifecycle: lifeCycleStatus,
    type,
    securityScheme,
    audiences,
    audiencesByKeyManager,
    keyManagers: keyManagers.includes('all') ? 'all' : keyManagers,
    subscriptionValidation,
    endpoints,
    authorizationHeader: document.authorizationHeader ?? ofOrganization.authorizationHeader,
    path,
    resources: operations.map(({ target, verb, authType, scopes }) => ({
      verb,
      template: target,
      authType: authType === 'None' ? 'None' : 'Any',
      scopes,
      policy: UNLIMITED_POLICY,
    })),
  };
}

function textOf(read: ReadSegments | SegmentsProblem): string {
  if ('message' in read) throw new Error('the schema let a bad context pass');
  return read.text;
}
