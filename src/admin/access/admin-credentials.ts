// Which static credentials open the admin side: those of the settings, else what an earlier start made, else one made now.

import { ADMIN_RIGHTS } from '../../documents/settings/settings-document.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { AdminCredential } from './admin-caller.ts';
import { firstCredential } from './first-credential.ts';

/** A credential as it is kept between starts. */
export interface KeptCredential {
  readonly name: string;
  readonly sha256: string;
  readonly organization: string;
  readonly rights: readonly string[];
}

/** What the choice is made from. */
export interface AdminCredentialsOptions {
  /** Of the settings; they replace whatever was kept. */
  readonly configured: readonly AdminCredential[];
  readonly kept: readonly KeptCredential[];
  readonly save: (credential: KeptCredential) => Promise<{ readonly kind: 'saved' } | WriteRefusal>;
  /** For the credential of a first start. */
  readonly dataDir: string;
  readonly organization: string;
  readonly log: Record<'info' | 'warn', (fields: object, message: string) => void>;
}

/** At least one credential. Rejects, with a sentence for the operator, when a first one cannot be made or kept. */
export async function adminCredentials(options: AdminCredentialsOptions): Promise<readonly AdminCredential[]> {
  const { configured, kept, log } = options;
  if (configured.length > 0) {
    const ignored = kept.map(({ name }) => name);
    if (ignored.length > 0) log.info({ ignored }, 'admin.credentials replaces the credential of the first start');
    return configured;
  }
  if (kept.length > 0)
    return kept.map((credential) => ({
      ...credential,
      rights: credential.rights as AdminCredential['rights'],
      roles: [],
    }));
  const { sha256, path } = firstCredential(options.dataDir);
  const credential = { name: 'first', organization: options.organization, sha256, rights: ADMIN_RIGHTS };
  const saved = await options.save(credential);
  if (saved.kind === 'refused')
    throw new Error(`the first admin credential could not be kept: ${saved.fields[0]?.message}`);
  log.warn({ path }, 'an admin credential was made; move it to a safe place');
  return [{ ...credential, roles: [] }];
}
