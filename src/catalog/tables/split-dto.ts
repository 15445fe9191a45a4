// Takes the secrets out of a key manager's DTO where its type did not do that, or was not asked.

import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { type SplitSecrets, splitSecrets } from '../../domain/secret-fields.ts';

/** The DTO with masks, and the secrets. Names tell nothing about `tokenValidation`, whose members are claims. */
export function splitDto(
  dto: KeyManagerDto,
  isSecretName: (name: string) => boolean = () => false,
): SplitSecrets<KeyManagerDto> {
  const secrets: Record<string, string> = {};
  const members = Object.entries(dto).map(([name, value]: [string, unknown]) => {
    if (name === 'tokenValidation') return [name, value];
    const found = splitSecrets(value, name === 'additionalProperties' ? isSecretName : undefined);
    for (const [pointer, secret] of Object.entries(found.secrets)) secrets[`/${name}${pointer}`] = secret;
    return [name, found.masked];
  });
  return { masked: Object.fromEntries(members) as KeyManagerDto, secrets };
}
