// `gatehouse export`: prints what an organization has in a running server as a catalog document, and on the other output which
// variables it takes secrets from.

import { printCatalog, writeCatalog } from '../documents/catalog/write-catalog.ts';
import { describeNoReply, describeRefusal } from './admin-client.ts';
import { type AdminOptions, adminTargetOf } from './admin-options.ts';
import { readContent } from './catalog-client.ts';
import type { Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';

/** Options of `export`. */
export interface ExportCommandOptions extends AdminOptions {
  readonly organization?: string;
}

/** Asks and prints; resolves to the exit code. */
export async function exportCommand(options: ExportCommandOptions, around: Surroundings): Promise<number> {
  const target = adminTargetOf(options);
  if (target instanceof Error) {
    around.err(`gatehouse: ${target.message}`);
    return EXIT.usage;
  }
  try {
    const read = await readContent(target, options.organization);
    if ('refused' in read) {
      around.err(`gatehouse: ${describeRefusal(read.refused)}`);
      return EXIT.fault;
    }
    const { document, secrets } = writeCatalog(read.content);
    around.out(printCatalog(document).trimEnd());
    around.err(`revision ${read.revision}`);
    for (const { variable, keyManager, pointer } of secrets)
      around.err(`needs ${variable}: additionalProperties${pointer.replaceAll('/', '.')} of ${keyManager}`);
    return EXIT.ok;
  } catch (error) {
    around.err(`gatehouse: ${describeNoReply(error)}`);
    return EXIT.fault;
  }
}
