// The one error of reading a CheckRequest: the bytes are not one, so nothing in them may be believed.

/** Thrown for truncated input, wrong wire types, invalid UTF-8; its message never quotes the input. */
export class MalformedCheckRequest extends Error {
  override readonly name = 'MalformedCheckRequest';
}
