// What an object of the catalog says is encoded once and not once a request: a change makes another object, never changes one. Holds
// as much as the catalog has of these objects, and lets go with them; facts about callers are too many to be kept like that.

/** Remembers bytes by the object that they were made of. */
export class EncodedOnce<T extends object> {
  readonly #encode: (facts: T) => Buffer;
  readonly #encoded = new WeakMap<T, Buffer>();

  constructor(encode: (facts: T) => Buffer) {
    this.#encode = encode;
  }

  /** The bytes of these facts. */
  of(facts: T): Buffer {
    const known = this.#encoded.get(facts);
    if (known !== undefined) return known;
    const encoded = this.#encode(facts);
    this.#encoded.set(facts, encoded);
    return encoded;
  }
}
