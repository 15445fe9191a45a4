// Protobuf bytes made without any schema, to hold the schemas and the lean reader against.

/** A base 128 varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** One field: a number as a varint, a text or bytes as a length-delimited value. */
export function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A message of these fields as the value of a field. */
export function message(number: number, ...fields: readonly Buffer[]): Buffer {
  return field(number, Buffer.concat(fields));
}

/** An entry of a map from text to text. */
export function entry(number: number, key: string, value: string): Buffer {
  return message(number, field(1, key), field(2, value));
}
