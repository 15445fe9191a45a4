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

/** A name of any kind. */
export const shortName = z.string().min(1).max(256);
