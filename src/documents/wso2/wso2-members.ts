// How WSO2 writes the members of its DTOs: null for what is not set, and many that nothing here uses.

import { z } from 'zod';

/** Null means the same as leaving the member out. */
export const nullable = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);

/** A member with a default, which null asks for too. */
export const orDefault = <S extends z.ZodType>(schema: S, standard: z.output<S>) =>
  schema.nullish().transform((value): z.output<S> => value ?? standard);

/** Members that are kept and given back as they came. The size and depth of the whole body bound them. */
export function kept<const N extends string>(names: readonly N[]) {
  return shapeOf(names, z.unknown().optional());
}

/** `readOnly` members: taken without complaint from a DTO that was read before, and never believed. */
export function ignored<const N extends string>(names: readonly N[]) {
  return shapeOf(
    names,
    z
      .unknown()
      .optional()
      .transform(() => undefined),
  );
}

function shapeOf<const N extends string, S extends z.ZodType>(names: readonly N[], schema: S): Readonly<Record<N, S>> {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<N, S>;
}
