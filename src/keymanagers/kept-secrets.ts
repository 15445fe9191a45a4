// Secrets that an update leaves to what is kept. They may only go where they went before: who can write a key manager but not read
// its secrets must not have them sent to a server of their own.

import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto, StoredKeyManager } from '../domain/key-manager-dto.ts';
import { joinSecrets, maskedPointers } from '../domain/secret-fields.ts';
import { type KeyManagerSettings, keyManagerSettings } from './key-manager-settings.ts';
import type { KeyManagerTypes } from './types.ts';

/** A key manager as it was, with its secrets by JSON pointer. */
export type KeptKeyManager = Pick<StoredKeyManager, 'dto' | 'secrets'>;

/** Where `additionalProperties` is in a DTO. */
export const PROPERTIES_POINTER = '/additionalProperties';

/** The DTO with kept secrets in the place of their masks; a mask without a kept secret stays. */
export function withKeptSecrets(dto: KeyManagerDto, kept: KeptKeyManager | undefined): KeyManagerDto {
  if (kept === undefined) return dto;
  // Of free-form members only: elsewhere the mask is a text like any other.
  const { additionalProperties } = joinSecrets({ additionalProperties: dto.additionalProperties }, kept.secrets);
  return { ...dto, additionalProperties };
}

/** The masks of an update that would have a kept secret sent to another server than before. */
export function strayingSecrets(
  dto: KeyManagerDto,
  settings: KeyManagerSettings,
  kept: KeptKeyManager | undefined,
  types: KeyManagerTypes,
): readonly FieldProblem[] {
  if (kept === undefined || settings.introspection === null) return [];
  const sent = sentSettings(types);
  const left = maskedPointers(dto.additionalProperties).filter(
    (pointer) => Object.hasOwn(kept.secrets, PROPERTIES_POINTER + pointer) && sent.some((name) => isIn(pointer, name)),
  );
  if (left.length === 0) return [];
  const former = keyManagerSettings(withKeptSecrets(kept.dto, kept), types);
  const before = 'type' in former ? originOf(former.introspection?.endpoint) : undefined;
  if (before === originOf(settings.introspection.endpoint)) return [];
  return left.map((pointer) => ({
    field: fieldOf(pointer),
    message: 'would be sent to another server than the one it was given for; give the secret again',
  }));
}

/**
 * Settings that go to the introspection endpoint: those of connectors, and our own. Those of every type, since a secret that is kept and
 * not sent now would be sent after a change of the type or of the method, to where the endpoint has been moved before.
 */
function sentSettings({ byType, byPreset }: KeyManagerTypes): readonly string[] {
  const all = [...byType.values(), ...byPreset.values()];
  return ['introspection', ...all.flatMap(({ introspection }) => introspection?.credentials?.clientSecret ?? [])];
}

function isIn(pointer: string, name: string): boolean {
  return pointer === `/${name}` || pointer.startsWith(`/${name}/`);
}

function originOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : URL.parse(url)?.origin;
}

/** A pointer into `additionalProperties` as the name of a field. */
export function fieldOf(pointer: string): string {
  return `additionalProperties${pointer.replace(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')}`;
}
