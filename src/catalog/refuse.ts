// Makes refusals of writes.

import type { WriteRefusal } from '../domain/catalog-facts.ts';

/** A refusal for one reason; one field, or several. */
export function refuse(why: WriteRefusal['why'], ...fields: readonly WriteRefusal['fields'][number][]): WriteRefusal {
  return { kind: 'refused', why, fields };
}
