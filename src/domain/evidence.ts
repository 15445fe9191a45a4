// What a refusal rests on, for the operator.

/** Facts that explain a refusal. Never a token, a secret or a whole query string. */
export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
