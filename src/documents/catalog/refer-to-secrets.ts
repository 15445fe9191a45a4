// Puts references in the place of the masks of key managers' secrets, each to an environment variable of a telling name.

import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { joinSecrets, maskedPointers } from '../../domain/secret-fields.ts';

/** Before the names of all such variables; they are no settings. */
const PREFIX = 'GATEHOUSE_SECRET';

/** Secrets that are maps: what a variable holds of them is JSON. */
const MAPS = /\/headers$/;

/** A variable that a document needs, and whose secret it is to hold. */
export interface NamedSecret {
  readonly variable: string;
  readonly keyManager: string;
  /** JSON pointer into `additionalProperties`. */
  readonly pointer: string;
}

/** The key managers with references, without what the server gives them. */
export function referToSecrets(dtos: readonly KeyManagerDto[]): {
  readonly keyManagers: readonly object[];
  readonly secrets: readonly NamedSecret[];
} {
  const taken = new Set<string>();
  const secrets: NamedSecret[] = [];
  const keyManagers = dtos.map(({ id: _id, global: _global, additionalProperties, ...dto }) => {
    const own = maskedPointers(additionalProperties).map((pointer) => {
      const variable = unique(variableName(dto.name, pointer), taken);
      return { variable, keyManager: dto.name, pointer };
    });
    secrets.push(...own);
    const references = own.map(({ variable, pointer }) => {
      const reference = { env: variable, ...(MAPS.test(pointer) && { as: 'json' }) };
      return [pointer, JSON.stringify(reference)] as const;
    });
    if (additionalProperties === undefined) return dto;
    return { ...dto, additionalProperties: joinSecrets(additionalProperties, Object.fromEntries(references)) };
  });
  return { keyManagers, secrets };
}

/** `GATEHOUSE_SECRET_PARTNERS_INTROSPECTION_CLIENT_SECRET`. */
function variableName(keyManager: string, pointer: string): string {
  const words = [keyManager, pointer.replace(/[a-z0-9](?=[A-Z])/g, '$&_')];
  return [PREFIX, ...words.map((word) => word.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_|_$/g, ''))]
    .join('_')
    .toUpperCase();
}

function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name}_${count}`;
  taken.add(free);
  return free;
}
