// Judges a key manager that somebody wants to write, and says what the catalog must know to refuse two that could claim one token.

import type { JudgedKeyManager } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { keyManagerSettings } from './key-manager-settings.ts';

/** Judges key material the way the prover will use it; each answers with a sentence, or undefined when all is well. */
export interface KeyMaterialChecks {
  urlProblem(url: string): string | undefined;
  pemProblem(value: string): string | undefined;
}

/** Who writes: the operator of this machine in its catalog file, or a caller of the admin side. */
export type KeyManagerOrigin = 'catalog_file' | 'admin_side';

/** What the catalog needs beside the DTO, or all that is wrong with it, by field. */
export function judgeKeyManager(
  dto: KeyManagerDto,
  checks: KeyMaterialChecks,
  origin: KeyManagerOrigin,
): JudgedKeyManager | { readonly problems: readonly FieldProblem[] } {
  const settings = keyManagerSettings(dto);
  if (!('type' in settings)) return { problems: settings };
  const { admin, enabled, issuers, jwtRules, keys } = settings;
  // Who may write key managers could otherwise mint tokens with every right.
  if (admin && origin === 'admin_side')
    return {
      problems: [
        { field: 'additionalProperties.adminTokens', message: 'cannot be set over HTTP; set it in the catalog file' },
      ],
    };
  const message =
    keys.kind === 'jwks'
      ? keys.urls.map((url) => checks.urlProblem(url)).find((problem) => problem !== undefined)
      : keys.kind === 'pem'
        ? keys.values.map((value) => checks.pemProblem(value)).find((problem) => problem !== undefined)
        : undefined;
  return message === undefined
    ? { dto, secrets: {}, enabled, issuers, jwtRules }
    : { problems: [{ field: 'certificates.value', message }] };
}
