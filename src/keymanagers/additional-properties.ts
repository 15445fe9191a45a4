// Reads our own settings out of WSO2's free-form `additionalProperties`. Names that belong to the connector are left alone, and
// everything unknown is somebody else's; inside a section of ours an unknown name is a slip.

import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';

/** Longer than any URL, claim name or key id; longer texts are PEM. */
const MAX_TEXT_CHARACTERS = 2048;

/** Typed access; what has the wrong type is noted as a problem and read as absent. */
export class AdditionalProperties {
  readonly problems: FieldProblem[];
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #foreign: readonly string[];
  readonly #path: string;
  readonly #asked = new Set<string>();

  private constructor(
    properties: Readonly<Record<string, unknown>>,
    foreign: readonly string[],
    path: string,
    problems: FieldProblem[],
  ) {
    this.#properties = properties;
    this.#foreign = foreign;
    this.#path = path;
    this.problems = problems;
  }

  /** Those of a DTO; `foreign` names belong to WSO2's connector. */
  static of(dto: KeyManagerDto, foreign: readonly string[]): AdditionalProperties {
    return new AdditionalProperties(dto.additionalProperties ?? {}, foreign, 'additionalProperties', []);
  }

  /** A group of settings; undefined when it is not there. */
  section<T>(name: string, read: (section: AdditionalProperties) => T): T | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!isJsonObject(value)) return this.#note(name, 'must be an object of settings', undefined);
    const section = new AdditionalProperties(value, [], `${this.#path}.${name}`, this.problems);
    const result = read(section);
    for (const unknown of Object.keys(value).filter((member) => !section.#asked.has(member)))
      section.#note(unknown.slice(0, 64), `is not known; known are ${[...section.#asked].join(', ')}`, undefined);
    return result;
  }

  /** A list of at most so many texts; a single text counts as a list of one. */
  texts(name: string, maxItems: number, maxCharacters = MAX_TEXT_CHARACTERS): readonly string[] {
    const value = this.#get(name);
    if (value === undefined) return [];
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    if (texts.length > maxItems) return this.#note(name, `is too long a list; give at most ${maxItems} item(s)`, []);
    const isText = (text: unknown): text is string => typeof text === 'string' && text !== '' && text.trim() === text;
    if (!texts.every(isText))
      return this.#note(name, 'must be a list of texts, none of them empty or with white space around it', []);
    return texts.every((text) => text.length <= maxCharacters)
      ? texts
      : this.#note(name, `has a text that is too long; give at most ${maxCharacters} characters`, []);
  }

  /** One text. */
  text(name: string, maxCharacters = MAX_TEXT_CHARACTERS): string | undefined {
    const value = this.#get(name);
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') return this.#note(name, 'must be a text', undefined);
    return value.length <= maxCharacters
      ? value
      : this.#note(name, `is too long; give at most ${maxCharacters} characters`, undefined);
  }

  /** Texts by name. */
  record(name: string, maxItems: number): Readonly<Record<string, string>> {
    const value = this.#get(name);
    if (value === undefined) return {};
    const entries = isJsonObject(value) ? Object.entries(value) : undefined;
    if (entries === undefined || !entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
      return this.#note(name, 'must be an object of texts', {});
    return entries.length <= maxItems
      ? Object.fromEntries(entries)
      : this.#note(name, `has too many members; give at most ${maxItems}`, {});
  }

  /** Texts out of a closed vocabulary. */
  choices<T extends string>(name: string, allowed: readonly T[]): readonly T[] {
    const texts = this.texts(name, allowed.length);
    const isAllowed = (text: string): text is T => (allowed as readonly string[]).includes(text);
    return texts.every(isAllowed) ? texts : this.#note(name, `must be out of ${allowed.join(', ')}`, []);
  }

  /** One text out of a closed vocabulary. */
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const [first, second] = this.choices(name, allowed);
    return second === undefined ? first : this.#note(name, 'must be one text, not several', undefined);
  }

  /** A whole number within bounds. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    return this.#note(name, `must be a whole number from ${min} to ${max}`, undefined);
  }

  /** True or false; undefined when absent. */
  flag(name: string): boolean | undefined {
    const value = this.#get(name);
    return value === undefined || typeof value === 'boolean'
      ? value
      : this.#note(name, 'must be true or false', undefined);
  }

  /** Says that a setting, well-formed as it is, cannot be. */
  refuse(name: string, message: string): void {
    this.#note(name, message, undefined);
  }

  #get(name: string): unknown {
    this.#asked.add(name);
    const isOurs = Object.hasOwn(this.#properties, name) && !this.#foreign.includes(name);
    return isOurs ? (this.#properties[name] ?? undefined) : undefined;
  }

  #note<T>(name: string, message: string, fallback: T): T {
    this.problems.push({ field: `${this.#path}.${name}`, message });
    return fallback;
  }
}
