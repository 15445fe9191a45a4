// Makes refusals of writes.

import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';

/** A refusal for one reason; one field, or several. */
export function refuse(why: WriteRefusal['why'], ...fields: readonly FieldProblem[]): WriteRefusal {
  return { kind: 'refused', why, fields };
}
