// Wires the catalog as a whole for the admin side: read in one moment over a connection of its own, applied in one transaction.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CatalogStore, ExportedEntity } from '../../admin/operation/catalog-store.ts';
import { CatalogFeed } from '../../catalog/history/catalog-feed.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { toCatalogFacts } from '../../documents/catalog/to-catalog-facts.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change } from '../../domain/change.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { type JudgeOptions, judgeKeyManager } from '../../keymanagers/judge-key-manager.ts';

/** Entities that are read between two turns of the deciding loop. */
const PART_ENTITIES = 100;

/** The store; `changed` hears of every write before it is answered. */
export function adminCatalog(
  { lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>,
  judging: Omit<JudgeOptions, 'origin' | 'kept'>,
  changed: () => Promise<void>,
): CatalogStore {
  const judge = (organization: string) => (dto: KeyManagerDto) => {
    const asFile = judgeKeyManager(dto, { ...judging, origin: 'catalog_file' });
    if ('problems' in asFile) return asFile;
    // What only the catalog file may say can stay as the file has said it, in a key manager that is the same in everything else.
    const stored = lists.findKeyManagerNamed(organization, dto.name);
    const isSame = stored !== undefined && canonicalJson(bare(stored.dto)) === canonicalJson(bare(asFile.dto));
    return isSame ? asFile : judgeKeyManager(dto, { ...judging, origin: 'admin_side' });
  };
  return {
    read(organization) {
      return { revision: revisionOf(writer.file), parts: exported(writer.file, organization) };
    },
    async stage(stage, document, sections) {
      const facts = toCatalogFacts(document, judge(document.organization), sections);
      if ('problems' in facts) return facts.problems;
      const staged = await writer.stageDesired(stage, facts);
      return staged.kind === 'refused' ? staged : undefined;
    },
    async apply(stage, { expectedRevision, ...how }, audit) {
      const applied = await writer.applyDesired(stage, { ...how, expectedRevision }, audit);
      await changed();
      return applied;
    },
  };
}

function revisionOf(file: string): string {
  const feed = new CatalogFeed(file);
  try {
    return feed.contentRevision();
  } finally {
    feed.close();
  }
}

async function* exported(file: string, organization: string): AsyncGenerator<readonly ExportedEntity[]> {
  const feed = new CatalogFeed(file);
  try {
    const applications = new Set<string>();
    for (const { changes } of feed.snapshot(PART_ENTITIES)) {
      yield changes.flatMap((change) => ofOrganization(change, organization, applications));
      await nextTurn();
    }
  } finally {
    feed.close();
  }
}

/** The entity as it is told; none where it is another organization's. Notes the applications, whose children follow. */
function ofOrganization(
  { kind, entity }: Change,
  organization: string,
  applications: Set<string>,
): readonly ExportedEntity[] {
  if (entity === null || kind === 'revocation') return [];
  if (kind === 'key_mapping' || kind === 'subscription')
    return applications.has(entity.applicationId) ? [{ kind, entity } as ExportedEntity] : [];
  if (kind === 'key_manager') {
    const { id, sequence, dto } = entity;
    if (entity.organization === organization) return [{ kind, entity: { id, sequence, dto } }];
    const isGlobal = entity.organization === GLOBAL_ORGANIZATION;
    return isGlobal ? [{ kind: 'global_key_manager', entity: { id, name: dto.name } }] : [];
  }
  if (entity.organization !== organization) return [];
  if (kind === 'application') applications.add(entity.id);
  return [{ kind, entity } as ExportedEntity];
}

function bare({ id: _id, global: _global, ...dto }: KeyManagerDto): KeyManagerDto {
  return dto;
}
