// Turns a catalog document into the facts that the catalog takes.

import {
  type ApiWrite,
  CATALOG_SECTIONS,
  type CatalogSection,
  type DesiredFacts,
  type JudgedKeyManager,
  type KeyManagerWrite,
} from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import type { ReadSegments, SegmentsProblem } from '../wso2/read-segments.ts';
import { type ApiDocument, contextsOf } from './api-document.ts';
import type { CatalogDocument } from './catalog-document.ts';

/** What a key manager's type makes of its DTO, or what is wrong with it. Its fields are those of the DTO. */
export type JudgeKeyManager = (dto: KeyManagerDto) => JudgedKeyManager | { readonly problems: readonly FieldProblem[] };

/** A document whose organization is known. */
export type OwnedDocument = CatalogDocument & { readonly organization: string };

/** The facts, or what the types of its key managers refuse. `sections`: the lists that the document has. */
export function toCatalogFacts(
  document: OwnedDocument,
  judge: JudgeKeyManager,
  sections: readonly CatalogSection[] = CATALOG_SECTIONS,
): DesiredFacts | { readonly problems: readonly FieldProblem[] } {
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
  const { policies, scopes, denyPolicies } = document;
  return { organization, sections, keyManagers, apis, applications, policies, scopes, denyPolicies };
}

function toApi(document: ApiDocument, ofOrganization: OwnedDocument): ApiWrite {
  const { context: _context, isDefaultVersion: _isDefault, wholeContext: _whole, ...facts } = document;
  const { lifeCycleStatus: lifecycle, operations, keyManagers, authorizationHeader, ...same } = facts;
  const { inContext, inDefault } = contextsOf(document);
  return {
    ...same,
    organization: ofOrganization.organization,
    context: textOf(inContext),
    defaultVersionContext: inDefault === undefined ? null : textOf(inDefault),
    lifecycle,
    keyManagers: keyManagers.includes('all') ? 'all' : keyManagers,
    authorizationHeader: authorizationHeader ?? ofOrganization.authorizationHeader,
    resources: operations.map(({ target, authType, ...operation }) => ({
      ...operation,
      template: target,
      authType: authType === 'None' ? 'None' : 'Any',
    })),
  };
}

function textOf(read: ReadSegments | SegmentsProblem): string {
  if ('message' in read) throw new Error('the schema let a bad context pass');
  return read.text;
}
