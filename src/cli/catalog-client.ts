// Reads and writes the catalog of a running server as a whole. A document goes in parts, each small enough not to hold the server up.

import { randomUUID } from 'node:crypto';
import type { ExportedEntity } from '../admin/operation/catalog-store.ts';
import type { OrganizationContent } from '../documents/catalog/write-catalog.ts';
import { CATALOG_SECTIONS, type CatalogSection } from '../domain/catalog-facts.ts';
import { isJsonObject } from '../domain/json-object.ts';
import { type AdminReply, type AdminTarget, callAdmin, fetchAdmin } from './admin-client.ts';

const PATH = '/catalog';
/** A million subscriptions fit. */
const MAX_CATALOG_BYTES = 1_073_741_824;
/** The server reads a part in some milliseconds. */
const PART_CHARACTERS = 131_072;

/** An organization's content at a revision. */
export interface ReadContent {
  readonly revision: string;
  readonly content: OrganizationContent;
}

/** Everything that the caller's organization has, or the one named; else what the server said. */
export async function readContent(
  target: AdminTarget,
  organization: string | undefined,
): Promise<ReadContent | { readonly refused: AdminReply }> {
  const query = organization === undefined ? '' : `?organization=${encodeURIComponent(organization)}`;
  const { status, text } = await fetchAdmin(target, 'GET', `${PATH}${query}`, undefined, MAX_CATALOG_BYTES);
  const lines = text.split('\n').filter((line) => line !== '');
  const values = lines.map((line): unknown => JSON.parse(line));
  if (status !== 200) return { refused: { status, body: values[0] } };
  const head = values.shift();
  const end = values.pop();
  if (!isJsonObject(head) || !isJsonObject(end) || end['end'] !== values.length)
    throw new Error('the answer was cut off');
  return {
    revision: String(head['revision']),
    content: contentOf(String(head['organization']), values as readonly ExportedEntity[]),
  };
}

function contentOf(organization: string, entities: readonly ExportedEntity[]): OrganizationContent {
  const ofKind = <K extends ExportedEntity['kind']>(wanted: K) =>
    entities.flatMap(({ kind, entity }) =>
      kind === wanted ? [entity as Extract<ExportedEntity, { readonly kind: K }>['entity']] : [],
    );
  return {
    organization,
    keyManagers: ofKind('key_manager'),
    globalKeyManagers: new Map(ofKind('global_key_manager').map(({ id, name }) => [id, name])),
    policies: ofKind('policy'),
    scopes: ofKind('scope'),
    apis: ofKind('api'),
    applications: ofKind('application'),
    keyMappings: ofKind('key_mapping'),
    subscriptions: ofKind('subscription'),
    denyPolicies: ofKind('deny_policy'),
  };
}

/** A document as it was parsed, and how it is to be applied. */
export interface SentDocument {
  readonly document: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, boolean>>;
  readonly expectRevision: string | undefined;
}

/** The server's last word; fields of a refusal are those of the whole document. */
export async function sendDocument(
  target: AdminTarget,
  { document, flags, expectRevision }: SentDocument,
): Promise<AdminReply> {
  const stage = randomUUID();
  const { head, parts } = partsOf(document);
  for (const { part, offsets } of parts) {
    const reply = await callAdmin(target, 'POST', `${PATH}?stage=${stage}&part=true`, { ...head, ...part });
    if (reply.status !== 202) return { ...reply, body: shifted(reply.body, offsets) };
  }
  const query = new URLSearchParams({ stage });
  for (const [flag, on] of Object.entries(flags)) if (on) query.set(flag, 'true');
  if (expectRevision !== undefined) query.set('expectRevision', expectRevision);
  return callAdmin(target, 'POST', `${PATH}?${query}`, head);
}

type Offsets = Readonly<Partial<Record<string, number>>>;

interface Part {
  readonly part: Partial<Record<CatalogSection, unknown[]>>;
  /** Entries of each list in the parts before. */
  readonly offsets: Offsets;
}

/** The first part has every list that the document has, be it empty: an empty list is a statement too. */
function partsOf(document: Readonly<Record<string, unknown>>) {
  const lists = CATALOG_SECTIONS.flatMap((section) => {
    const items = document[section];
    return Array.isArray(items) ? [[section, items as unknown[]] as const] : [];
  });
  const head = Object.fromEntries(Object.entries(document).filter(([name]) => !lists.some(([list]) => list === name)));
  let last: Part = { part: Object.fromEntries(lists.map(([section]) => [section, []])), offsets: {} };
  const parts = [last];
  let characters = 0;
  for (const [section, items] of lists)
    for (const [at, item] of items.entries()) {
      const { length } = JSON.stringify(item);
      if (characters > 0 && characters + length > PART_CHARACTERS) {
        last = { part: {}, offsets: { [section]: at } };
        parts.push(last);
        characters = 0;
      }
      characters += length;
      last.part[section] ??= [];
      last.part[section].push(item);
    }
  return { head, parts };
}

/** The same refusal with the places that its entries have in the whole document. */
function shifted(body: unknown, offsets: Offsets): unknown {
  if (!isJsonObject(body) || !Array.isArray(body['error'])) return body;
  const shift = (message: string) =>
    message.replace(
      /^(\w+)\[(\d+)\]/,
      (_all, list: string, at: string) => `${list}[${Number(at) + (offsets[list] ?? 0)}]`,
    );
  const error = body['error'].filter(isJsonObject).map((one) => ({ ...one, message: shift(String(one['message'])) }));
  return { ...body, error };
}
