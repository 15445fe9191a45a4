// Parts that WSO2's forms and the documents of the catalog share: texts, names, and the search for entries that are there twice.

import { z } from 'zod';
import { isEditableHeader } from '../../domain/editable-header.ts';

/** Of a free-form member's name. */
const MAX_MEMBER_CHARACTERS = 256;

/** A text: trimmed, on one line. */
export const text = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .max(maxCharacters)
    .refine((value) => !/\p{Cc}/u.test(value), {
      error: 'has a control character',
      params: { fix: 'remove line breaks and other control characters' },
    });

/** A name: such a text that is not empty. */
export const name = (maxCharacters: number) => text(maxCharacters).min(1);

/** The header that carries the credential, in any case; it is taken out of requests. */
export const authorizationHeader = z
  .string()
  .toLowerCase()
  .refine(isEditableHeader, {
    error: 'is not the name of a header that may carry a credential',
    params: { fix: 'write for instance Authorization' },
  });

/** WSO2's fields that nothing here uses: kept and given back. The whole document's size and depth bound them. */
export const extra = z.record(z.string().max(MAX_MEMBER_CHARACTERS), z.unknown());

/** What to say of a repeated entry, and where. */
export interface Repetition {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly fix: string;
}

/** Notes every item whose key an earlier item has. */
export function refuseRepeats<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  context: z.RefinementCtx,
  say: (index: number, earlier: number) => Repetition,
): void {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, index);
      continue;
    }
    const { path, message, fix } = say(index, earlier);
    context.addIssue({ code: 'custom', path: [...path], message, params: { fix } });
  }
}
