// Parts that the settings share: texts of a form, whole numbers within bounds, names.

import { z } from 'zod';

/** A minute, in milliseconds. */
export const MINUTE_MS = 60_000;
/** A day, in seconds. */
export const DAY_SECONDS = 86_400;
/** A mebibyte, in bytes. */
export const MEBIBYTE = 1_048_576;

/** A text of a certain form, and what to write where it is not. */
export const form = (pattern: RegExp, message: string, fix: string) =>
  z.string().refine((value) => pattern.test(value), { error: message, params: { fix } });

/** A whole number within bounds, with its default. */
export const whole = (min: number, max: number, standard: number) => z.int().min(min).max(max).default(standard);

/** A path of a file. */
export const filePath = z.string().min(1);

/** Where a key is kept: a file, or an environment variable, and not both. */
export const keySource = {
  file: filePath.nullable().default(null),
  env: form(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not the name of an environment variable', 'write the name alone')
    .nullable()
    .default(null),
};

/** Refuses a key that is nowhere, or in two places. */
export const isInOnePlace = [
  ({ file, env }: { readonly file: string | null; readonly env: string | null }) => (file === null) !== (env === null),
  { error: 'does not say where the key is, or says it twice', params: { fix: 'give either file or env' } },
] as const;

/** A name of any kind. */
export const shortName = z.string().min(1).max(256);
