// A key manager as an admin would write it.

import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';

export function dto(changes: Partial<KeyManagerDto> = {}): KeyManagerDto {
  return {
    name: 'Sample',
    type: 'CustomKeyManager',
    issuer: 'https://idp.example/',
    certificates: { type: 'JWKS', value: 'https://idp.example/jwks' },
    ...changes,
  };
}
