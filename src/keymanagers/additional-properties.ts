// Reads our own settings out of WSO2's free-form `additionalProperties`. Names that belong to the connector are left alone, and
// everything unknown is somebody else's.

import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';

/** Typed access; what has the wrong type is noted as a problem and read as absent. */
export class AdditionalProperties {
  readonly problems: FieldProblem[] = [];
  readonly #properties: Readonly<Record<string, unknown>>;
  readonly #foreign: readonly string[];

  constructor(dto: KeyManagerDto, connectorProperties: readonly string[]) {
    this.#properties = dto.additionalProperties ?? {};
    this.#foreign = connectorProperties;
  }

  /** A list of at most so many texts; a single text counts as a list of one. */
  texts(name: string, maxItems: number): readonly string[] {
    const value = this.#get(name);
    if (value === undefined) return [];
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    if (texts.length > maxItems) return this.#note(name, `is too long a list; give at most ${maxItems} item(s)`, []);
    const isText = (text: unknown): text is string => typeof text === 'string' && text !== '' && text.trim() === text;
    if (texts.every(isText)) return texts;
    return this.#note(name, 'must be a list of texts, none of them empty or with white space around it', []);
  }

  /** Texts out of a closed vocabulary. */
  choices<T extends string>(name: string, allowed: readonly T[]): readonly T[] {
    const texts = this.texts(name, allowed.length);
    const isAllowed = (text: string): text is T => (allowed as readonly string[]).includes(text);
    return texts.every(isAllowed) ? texts : this.#note(name, `must be out of ${allowed.join(', ')}`, []);
  }

  /** A whole number within bounds. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    return this.#note(name, `must be a whole number from ${min} to ${max}`, undefined);
  }

  /** True or false; absent is false. */
  flag(name: string): boolean {
    const value = this.#get(name) ?? false;
    return typeof value === 'boolean' ? value : this.#note(name, 'must be true or false', false);
  }

  #get(name: string): unknown {
    const isOurs = Object.hasOwn(this.#properties, name) && !this.#foreign.includes(name);
    return isOurs ? (this.#properties[name] ?? undefined) : undefined;
  }

  #note<T>(name: string, message: string, fallback: T): T {
    this.problems.push({ field: `additionalProperties.${name}`, message });
    return fallback;
  }
}
