// Masks inside of lists: a kept secret is known by its place, and the place of an item in a list tells nothing once the list changed.
// Whether a secret may stay for other reasons is not judged here.

import { canonicalJson } from '../../domain/canonical-json.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { maskedPointers } from '../../domain/secret-fields.ts';

/** Masks of which nobody can tell whose secret they mean: those in an item that is not as it was. Both DTOs have masks for secrets. */
export function ambiguousMasks(dto: KeyManagerDto, former: KeyManagerDto): readonly FieldProblem[] {
  return maskedPointers(dto)
    .filter((pointer) => isInChangedItem(pointer, dto, former))
    .map((pointer) => ({
      field: pointer.slice(1).replaceAll('/', '.'),
      message: 'is in an item of a list that is not as it was, so nobody can tell which secret is meant; give it anew',
    }));
}

function isInChangedItem(pointer: string, dto: KeyManagerDto, former: KeyManagerDto): boolean {
  const steps = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  let [now, then]: [unknown, unknown] = [dto, former];
  for (const step of steps) {
    const inList = Array.isArray(now);
    [now, then] = [memberOf(now, step), memberOf(then, step)];
    if (inList && canonicalJson(now) !== canonicalJson(then)) return true;
  }
  return false;
}

function memberOf(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return value[Number(step)];
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
