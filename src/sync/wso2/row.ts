// Reads members of one row of a control plane's list, as far as they are used: unknown members are nobody's business, a wrong type makes
// the row unusable. What was wrong is named by its member, never by its value.

import { isJsonObject } from '../../domain/json-object.ts';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A row that cannot be used, and the member that is wrong with it. */
export interface UnusableRow {
  readonly wrong: string;
}

const MAX_TEXT_CHARACTERS = 8192;
const MAX_ITEMS = 10_000;

/** A row under reading. Ask for members, then look at `wrong`. */
export class Row {
  readonly #row: Json;
  #wrong: string | undefined;

  constructor(row: unknown) {
    this.#row = isJsonObject(row) ? row : {};
    if (!isJsonObject(row)) this.#wrong = 'row';
  }

  /** The first member that is wrong. */
  get wrong(): string | undefined {
    return this.#wrong;
  }

  /** Notes that a member is wrong for a reason of its reader's. */
  refuse(name: string): void {
    this.#wrong ??= name;
  }

  /** A text that is not empty. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === '') this.refuse(name);
    return value;
  }

  /** A text; absent and null are empty. */
  optionalText(name: string): string {
    const value = this.#row[name];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS) return value;
    this.refuse(name);
    return '';
  }

  /** A whole number. */
  whole(name: string): number {
    const value = this.#row[name];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    this.refuse(name);
    return 0;
  }

  /** A switch; absent and null are the default, and WSO2's older versions write it as text. */
  flag(name: string, standard: boolean): boolean {
    const value = this.#row[name];
    if (value === undefined || value === null) return standard;
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    this.refuse(name);
    return standard;
  }

  /** One of a few texts. */
  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.refuse(name);
    return found ?? (choices[0] as T);
  }

  /** A list of texts; absent and null are empty. */
  texts(name: string): readonly string[] {
    const value = this.#row[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.length <= MAX_ITEMS && value.every((item) => typeof item === 'string'))
      return value;
    this.refuse(name);
    return [];
  }

  /** A list of anything; absent and null are empty. */
  list(name: string): readonly unknown[] {
    const value = this.#row[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.length <= MAX_ITEMS) return value;
    this.refuse(name);
    return [];
  }

  /** An object's members that are texts; absent and null are none. */
  map(name: string): Readonly<Record<string, string>> {
    const value = this.#row[name];
    if (!isJsonObject(value)) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  }

  /** A member as it came. */
  raw(name: string): unknown {
    return this.#row[name];
  }

  /** The members but for those that are used, to be kept and given back. */
  rest(used: readonly string[]): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this.#row).filter(([name]) => !used.includes(name)));
  }

  /** What was made of the row, or what is wrong with it. */
  done<T>(entity: T): T | UnusableRow {
    return this.#wrong === undefined ? entity : { wrong: this.#wrong };
  }
}
