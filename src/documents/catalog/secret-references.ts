// Secrets of a catalog document that stand elsewhere: `{ env: NAME }` or `{ file: path }` in the place of a member of a key manager's
// `additionalProperties`, with `as: json` where it is no text. Reading is the caller's; no text that was read is in a problem.

import type { FieldProblem } from '../../domain/field-problem.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';

/** Where a secret stands. */
export interface SecretReference {
  readonly kind: 'env' | 'file';
  readonly name: string;
  /** What stands there is JSON and not a text. */
  readonly isJson: boolean;
}

/** The text that stands there, or why there is none. */
export type ReadReference = (reference: SecretReference) => { readonly text: string } | { readonly problem: string };

/** A DTO with the texts in the place of its references, and where those were (RFC 6901). */
export interface ResolvedReferences {
  readonly dto: KeyManagerDto;
  readonly pointers: readonly string[];
}

/** Reads every reference, or says which cannot be read. */
export function resolveReferences(
  dto: KeyManagerDto,
  read: ReadReference,
): ResolvedReferences | { readonly problems: readonly FieldProblem[] } {
  const pointers: string[] = [];
  const problems: FieldProblem[] = [];
  const visit = (value: unknown, pointer: string, field: string): unknown => {
    const reference = referenceOf(value);
    if (reference !== undefined) {
      const found = readValue(reference, read(reference));
      if ('problem' in found) problems.push({ field, message: found.problem });
      else pointers.push(pointer);
      return 'value' in found ? found.value : value;
    }
    if (Array.isArray(value)) return value.map((item, at) => visit(item, `${pointer}/${at}`, `${field}[${at}]`));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => {
        const escaped = member.replaceAll('~', '~0').replaceAll('/', '~1');
        return [member, visit(inner, `${pointer}/${escaped}`, `${field}.${member}`)];
      }),
    );
  };
  // One level in: the settings as a whole are no reference, whatever their names.
  const settings = Object.entries(dto.additionalProperties ?? {}).map(([member, value]) => {
    const at = `/additionalProperties/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return [member, visit(value, at, `additionalProperties.${member}`)];
  });
  if (problems.length > 0) return { problems };
  return {
    dto: pointers.length === 0 ? dto : { ...dto, additionalProperties: Object.fromEntries(settings) },
    pointers,
  };
}

function referenceOf(value: unknown): SecretReference | undefined {
  if (!isJsonObject(value)) return undefined;
  const { as, ...place } = value;
  const [member, ...more] = Object.entries(place);
  const [kind, name] = member ?? [];
  if (more.length > 0 || (kind !== 'env' && kind !== 'file') || typeof name !== 'string') return undefined;
  return as === undefined || as === 'json' ? { kind, name, isJson: as === 'json' } : undefined;
}

function readValue(
  { name, isJson }: SecretReference,
  found: ReturnType<ReadReference>,
): { readonly value: unknown } | { readonly problem: string } {
  if ('problem' in found) return found;
  if (!isJson) return { value: found.text };
  try {
    return { value: JSON.parse(found.text) as unknown };
  } catch {
    return { problem: `names ${name}, whose content is no JSON; correct it, or leave out as` };
  }
}
