// A part of a list, as the admin side shows it.

/** Which part. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** The part, and how long the whole list is. */
export interface Paged<T> {
  readonly total: number;
  readonly list: readonly T[];
}
